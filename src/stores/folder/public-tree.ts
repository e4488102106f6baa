/**
 * The public tree on a disk. Written by rename, so a reader sees a whole file or none; not synced, because all of it
 * can be rebuilt (design 6). The calls are synchronous: each takes microseconds, and a thread pool's hand-over would
 * cost more than the work.
 */
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
  writevSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { equalBytes } from "#crypto/constant-time.ts";
import { UnavailableError, invariant } from "#core/errors.ts";
import { oversizedFile } from "#core/publication/public-tree.ts";
import type { PublicTree } from "#core/publication/public-tree.ts";
import { readFileWithin } from "./bounded-file.ts";
import { storageError } from "./storage-error.ts";

/** What is half written; never part of the tree. One process writes. */
const draftName = ".draft";

export function openFolderPublicTree(root: string): PublicTree {
  mkdirSync(root, { recursive: true });
  const at = (path: string): string => {
    invariant(isTreePath(path), "a path lies inside the public tree");
    // Nothing in it is resolved.
    return `${root}/${path}`;
  };
  const sizeOf = (path: string): number | undefined =>
    readIfThere(() => statSync(at(path), { throwIfNoEntry: false })?.size);
  const read = (path: string, sizeMax: number): Uint8Array | undefined => {
    const bytes = readIfThere(() => readFileWithin(at(path), sizeMax));
    if (bytes === "oversized") throw oversizedFile(path, sizeMax);
    return bytes;
  };
  const holds = (path: string, expected: Uint8Array | undefined): boolean => {
    const size = sizeOf(path);
    if (size === undefined || expected === undefined) return size === expected;
    const held = size === expected.byteLength ? read(path, size) : undefined;
    return held !== undefined && equalBytes(held, expected);
  };
  return {
    read: async (path, sizeMax) => read(path, sizeMax),
    readSize: async (path) => sizeOf(path),
    async write(path, pieces) {
      writeByRename(root, at(path), pieces);
    },
    async replacePointer(path, expected, bytes) {
      const same = holds(path, expected);
      if (same) writeByRename(root, at(path), [bytes]);
      return same;
    },
    async remove(path) {
      try {
        unlinkSync(at(path));
      } catch (error) {
        if (!isMissing(error)) throw failed(error, "sweep the public tree");
      }
    },
    list: async (folder) => readIfThere(() => readdirSync(at(folder))) ?? [],
  };
}

const segment = /^[A-Za-z0-9][A-Za-z0-9._%-]*$/;

/** Role names and hashes become file names; nothing else does. */
export function isTreePath(path: string): boolean {
  return path.split("/").every((part) => segment.test(part));
}

function writeByRename(root: string, target: string, pieces: readonly Uint8Array[]): void {
  const draft = join(root, draftName);
  try {
    const file = openSync(draft, "w", 0o644);
    try {
      writePieces(file, pieces);
    } finally {
      closeSync(file);
    }
    renameInto(draft, target);
  } catch (error) {
    throw failed(error, "write the public tree");
  }
}

function writePieces(file: number, pieces: readonly Uint8Array[]): void {
  const size = pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
  let done = writevSync(file, [...pieces]);
  if (done === size) return;
  // A disk that is nearly full takes a part.
  const bytes = Buffer.concat(pieces);
  while (done < size) done += writeSync(file, bytes, done);
}

function renameInto(draft: string, target: string): void {
  try {
    renameSync(draft, target);
  } catch (error) {
    if (!isMissing(error)) throw error;
    mkdirSync(dirname(target), { recursive: true });
    renameSync(draft, target);
  }
}

function readIfThere<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw failed(error, "read the public tree");
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

/** Everything the disk says is the world failing, not a mistake of ours. */
function failed(error: unknown, doing: string): unknown {
  const known = storageError(error, doing);
  if (known !== error || !(error instanceof Error) || !("code" in error)) return known;
  return new UnavailableError("storage.failed", `Cannot ${doing}: ${error.message}`, error);
}
