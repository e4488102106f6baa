import assert from "node:assert/strict";
import { chmod, mkdtemp, readFile, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { tufKeyOf } from "#formats/tuf/key.ts";
import { keyAt } from "#core/publication/key-ring.ts";
import { testKeyStore } from "#core/publication/key-store.contract.ts";
import { createSeededRandom } from "#world/seeded-random.ts";
import { makeKeyFile } from "./key-file.ts";
import { keyPath, makeNextOnlineKeys, makeOnlineKeys, openKeyFolder } from "./online-keys.ts";

const random = createSeededRandom(1).bytes;

async function aFolder(): Promise<string> {
  const folder = join(await mkdtemp(join(tmpdir(), "holdfast-keys-")), "keys");
  await makeOnlineKeys(folder, random);
  return folder;
}

async function aTestFolder(t: TestContext): Promise<string> {
  const folder = await aFolder();
  t.after(() => rm(join(folder, ".."), { recursive: true }));
  return folder;
}

testKeyStore("folder", async () => {
  const folder = await aFolder();
  return {
    store: openKeyFolder(folder),
    make: async (name, place) => void (await makeKeyFile(keyPath(folder, name, place), random)),
    close: () => rm(join(folder, ".."), { recursive: true }),
  };
});

test("makeNextOnlineKeys() makes keys beside those in use, for their owner alone, and once", async (t) => {
  const folder = await aTestFolder(t);
  const before = await readFile(join(folder, "timestamp.pem"));
  const made = await makeNextOnlineKeys(folder, ["timestamp", "bins"], random);
  assert.deepEqual(Object.keys(made), ["timestamp", "bins"]);
  const again = await makeNextOnlineKeys(folder, ["timestamp"], random);
  const id = made.timestamp && tufKeyOf(made.timestamp).keyId;
  assert.equal(again.timestamp && tufKeyOf(again.timestamp).keyId, id);
  assert.deepEqual(await readFile(join(folder, "timestamp.pem")), before);
  const next = (await readdir(folder)).filter((name) => name.includes(".next."));
  assert.deepEqual(next.toSorted(), ["bins.next.pem", "timestamp.next.pem"]);
  for (const name of next) assert.equal((await stat(join(folder, name))).mode & 0o777, 0o600);
  const ring = await openKeyFolder(folder).read();
  assert.equal(keyAt(ring, "timestamp", "next")?.key.keyId, id);
});

test("makeNextOnlineKeys() refuses while the key called next may be the one in use", async (t) => {
  const folder = await aTestFolder(t);
  const made = { code: "key.unusable", message: /timestamp\.pem: there is no such file/ };
  // As a kill between the two renames leaves it.
  await makeNextOnlineKeys(folder, ["timestamp"], random);
  await rename(join(folder, "timestamp.pem"), join(folder, "timestamp.retired.pem"));
  await assert.rejects(makeNextOnlineKeys(folder, ["timestamp"], random), made);
  await makeNextOnlineKeys(folder, ["snapshot"], random);
});

test("openKeyFolder() reads what can be used and says what cannot", async (t) => {
  const folder = await aTestFolder(t);
  await makeNextOnlineKeys(folder, ["timestamp", "deny"], random);
  await chmod(join(folder, "timestamp.next.pem"), 0o644);
  await writeFile(join(folder, "deny.next.pem"), "-----BEGIN PRIVATE KEY-----\n");
  await rm(join(folder, "bins.pem"));
  const { keys, unusable } = await openKeyFolder(folder).read();
  assert.deepEqual(
    keys.map(({ name, place }) => `${name} ${place}`),
    ["timestamp", "snapshot", "deny", "recently-claimed", "unclaimed"].map(
      (name) => `${name} current`,
    ),
  );
  assert.equal(unusable.length, 3);
  assert.match(unusable[0] ?? "", /timestamp\.next\.pem: other users can read it/);
  assert.match(unusable[1] ?? "", /deny\.next\.pem/);
  assert.match(unusable[2] ?? "", /bins\.pem: there is no such file/);
  assert.ok(!unusable.join("").includes("BEGIN"), "no key is repeated");
});
