/** Folders on this machine that its operator names: what an import reads and a backup writes. */
import { createReadStream } from "node:fs";
import { chmod, mkdir, open, readdir, stat } from "node:fs/promises";
import { isAbsolute, join, relative, sep } from "node:path";
import { RefusedError } from "#core/errors.ts";
import type { LocalFile, LocalFolders } from "#core/releases/local-folders.ts";
import { makeFolders } from "./make-folders.ts";
import { storageError } from "./storage-error.ts";

const readSizeMax = 1_048_576;

/** `backup` writes the database's copy at a path. */
export function createLocalFolders(backup: (path: string) => Promise<void>): LocalFolders {
  return {
    listFiles,
    makeEmpty,
    makeBelow,
    async backupDatabase(folder) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await backup(join(folder, "index.sqlite"));
    },
    writeText,
  };
}

async function listFiles(folder: string): Promise<readonly LocalFile[]> {
  checkAbsolute(folder);
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    const files: LocalFile[] = [];
    for (const entry of entries) {
      if (entry.isDirectory()) continue;
      const full = join(entry.parentPath, entry.name);
      // Follows a link to a file; what is gone or no file is passed over.
      const stats = await stat(full).catch(() => undefined);
      if (stats?.isFile() !== true) continue;
      files.push({
        path: relative(folder, full).split(sep).join("/"),
        filename: entry.name,
        size: stats.size,
        modifiedAt: stats.mtime,
        stream: () => createReadStream(full, { highWaterMark: bufferSize(stats.size) }),
      });
    }
    return files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  } catch (error) {
    throw unusable(folder, error);
  }
}

/** A large buffer for a small file is a large buffer to throw away. */
function bufferSize(size: number): number {
  return Math.min(Math.max(size, 1), readSizeMax);
}

async function makeEmpty(folder: string, access: "pass" | "share"): Promise<void> {
  checkAbsolute(folder);
  try {
    const made = await makeFolders(folder, 0o700);
    // Who may enter a folder that was there is its maker's to say.
    if (made) await chmod(folder, access === "share" ? 0o770 : 0o750);
    if ((await readdir(folder)).length === 0) return;
  } catch (error) {
    throw unusable(folder, error);
  }
  throw new RefusedError("folder.unusable", `Cannot use the folder ${folder}: it is not empty`);
}

async function makeBelow(folder: string, name: string): Promise<string> {
  const path = join(folder, name);
  try {
    const { mode } = await stat(folder);
    await mkdir(path, { mode: 0o700 });
    // Past the umask, which speaks of what nobody decided about.
    await chmod(path, mode & 0o7770);
  } catch (error) {
    throw unusable(path, error);
  }
  return path;
}

async function writeText(folder: string, name: string, text: string): Promise<void> {
  try {
    const handle = await open(join(folder, name), "w", 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw storageError(error, `write ${name}`);
  }
}

function checkAbsolute(folder: string): void {
  if (isAbsolute(folder)) return;
  throw new RefusedError("request.invalid", `Cannot use the folder ${folder}: name its whole path`);
}

const unusableReasons: ReadonlyMap<unknown, string> = new Map([
  ["EACCES", "the index's user may not"],
  ["EEXIST", "it is a file"],
  ["ENOENT", "there is none"],
  ["ENOTDIR", "it is a file, or below one"],
  ["EROFS", "it is on a disk that cannot be written to"],
]);

function unusable(folder: string, error: unknown): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const reason = unusableReasons.get(code);
  if (reason !== undefined) {
    return new RefusedError("folder.unusable", `Cannot use the folder ${folder}: ${reason}`);
  }
  return storageError(error, `use the folder ${folder}`);
}
