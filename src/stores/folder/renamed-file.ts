/** A file that readers see whole or not at all: written beside its place, then renamed or linked into it. */
import { link, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { storageError } from "./storage-error.ts";

export type RenamedFileOptions = {
  /** Synced, with the name's folder, before it returns. */
  readonly durable?: boolean;
};

/** A name beside `path` that no other call, nor another process, uses. */
export function draftPath(path: string): string {
  return `${path}.${crypto.randomUUID()}.new`;
}

/** Replaces what is there. Only its owner can read it. Throws `storage.*`. */
export async function writeRenamedFile(
  path: string,
  bytes: Uint8Array | string,
  options: RenamedFileOptions = {},
): Promise<void> {
  await place(path, bytes, options, rename);
}

/** Writes only where nothing is; false when something was there first. Durable. */
export async function writeNewFile(path: string, bytes: Uint8Array | string): Promise<boolean> {
  let placed = true;
  await place(path, bytes, { durable: true }, async (draft) => {
    try {
      await link(draft, path);
    } catch (error) {
      if (!isCode(error, "EEXIST")) throw error;
      placed = false;
    }
  });
  return placed;
}

async function place(
  path: string,
  bytes: Uint8Array | string,
  { durable = false }: RenamedFileOptions,
  move: (draft: string, path: string) => Promise<void>,
): Promise<void> {
  const draft = draftPath(path);
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const handle = await open(draft, "wx", 0o600);
    try {
      await handle.writeFile(bytes);
      if (durable) await handle.sync();
    } finally {
      await handle.close();
    }
    await move(draft, path);
    if (durable) await syncFolder(dirname(path));
  } catch (error) {
    throw storageError(error, `write ${path}`);
  } finally {
    await rm(draft, { force: true });
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
