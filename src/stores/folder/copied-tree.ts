/**
 * A folder that another machine filled: a mirror's, or a copy of `public/`. Only plain files are read, so that a link or a
 * device in it leads nowhere.
 */
import { lstatSync } from "node:fs";
import { join } from "node:path";
import { RefusedError, invariant } from "#core/errors.ts";
import { oversizedFile } from "#core/publication/public-tree.ts";
import type { TreeReader } from "#core/recovery/tree-reader.ts";
import { readFileWithin } from "./bounded-file.ts";
import { isTreePath } from "./public-tree.ts";
import { isCode } from "./renamed-file.ts";
import { storageError } from "./storage-error.ts";

/** Where the tree lies in it: at its top, or in `public/` as in a data folder. */
export function findCopiedTree(folder: string): string {
  for (const root of [folder, join(folder, "public")]) {
    if (isFolder(join(root, "tuf"))) return root;
  }
  throw new RefusedError(
    "recovery.copy",
    `Cannot use ${folder} as a good copy: it has neither tuf/ nor public/tuf/`,
  );
}

export function openCopiedFolder(root: string): TreeReader {
  const at = (path: string): string => {
    invariant(isTreePath(path), "a path lies inside the tree");
    return join(root, path);
  };
  return {
    readSize: async (path) => plainSize(at(path)),
    read: async (path, sizeMax) => {
      if (plainSize(at(path)) === undefined) return undefined;
      const bytes = readPlain(at(path), sizeMax);
      if (bytes === "oversized") throw oversizedFile(path, sizeMax);
      return bytes;
    },
  };
}

function readPlain(path: string, sizeMax: number): Uint8Array | "oversized" {
  try {
    return readFileWithin(path, sizeMax);
  } catch (error) {
    throw storageError(error, "read the copy");
  }
}

function plainSize(path: string): number | undefined {
  try {
    const found = lstatSync(path);
    return found.isFile() ? found.size : undefined;
  } catch (error) {
    if (isCode(error, "ENOENT") || isCode(error, "ENOTDIR")) return undefined;
    throw storageError(error, "read the copy");
  }
}

function isFolder(path: string): boolean {
  try {
    return lstatSync(path).isDirectory();
  } catch (error) {
    if (isCode(error, "ENOENT") || isCode(error, "ENOTDIR")) return false;
    throw storageError(error, "read the copy");
  }
}
