import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { sha256Hex } from "#crypto/hash.ts";
import { lockFolder } from "#stores/sqlite/folder-lock.ts";
import { restoreBackup, type RestoreReport } from "./restore.ts";

const good: Uint8Array = new TextEncoder().encode("good bytes");
const hash: string = sha256Hex(good);

type Scene = {
  readonly backup: string;
  readonly data: string;
  restore(replace?: boolean): Promise<RestoreReport>;
};

async function aScene(t: TestContext): Promise<Scene> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-restore-"));
  t.after(() => rm(folder, { recursive: true }));
  const [backup, data] = [join(folder, "backup"), join(folder, "data")];
  const shard = join(backup, "files", hash.slice(0, 2));
  for (const path of [join(backup, "index"), join(backup, "signer"), shard]) {
    await mkdir(path, { recursive: true });
  }
  await writeFile(join(backup, "index", "index.sqlite"), "index database");
  await writeFile(join(backup, "signer", "signer.sqlite"), "signer database");
  await writeFile(join(shard, hash), good);
  await writeFile(join(shard, `${hash}.metadata`), "metadata");
  await writeFile(join(backup, "backup.json"), "{}");
  const now = new Date("2026-01-02T03:04:05.678Z");
  return {
    backup,
    data,
    restore: (replace = false) =>
      restoreBackup({ backup, data, replace, now, onProgress: () => {} }),
  };
}

const read = (...path: readonly string[]): Promise<string> => readFile(join(...path), "utf8");

test("restoreBackup() brings databases and files back", async (t) => {
  const { data, restore } = await aScene(t);
  const report = await restore();
  assert.deepEqual(report, {
    databases: 2,
    files: 1,
    present: 0,
    damaged: [],
    movedAside: [],
    hasOnlineKeys: false,
  });
  assert.equal(await read(data, "index", "index.sqlite"), "index database");
  assert.equal(await read(data, "signer", "signer.sqlite"), "signer database");
  const shard = join(data, "files", hash.slice(0, 2));
  assert.equal(await read(shard, hash), "good bytes");
  assert.equal(await read(shard, `${hash}.metadata`), "metadata");
});

test("restoreBackup() moves aside what is there, with its log, when told to", async (t) => {
  const { data, restore } = await aScene(t);
  await mkdir(join(data, "index"), { recursive: true });
  for (const suffix of ["", "-wal", "-shm"]) {
    await writeFile(join(data, "index", `index.sqlite${suffix}`), `old${suffix}`);
  }
  await assert.rejects(restore(), { code: "data-folder.unusable" });
  assert.equal(await read(data, "index", "index.sqlite"), "old");
  const { files, movedAside, present } = await restore(true);
  assert.deepEqual([files, present], [1, 0]);
  const aside = join(data, "index", "index.sqlite.before-2026-01-02T03-04-05-678Z");
  assert.deepEqual(movedAside, [aside]);
  assert.equal(await read(aside), "old");
  assert.equal(await read(`${aside}-wal`), "old-wal");
  assert.equal(await read(data, "index", "index.sqlite"), "index database");
  assert.deepEqual(await restore(true).then((again) => [again.files, again.present]), [0, 1]);
  const left = (await readdir(join(data, "index"))).filter((name) => /sqlite-/.test(name));
  assert.deepEqual(left, []);
});

test("restoreBackup() leaves damaged files out, keeps right ones, mends wrong ones", async (t) => {
  const { backup, data, restore } = await aScene(t);
  const other = sha256Hex(new Uint8Array(1));
  const shard = join(backup, "files", other.slice(0, 2));
  await mkdir(shard, { recursive: true });
  await writeFile(join(shard, other), "not what the name says");
  const there = join(data, "files", hash.slice(0, 2));
  await mkdir(there, { recursive: true });
  await writeFile(join(there, hash), "changed");
  const report = await restore();
  assert.deepEqual(report.damaged, [join(shard, other)]);
  assert.equal(report.files, 1);
  assert.equal(await read(there, hash), "good bytes");
});

test("restoreBackup() refuses while a program runs, and what is no complete backup", async (t) => {
  const { backup, data, restore } = await aScene(t);
  await mkdir(join(data, "signer"), { recursive: true });
  const lock = lockFolder(join(data, "signer"));
  await assert.rejects(restore(), { code: "data-folder.in-use" });
  lock.release();
  const plain = join(backup, "index", "index.sqlite");
  const below = restoreBackup({
    backup,
    data: join(plain, "data"),
    replace: false,
    now: new Date(0),
    onProgress: () => {},
  });
  await assert.rejects(below, {
    code: "data-folder.unusable",
    message: /Cannot use the data folder/,
  });
  await rm(join(backup, "backup.json"));
  await assert.rejects(restore(), { code: "data-folder.unusable" });
});
