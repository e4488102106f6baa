/**
 * Keeping a small file and its metadata: written under their final names and synced together with the folder, so that
 * the disk is waited for once instead of three times. After a crash bytes under a final name may be damaged; that is
 * allowed, because nobody was told yet that they are kept: no record names them, the orphans' sweep takes them away, and
 * a file that is there already is replaced by rename instead.
 *
 * All but the syncs is synchronous: each call takes microseconds, and a thread pool's hand-over would cost more.
 */
import { closeSync, fsync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";

export const smallFileSizeMax: number = 256 * 1024;

const sync = promisify(fsync);

export type SmallFile = {
  /** Below a folder that may be missing, below one that is there. */
  readonly path: string;
  readonly bytes: Uint8Array;
  /** In the same folder. */
  readonly metadataPath: string;
  readonly metadata: Uint8Array;
};

/**
 * Durable on return. False, and nothing done, when there is such a file already. Throws what the disk says.
 * `syncedFolders`: those whose own names are known to be durable; it grows.
 */
export async function keepSmallFile(
  small: SmallFile,
  syncedFolders: Set<string>,
): Promise<boolean> {
  const { bytes, metadata, metadataPath, path } = small;
  const folder = dirname(path);
  const made = createFile(path, folder, syncedFolders);
  if (made === undefined) return false;
  const open = [made];
  try {
    writeAll(made, bytes);
    const beside = openSync(metadataPath, "w", 0o644);
    open.push(beside);
    writeAll(beside, metadata);
    open.push(openSync(folder, "r"));
    // Once in a process's life: whoever made the folder, another upload or a process before, may not have synced it.
    const isFirst = !syncedFolders.has(folder);
    if (isFirst) open.push(openSync(dirname(folder), "r"));
    await Promise.all(open.map((descriptor) => sync(descriptor)));
    if (isFirst) syncedFolders.add(folder);
    return true;
  } catch (error) {
    rmSync(path, { force: true });
    rmSync(metadataPath, { force: true });
    throw error;
  } finally {
    for (const descriptor of open) closeSync(descriptor);
  }
}

/** Undefined when it is there. */
function createFile(path: string, folder: string, syncedFolders: Set<string>): number | undefined {
  try {
    return openSync(path, "wx", 0o644);
  } catch (error) {
    if (codeOf(error) === "EEXIST") return undefined;
    if (codeOf(error) !== "ENOENT") throw error;
  }
  syncedFolders.delete(folder);
  mkdirSync(folder);
  return openSync(path, "wx", 0o644);
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.byteLength;) done += writeSync(file, bytes, done);
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
