/**
 * Files that people carry between machines: public, small, on media with any file system. A FAT stick knows no links and
 * no modes, so a new file is written under its name and synced, and one that is replaced is renamed into its place.
 */
import { constants } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { RefusedError } from "#core/errors.ts";
import { draftPath, isCode } from "./renamed-file.ts";
import { storageError } from "./storage-error.ts";

const publicMode = 0o644;

/** Throws RefusedError `ceremony.input` where it is not there, no plain file, or larger than `sizeMax` bytes. */
export async function readTravellingFile(path: string, sizeMax: number): Promise<Uint8Array> {
  let handle: FileHandle | undefined;
  try {
    // Without waiting for whoever writes into a pipe of that name.
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const status = await handle.stat();
    if (!status.isFile()) throw unreadable(path, "it is not a file");
    // It may grow while it is read: one byte more than allowed is enough to know.
    const buffer = new Uint8Array(Math.min(status.size, sizeMax) + 1);
    const size = await readInto(handle, buffer);
    if (size > sizeMax) throw unreadable(path, `it is larger than ${sizeMax} bytes`);
    if (size > status.size) throw unreadable(path, "it changes while it is read");
    return buffer.subarray(0, size);
  } catch (error) {
    if (isCode(error, "ENOENT")) throw unreadable(path, "there is no such file");
    throw storageError(error, `read ${path}`);
  } finally {
    await handle?.close();
  }
}

/**
 * Before something is made that the file is to tell of. Nothing stays there: whoever is asked for a passphrase in between
 * may leave. Throws as writeTravellingFile() would.
 */
export async function checkTravellingFile(path: string): Promise<void> {
  const handle = await openNew(path);
  await handle.close();
  await rm(path, { force: true });
}

/** Durable. Throws RefusedError `ceremony.output` where something is: what was carried here is not overwritten. */
export async function writeTravellingFile(path: string, bytes: Uint8Array): Promise<void> {
  const handle = await openNew(path);
  try {
    await writeSynced(handle, bytes);
  } catch (error) {
    await rm(path, { force: true });
    throw storageError(error, `write ${path}`);
  }
}

/** Durable; readers see the old bytes or the new ones. */
export async function replaceTravellingFile(path: string, bytes: Uint8Array): Promise<void> {
  const draft = draftPath(path);
  try {
    await writeSynced(await open(draft, "wx", publicMode), bytes);
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw storageError(error, `write ${path}`);
  }
}

async function openNew(path: string): Promise<FileHandle> {
  try {
    return await open(path, "wx", publicMode);
  } catch (error) {
    if (isCode(error, "EEXIST")) {
      const message = `Cannot write ${path}: it is there already; name another file`;
      throw new RefusedError("ceremony.output", message);
    }
    throw storageError(error, `write ${path}`);
  }
}

async function readInto(handle: FileHandle, buffer: Uint8Array): Promise<number> {
  let size = 0;
  while (size < buffer.byteLength) {
    const { bytesRead } = await handle.read(buffer, size, buffer.byteLength - size, size);
    if (bytesRead === 0) break;
    size += bytesRead;
  }
  return size;
}

async function writeSynced(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function unreadable(path: string, reason: string): RefusedError {
  return new RefusedError("ceremony.input", `Cannot read ${path}: ${reason}`);
}
