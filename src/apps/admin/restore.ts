/**
 * `holdfast restore`: brings a backup back into a data folder in which nothing runs. Checks every file's hash on the
 * way. What was there is moved aside, not removed. The signer notices that its database is a copy and jumps past every
 * version that may have been signed since; the index takes over what the signer knows and it does not.
 */
import { constants, createReadStream } from "node:fs";
import { copyFile, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createHash } from "#crypto/hash.ts";
import { RefusedError } from "#core/errors.ts";
import { isHex } from "#formats/bytes/hex.ts";
import { dataFolder, type DataFolder } from "#stores/folder/data-folder.ts";
import { makeFolders } from "#stores/folder/make-folders.ts";
import { lockFolder } from "#stores/sqlite/folder-lock.ts";

export type RestoreReport = {
  readonly databases: number;
  /** Files brought back. */
  readonly files: number;
  /** Files that were there already, with the right bytes. */
  readonly present: number;
  /** Paths in the backup whose bytes are not what their names say; left out. */
  readonly damaged: readonly string[];
  /** Databases that were there and are kept under these names. */
  readonly movedAside: readonly string[];
  /** Whether the online keys, which are in no backup, are there. */
  readonly hasOnlineKeys: boolean;
};

export type RestoreOptions = {
  readonly backup: string;
  readonly data: string;
  /** Allows a database to be there already; it is moved aside. */
  readonly replace: boolean;
  readonly now: Date;
  readonly onProgress: (done: number, total: number) => void;
};

const databases = ["index", "signer"] as const;

/** RefusedError `data-folder.unusable` or `data-folder.in-use`. */
export async function restoreBackup(options: RestoreOptions): Promise<RestoreReport> {
  const { backup, now, onProgress, replace } = options;
  await checkComplete(backup);
  const data = dataFolder(options.data);
  await makeDataFolder(data);
  const locks = [lockFolder(data.index), lockFolder(data.signer)];
  try {
    const found = await findDatabases(backup, data);
    if (!replace) await checkNothingThere(found);
    // Files first: a database names only what is there.
    const stored = await restoreFiles(backup, data, onProgress);
    const movedAside: string[] = [];
    for (const { from, to } of found) {
      const aside = await moveAside(to, now);
      if (aside !== undefined) movedAside.push(aside);
      await copySynced(from, to);
    }
    const hasOnlineKeys = await isThere(data.onlineKeys);
    return { databases: found.length, ...stored, movedAside, hasOnlineKeys };
  } finally {
    for (const lock of locks) lock.release();
  }
}

async function makeDataFolder(data: DataFolder): Promise<void> {
  try {
    await makeFolders(data.root, 0o777);
    await makeFolders(data.index, 0o700);
    await makeFolders(data.signer, 0o700);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new RefusedError(
      "data-folder.unusable",
      `Cannot use the data folder ${data.root}: ${reason}`,
    );
  }
}

/** A backup writes this file last. */
async function checkComplete(backup: string): Promise<void> {
  if (await isThere(join(backup, "backup.json"))) return;
  throw new RefusedError(
    "data-folder.unusable",
    `Cannot restore from ${backup}: it holds no complete backup (backup.json is missing)`,
  );
}

type Found = { readonly from: string; readonly to: string };

async function findDatabases(backup: string, data: DataFolder): Promise<readonly Found[]> {
  const found: Found[] = [];
  for (const name of databases) {
    const folder = join(backup, name);
    if (!(await isThere(folder))) continue;
    for (const file of await readdir(folder)) {
      if (file.endsWith(".sqlite"))
        found.push({ from: join(folder, file), to: join(data[name], file) });
    }
  }
  return found;
}

async function checkNothingThere(found: readonly Found[]): Promise<void> {
  for (const { to } of found) {
    if (!(await isThere(to))) continue;
    throw new RefusedError(
      "data-folder.unusable",
      `Cannot restore over ${to}: there is a database already. Say --replace to move it aside`,
    );
  }
}

/** With its write-ahead log, which belongs to it and to no other database. */
async function moveAside(path: string, now: Date): Promise<string | undefined> {
  if (!(await isThere(path))) return undefined;
  const aside = `${path}.before-${now.toISOString().replaceAll(/[:.]/g, "-")}`;
  for (const suffix of ["-wal", ""]) {
    if (await isThere(`${path}${suffix}`)) await rename(`${path}${suffix}`, `${aside}${suffix}`);
  }
  await rm(`${path}-shm`, { force: true });
  return aside;
}

async function restoreFiles(
  backup: string,
  data: DataFolder,
  onProgress: RestoreOptions["onProgress"],
): Promise<Pick<RestoreReport, "damaged" | "files" | "present">> {
  const root = join(backup, "files");
  const names = (await isThere(root)) ? await listStored(root) : [];
  const damaged: string[] = [];
  const counts = { files: 0, present: 0 };
  for (const [index, name] of names.entries()) {
    const result = await restoreFile(join(root, name), join(data.files, name));
    if (result === "damaged") damaged.push(join(root, name));
    if (result === "restored") counts.files += 1;
    if (result === "there") counts.present += 1;
    onProgress(index + 1, names.length);
  }
  return { ...counts, damaged };
}

/** Paths below the store, metadata after the file it belongs to. */
async function listStored(root: string): Promise<readonly string[]> {
  const names: string[] = [];
  for (const shard of (await readdir(root)).filter((name) => isHex(name, 1))) {
    for (const name of (await readdir(join(root, shard))).toSorted()) names.push(join(shard, name));
  }
  return names;
}

type RestoredFile = "damaged" | "metadata" | "restored" | "there";

/** A file's name says its hash. Metadata's does not; what it must be is in the signed pages. */
async function restoreFile(from: string, to: string): Promise<RestoredFile> {
  const hash = from.slice(-64);
  const isNamedByHash = isHex(hash, 32);
  if (isNamedByHash && (await isThere(to)) && (await hashOf(to)) === hash) return "there";
  if (isNamedByHash && (await hashOf(from)) !== hash) return "damaged";
  await copySynced(from, to);
  return isNamedByHash ? "restored" : "metadata";
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 1_048_576 })) {
    if (chunk instanceof Uint8Array) hash.update(chunk);
  }
  return hash.digestHex();
}

/** Appears whole: a restore that is cut short can be run again. */
async function copySynced(from: string, to: string): Promise<void> {
  const draft = `${to}.restoring`;
  await mkdir(dirname(to), { recursive: true });
  await copyFile(from, draft, constants.COPYFILE_FICLONE);
  const handle = await open(draft, "r+");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, to);
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
