/** Makes the data folder usable by the programs, or says in one sentence why it is not. */
import { accessSync, constants, existsSync, mkdirSync, readdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { RefusedError } from "#core/errors.ts";
import type { DataFolder } from "#stores/folder/data-folder.ts";
import { firstRolePath } from "#stores/folder/first-metadata.ts";
import { lockFolder } from "#stores/sqlite/folder-lock.ts";
import type { FolderLock } from "#stores/sqlite/folder-lock.ts";

/** Longer paths of Unix sockets do not fit into the system's sockaddr_un; macOS has the smallest. */
const socketPathMax = 103;

/** RefusedError `data-folder.unusable` or `data-folder.in-use`. */
export function useDataFolder(data: DataFolder): FolderLock {
  const socketPath = Buffer.byteLength(data.adminSocket);
  if (socketPath > socketPathMax) {
    throw unusable(
      data,
      `its path is ${socketPath - socketPathMax} bytes too long for the sockets`,
    );
  }
  const run = join(data.root, "run");
  try {
    if (!existsSync(data.root)) makeFolder(resolve(data.root));
    else if (!isOurs(data)) throw unusable(data, "it holds other things; choose an empty folder");
    mkdirSync(run, { recursive: true });
    mkdirSync(data.log, { recursive: true });
    for (const folder of [data.root, run, data.log]) accessSync(folder, constants.W_OK);
  } catch (error) {
    if (error instanceof RefusedError) throw error;
    throw unusable(data, error instanceof Error ? error.message : String(error));
  }
  return lockFolder(run);
}

/** One level at a time: where a system refuses a name by saying "not found", Node's recursive mkdir asks for ever. */
function makeFolder(path: string): void {
  if (!existsSync(dirname(path))) makeFolder(dirname(path));
  mkdirSync(path);
}

/** True where the first metadata was made; a ceremony that was cut short is begun again. */
export function isInitialised(data: DataFolder): boolean {
  return existsSync(firstRootPath(data));
}

export function firstRootPath(data: DataFolder): string {
  return firstRolePath(data.publicTree, "root");
}

/** The offline keys' folder where keys lie in it. */
export function findOfflineKeys(data: DataFolder): string | undefined {
  const hasKeys = existsSync(data.offlineKeys) && readdirSync(data.offlineKeys).length > 0;
  return hasKeys ? data.offlineKeys : undefined;
}

/** An empty folder, or one that is, or was restored as, a data folder. */
function isOurs(data: DataFolder): boolean {
  const marks = [join(data.root, "run"), data.signer, data.index];
  return marks.some((path) => existsSync(path)) || readdirSync(data.root).length === 0;
}

function unusable(data: DataFolder, why: string): RefusedError {
  return new RefusedError(
    "data-folder.unusable",
    `Cannot use ${data.root} as the data folder: ${why}`,
  );
}
