/** A file that readers see whole or not at all: written beside its place, then renamed or linked into it. */
import { link, mkdir, open, rename, rm } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { storageError } from "./storage-error.ts";

const privateMode = 0o600;

export type RenamedFileOptions = {
  /** Synced, with the name's folder, before it returns. */
  readonly durable?: boolean;
  /** As the umask lets it; without it only its owner reads it. */
  readonly mode?: number;
};

/** A name beside `path` that no other call, nor another process, uses. */
export function draftPath(path: string): string {
  return `${path}.${crypto.randomUUID()}.new`;
}

/** Replaces what is there. Throws `storage.*`. */
export async function writeRenamedFile(
  path: string,
  bytes: Uint8Array | string,
  { durable = false, mode = privateMode }: RenamedFileOptions = {},
): Promise<void> {
  const draft = draftPath(path);
  try {
    await writeDraft(draft, bytes, durable, mode);
    await rename(draft, path);
    if (durable) await syncFolder(dirname(path));
  } catch (error) {
    await rm(draft, { force: true });
    throw storageError(error, `write ${path}`);
  }
}

/** Writes only where nothing is; false when something was there first. Durable. */
export async function writeNewFile(path: string, bytes: Uint8Array | string): Promise<boolean> {
  const draft = draftPath(path);
  try {
    await writeDraft(draft, bytes, true, privateMode);
    await link(draft, path);
    await syncFolder(dirname(path));
    return true;
  } catch (error) {
    if (isCode(error, "EEXIST")) return false;
    throw storageError(error, `write ${path}`);
  } finally {
    await rm(draft, { force: true });
  }
}

/** Replaces what is at `to`. Durable. Throws `storage.*`. */
export async function moveFile(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
    await syncFolder(dirname(to));
  } catch (error) {
    throw storageError(error, `rename ${from}`);
  }
}

async function writeDraft(
  draft: string,
  bytes: Uint8Array | string,
  durable: boolean,
  mode: number,
): Promise<void> {
  const handle = await openNew(draft, mode);
  try {
    await handle.writeFile(bytes);
    if (durable) await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The folder is there nearly always, so it is made only when it is not. */
async function openNew(path: string, mode: number): Promise<FileHandle> {
  try {
    return await open(path, "wx", mode);
  } catch (error) {
    if (!isCode(error, "ENOENT")) throw error;
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    return await open(path, "wx", mode);
  }
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

export function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
