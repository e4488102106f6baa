/**
 * A log of lines that never holds up whoever writes to it: lines are gathered while the last ones are being written, so
 * under load many go in one write. A disk that takes no more loses lines, not requests.
 */
import { open, mkdir } from "node:fs/promises";
import { dirname } from "node:path";

export type LineLog = {
  /** Without its line feed. */
  write(line: string): void;
  /** Resolves when everything written so far is in the file, or lost. */
  close(): Promise<void>;
};

/** Characters that may wait; more are dropped. */
const waitingMax = 32 * 1024 * 1024;
/** The first line after a silence is written at once, what follows it gathers this long. */
const gatherMs = 10;

export async function openLineLog(
  path: string,
  onTrouble: (error: unknown) => void,
): Promise<LineLog> {
  await mkdir(dirname(path), { recursive: true });
  const handle = await open(path, "a", 0o640);
  let waiting: string[] = [];
  let waitingSize = 0;
  let writing: Promise<void> | undefined;
  let isClosed = false;
  let endPause = (): void => {};

  /** A write for each line would cost more than the request it tells of. */
  const pause = (): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, gatherMs);
      endPause = (): void => {
        clearTimeout(timer);
        resolve();
      };
    });

  const flush = async (): Promise<void> => {
    while (waiting.length > 0) {
      const text = `${waiting.join("\n")}\n`;
      waiting = [];
      waitingSize = 0;
      try {
        await handle.appendFile(text);
      } catch (error) {
        onTrouble(error);
      }
      if (!isClosed) await pause();
    }
    writing = undefined;
  };

  return {
    write(line) {
      if (isClosed || waitingSize > waitingMax) return;
      waiting.push(line);
      waitingSize += line.length;
      writing ??= flush();
    },
    async close() {
      isClosed = true;
      endPause();
      await writing;
      await handle.close();
    },
  };
}
