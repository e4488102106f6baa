/** Files that hold secrets: small, for their owner alone, never replaced. */
import { constants } from "node:fs";
import { lstat, open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { RefusedError } from "#core/errors.ts";
import { isCode, writeNewFile } from "#stores/folder/renamed-file.ts";
import { storageError } from "#stores/folder/storage-error.ts";

const othersMode = 0o077;

/** Its bytes. Throws RefusedError `key.unusable` where it is not there, no file, too large, or open to others. */
export async function readPrivateFile(path: string, sizeMax: number): Promise<Uint8Array> {
  // Not through a link, which others could turn; and without waiting for whoever writes into a pipe.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, flags);
    const status = await handle.stat();
    if (!status.isFile()) throw unusable(path, "it is not a file");
    if ((status.mode & othersMode) !== 0) {
      throw unusable(path, "other users can read it: chmod 600 it");
    }
    if (status.size > sizeMax) throw unusable(path, `it is larger than ${sizeMax} bytes`);
    return await readUpTo(handle, status.size);
  } catch (error) {
    if (isCode(error, "ENOENT")) throw unusable(path, "there is no such file");
    if (isCode(error, "ELOOP")) throw unusable(path, "it is a link; name the file itself");
    throw storageError(error, `read ${path}`);
  } finally {
    await handle?.close();
  }
}

/** Before somebody types for it. Throws RefusedError `key-file.exists` where something is. */
export async function checkNothingThere(path: string): Promise<void> {
  try {
    await lstat(path);
  } catch {
    // If it cannot be written either, writing says why.
    return;
  }
  throw exists(path);
}

/** Durable, mode 0600. Throws RefusedError `key-file.exists` where something is. */
export async function writePrivateFile(path: string, bytes: Uint8Array): Promise<void> {
  if (await writeNewFile(path, bytes)) return;
  throw exists(path);
}

function exists(path: string): RefusedError {
  return new RefusedError(
    "key-file.exists",
    `Cannot write ${path}: it is there already, and a key is never replaced; name another file`,
  );
}

async function readUpTo(handle: FileHandle, size: number): Promise<Uint8Array> {
  const { buffer, bytesRead } = await handle.read(new Uint8Array(size), 0, size, 0);
  return buffer.subarray(0, bytesRead);
}

function unusable(path: string, reason: string): RefusedError {
  return new RefusedError("key.unusable", `Cannot use the file ${path}: ${reason}`);
}
