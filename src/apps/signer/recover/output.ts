/** What people, or programs, read of a recovery. Results go to standard output, everything else to standard error. */
import { formatJson } from "#formats/json/format.ts";
import type { Json } from "#formats/json/value.ts";

export type Output = {
  /** A line of the result, for people. */
  say(line: string): void;
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
    say(line) {
      if (!isJson) process.stdout.write(`${line}\n`);
    },
    print(value) {
      if (isJson) process.stdout.write(`${Buffer.from(formatJson(value)).toString()}\n`);
    },
    note: (line) => void process.stderr.write(`${line}\n`),
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
