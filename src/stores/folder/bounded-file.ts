/** A file that somebody else may have put there, read no further than it may be. */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";

/** Throws what the disk says. Nothing is held of what is larger, and a pipe in its place keeps nobody waiting. */
export function readFileWithin(path: string, sizeMax: number): Uint8Array | "oversized" {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const { size } = fstatSync(file);
    if (size > sizeMax) return "oversized";
    const bytes = new Uint8Array(size);
    let done = 0;
    while (done < size) {
      const read = readSync(file, bytes, done, size - done, done);
      if (read === 0) break;
      done += read;
    }
    return bytes.subarray(0, done);
  } finally {
    closeSync(file);
  }
}
