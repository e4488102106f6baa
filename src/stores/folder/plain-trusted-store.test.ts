import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { roleBytes, testTrustedStore } from "#core/tuf/trusted-store.contract.ts";
import { createPlainTrustedStore } from "./plain-trusted-store.ts";
import { createFolderTrustedStore } from "./trusted-store.ts";

async function aFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-plain-"));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}

const copyOf = async (folder: string, file: string): Promise<Uint8Array> =>
  new Uint8Array(await readFile(join(folder, file)));

testTrustedStore("plain", async () => {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-plain-"));
  return {
    store: createPlainTrustedStore(folder),
    reopen: () => createPlainTrustedStore(folder),
    close: () => rm(folder, { recursive: true }),
  };
});

test("each file has a copy under its plain name, byte for byte, and nothing else is there", async (t) => {
  const folder = await aFolder(t);
  const store = createPlainTrustedStore(folder);
  for (const version of [1, 2]) await store.writeRoot(version, roleBytes(version, " as it came"));
  for (const role of ["timestamp", "snapshot", "targets", "../a b"]) {
    await store.writeRole(role, roleBytes(2, role));
    await store.writeRole(role, roleBytes(3, role));
  }
  const files = [
    "%2E.%2Fa%20b.json",
    "root.json",
    "snapshot.json",
    "targets.json",
    "timestamp.json",
  ];
  assert.deepEqual((await readdir(folder)).toSorted(), [...files, "tuf"].toSorted());
  assert.deepEqual(await copyOf(folder, "root.json"), roleBytes(2, " as it came"));
  assert.deepEqual(await copyOf(folder, "%2E.%2Fa%20b.json"), roleBytes(3, "../a b"));
  await store.deleteRole("timestamp");
  await assert.rejects(copyOf(folder, "timestamp.json"), { code: "ENOENT" });
});

test("a copy follows what counts, not what a slower process wrote last", async (t) => {
  const folder = await aFolder(t);
  const store = createPlainTrustedStore(folder);
  await store.writeRole("timestamp", roleBytes(11));
  await store.writeRole("timestamp", roleBytes(10));
  assert.deepEqual(await copyOf(folder, "timestamp.json"), roleBytes(11));
  await store.writeRole("timestamp", roleBytes(3), 2);
  // It has not seen root 2, which ended the protection of version 11.
  await store.writeRole("timestamp", roleBytes(12));
  assert.deepEqual(await copyOf(folder, "timestamp.json"), roleBytes(3));
});

test("processes that write at once leave a copy of the newest", async (t) => {
  const folder = await aFolder(t);
  const versions = [7, 3, 9, 1, 10, 2, 8];
  await Promise.all(
    versions.map((version) =>
      createPlainTrustedStore(folder).writeRole("snapshot", roleBytes(version)),
    ),
  );
  assert.deepEqual(await copyOf(folder, "snapshot.json"), roleBytes(10));
});

test("renewCopies() brings up what a process that died had not copied", async (t) => {
  const folder = await aFolder(t);
  const store = createPlainTrustedStore(folder);
  await store.writeRoot(1, roleBytes(1));
  await store.writeRole("timestamp", roleBytes(1));
  const died = createFolderTrustedStore(folder);
  await died.writeRoot(2, roleBytes(2));
  await died.writeRole("targets", roleBytes(5));
  await died.deleteRole("timestamp");
  await store.renewCopies();
  assert.deepEqual(await copyOf(folder, "root.json"), roleBytes(2));
  assert.deepEqual(await copyOf(folder, "targets.json"), roleBytes(5));
  await assert.rejects(copyOf(folder, "timestamp.json"), { code: "ENOENT" });
});

test("a copy that somebody changes is not believed, and is renewed", async (t) => {
  const folder = await aFolder(t);
  const store = createPlainTrustedStore(folder);
  await store.writeRoot(1, roleBytes(1));
  await writeFile(join(folder, "root.json"), roleBytes(99));
  const again = createPlainTrustedStore(folder);
  assert.deepEqual(new Uint8Array((await again.readRoot()) ?? []), roleBytes(1));
  await again.renewCopies();
  assert.deepEqual(await copyOf(folder, "root.json"), roleBytes(1));
});
