"""Runs a program at a terminal of its own, types each answer once its question is there, and prints what was seen.

Usage: type_at_terminal.py '[["question", "answer"], …]' PROGRAM ARGUMENT…
Ends as the program does. The last line says whether the terminal echoes in the end.
"""

import json
import os
import pty
import signal
import sys
import termios

signal.alarm(60)
steps = [(question.encode(), answer.encode()) for question, answer in json.loads(sys.argv[1])]
child, terminal = pty.fork()
if child == 0:
    os.execvp(sys.argv[2], sys.argv[2:])

seen = b""
looked_at = 0
while True:
    try:
        chunk = os.read(terminal, 4096)
    except OSError:
        break
    if not chunk:
        break
    seen += chunk
    while steps and steps[0][0] in seen[looked_at:]:
        question, answer = steps.pop(0)
        looked_at = seen.index(question, looked_at) + len(question)
        os.write(terminal, answer)

sys.stdout.buffer.write(seen)
echoes = bool(termios.tcgetattr(terminal)[3] & termios.ECHO)
print(f"\nechoes {echoes}")
_, status = os.waitpid(child, 0)
sys.exit(os.waitstatus_to_exitcode(status) & 0xFF)
