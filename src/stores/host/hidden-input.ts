/** A line typed at a terminal that does not show it: for passphrases, and for nothing that may be seen. */
import type { WriteStream } from "node:tty";
import { Secret } from "#crypto/secret.ts";

/** What is asked of a terminal; a test gives its own. */
export type Terminal = {
  readonly input: {
    readonly isTTY: boolean;
    on(event: "data", take: (bytes: Uint8Array) => void): unknown;
    off(event: "data", take: (bytes: Uint8Array) => void): unknown;
    pause(): unknown;
    resume(): unknown;
    setRawMode(mode: boolean): unknown;
    unshift(bytes: Uint8Array): unknown;
  };
  /** Where people see prompts: not where a program's results go. */
  readonly output: Pick<WriteStream, "isTTY" | "write">;
};

/** Bytes; what is typed beyond them is not kept. */
const sizeMax = 4096;

const keys = { interrupt: 0x03, end: 0x04, backspace: 0x08, lineFeed: 0x0a, enter: 0x0d } as const;
const eraseLine = 0x15;
const del = 0x7f;

export function isInteractive({ input, output }: Terminal): boolean {
  return input.isTTY && output.isTTY;
}

/**
 * The bytes of the line, without its end; undefined when the person gives up (Ctrl-C, or Ctrl-D on an empty line).
 * Backspace and Ctrl-U erase. What was typed ahead stays for the next question.
 */
export function readHiddenLine(
  prompt: string,
  { input, output }: Terminal,
): Promise<Secret | undefined> {
  return new Promise((resolve) => {
    const typed: number[] = [];
    const finish = (rest: Uint8Array, line: Secret | undefined): void => {
      input.off("data", take);
      input.pause();
      input.setRawMode(false);
      output.write("\n");
      typed.fill(0);
      if (rest.byteLength > 0) input.unshift(rest);
      resolve(line);
    };
    const take = (chunk: Uint8Array): void => {
      for (const [at, byte] of chunk.entries()) {
        const isEnd = byte === keys.enter || byte === keys.lineFeed;
        const isGivenUp = byte === keys.interrupt || (byte === keys.end && typed.length === 0);
        if (isEnd || isGivenUp) {
          const line = isEnd ? new Secret(Uint8Array.from(typed)) : undefined;
          finish(chunk.slice(at + 1), line);
          return;
        }
        edit(typed, byte);
      }
    };
    // First, so that not even a fast typist is seen.
    input.setRawMode(true);
    output.write(prompt);
    input.on("data", take);
    input.resume();
  });
}

function edit(typed: number[], byte: number): void {
  if (byte === eraseLine) typed.length = 0;
  else if (byte === del || byte === keys.backspace) eraseCharacter(typed);
  else if (typed.length < sizeMax) typed.push(byte);
}

/** The last character of UTF-8: its continuation bytes, then its first. */
function eraseCharacter(typed: number[]): void {
  let byte = typed.pop();
  while (byte !== undefined && (byte & 0xc0) === 0x80) byte = typed.pop();
}
