/** What people and scripts read. Whatever a line holds, it is one line and steers no terminal. */
import { terminalText } from "#formats/bytes/terminal-text.ts";

export type Output = {
  /** With --json the value; else what `lines` makes of it. On standard output. */
  print(value: unknown, lines: () => readonly string[]): void;
  /** A remark, on standard error. */
  note(line: string): void;
};

export type Streams = {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
};

export function createOutput(isJson: boolean, { err, out }: Streams): Output {
  return {
    print(value, lines) {
      if (isJson) out(`${asciiJson(value)}\n`);
      else for (const line of lines()) out(`${terminalText(line)}\n`);
    },
    note: (line) => err(`${terminalText(line)}\n`),
  };
}

/** JSON in which everything beyond ASCII is escaped: the same value, and plain in every terminal. */
function asciiJson(value: unknown): string {
  return JSON.stringify(value, undefined, 2).replaceAll(
    /[\u007f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
