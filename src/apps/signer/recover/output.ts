/**
 * What people, or programs, read of a recovery. Results go to standard output, everything else to standard error. Much of
 * it was written by whoever made the copy, or by a thief: no line steers the terminal.
 */
import { terminalText } from "#formats/bytes/terminal-text.ts";
import { formatJson } from "#formats/json/format.ts";
import type { Json } from "#formats/json/value.ts";

export type Output = {
  /** Lines of the result, for people. */
  say(lines: string): void;
  /** The result, for programs. */
  print(value: Json): void;
  note(line: string): void;
  /** undefined ends it. */
  progress(what: string | undefined, done?: number, total?: number): void;
};

/** How often a progress that nobody watches is told. */
const steps = 10;

export function createOutput(isJson: boolean): Output {
  const isWatched = process.stderr.isTTY;
  let told = -1;
  return {
    say(lines) {
      if (isJson) return;
      for (const line of lines.split("\n")) process.stdout.write(`${terminalText(line)}\n`);
    },
    print(value) {
      if (isJson) process.stdout.write(`${Buffer.from(formatJson(value)).toString()}\n`);
    },
    note: (line) => void process.stderr.write(`${terminalText(line)}\n`),
    progress(what, done = 0, total = 1) {
      if (what === undefined) {
        if (isWatched && told >= 0) process.stderr.write("\r\u001b[K");
        told = -1;
        return;
      }
      const step = Math.floor((done * (isWatched ? 100 : steps)) / total);
      if (step === told) return;
      told = step;
      const percent = Math.floor((done * 100) / total);
      const line = `${what}: ${percent}%`;
      process.stderr.write(isWatched ? `\r\u001b[K${line}` : `${line}\n`);
    },
  };
}
