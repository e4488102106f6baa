import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile, chmod } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { sha256Hex } from "#crypto/hash.ts";
import { parseConfig } from "#formats/config/config.ts";
import { parseSigned } from "#formats/tuf/envelope.ts";
import { root as rootDecoder } from "#formats/tuf/root.ts";
import { ringOf } from "#core/publication/key-ring.ts";
import { acceptFirstOffline } from "#core/publication/offline-set.ts";
import { readFirstMetadata } from "#stores/folder/first-metadata.ts";
import { readOnlineKeys } from "#stores/folder/online-keys.ts";
import { createSeededRandom } from "#world/seeded-random.ts";
import { createSimClock } from "#world/sim-clock.ts";
import { initDataFolder } from "./init.ts";
import type { InitResult } from "./init.ts";

const clock = createSimClock("2026-01-02T00:00:00Z");

async function aFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-init-"));
  t.after(() => rm(folder, { recursive: true }));
  return join(folder, "data");
}

function init(data: string, seed: number, rootKeys = 1, rootThreshold = 1): Promise<InitResult> {
  const config = parseConfig("");
  const options = { command: "init", data, config, rootKeys, rootThreshold } as const;
  clock.advance(1_000);
  return initDataFolder(options, clock.now, createSeededRandom(seed).bytes);
}

async function files(folder: string): Promise<readonly string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  return found.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name));
}

test("init makes keys for their owner alone and metadata that a signer publishes under", async (t) => {
  const data = await aFolder(t);
  const { outcome, rootFingerprint } = await init(data, 1, 3, 2);
  assert.equal(outcome, "made");
  const metadata = await readFirstMetadata(join(data, "public"));
  assert.ok(metadata !== undefined);
  assert.equal(rootFingerprint, `sha256:${sha256Hex(metadata.root)}`);
  acceptFirstOffline(metadata, ringOf(await readOnlineKeys(join(data, "signer", "keys"))));
  const { roles } = parseSigned(metadata.root, rootDecoder).value;
  assert.deepEqual([roles.root.keyIds.length, roles.root.threshold], [3, 2]);
  for (const folder of ["offline", "signer/keys"]) {
    assert.equal((await stat(join(data, folder))).mode & 0o777, 0o700);
    for (const file of await files(join(data, folder))) {
      assert.equal((await stat(file)).mode & 0o777, 0o600, file);
    }
  }
  assert.equal((await stat(join(data, "public", "tuf", "1.root.json"))).mode & 0o777, 0o644);
});

test("init begun again changes nothing, also with other wishes and without the offline keys", async (t) => {
  const data = await aFolder(t);
  const first = await init(data, 1);
  const before = await files(data);
  const root = await readFile(join(data, "public", "tuf", "1.root.json"));
  const again = await init(data, 2, 3, 2);
  assert.deepEqual(again, { ...first, outcome: "was-there" });
  assert.deepEqual(await files(data), before);
  await rm(join(data, "offline"), { recursive: true });
  assert.deepEqual(await init(data, 3), { ...first, outcome: "was-there" });
  assert.deepEqual(await readFile(join(data, "public", "tuf", "1.root.json")), root);
});

test("init that was cut short anywhere is completed with the keys that are there", async (t) => {
  const whole = await aFolder(t);
  await init(whole, 1);
  const made = await files(whole);
  // In the order in which they are made: root comes last.
  const order = made.filter((file) => !file.endsWith("1.root.json"));
  for (let count = 1; count <= order.length; count++) {
    const data = join(whole, "..", `cut-${count}`);
    for (const file of order.slice(0, count)) {
      const copy = file.replace(whole, data);
      await mkdir(join(copy, ".."), { recursive: true, mode: 0o700 });
      await writeFile(copy, await readFile(file), { mode: 0o600 });
    }
    const kept = await Promise.all(order.slice(0, count).map((file) => readFile(file)));
    if (isMixed(order.slice(0, count))) continue;
    assert.equal((await init(data, 100 + count)).outcome, "made");
    const after = order.slice(0, count).map((file) => readFile(file.replace(whole, data)));
    assert.deepEqual(await Promise.all(after), kept, "what was there stays");
    const metadata = await readFirstMetadata(join(data, "public"));
    assert.ok(metadata !== undefined);
    acceptFirstOffline(metadata, ringOf(await readOnlineKeys(join(data, "signer", "keys"))));
  }
});

/** Metadata without all keys: metadata is only ever written when all keys are there. */
function isMixed(present: readonly string[]): boolean {
  const keys = present.filter((file) => file.endsWith(".pem")).length;
  return present.some((file) => file.endsWith(".json")) && keys < 9;
}

test("two at the same time make one root", async (t) => {
  const data = await aFolder(t);
  const results = await Promise.all([1, 2, 3, 4].map((seed) => init(data, seed)));
  assert.equal(new Set(results.map(({ rootFingerprint }) => rootFingerprint)).size, 1);
  const metadata = await readFirstMetadata(join(data, "public"));
  assert.ok(metadata !== undefined);
  acceptFirstOffline(metadata, ringOf(await readOnlineKeys(join(data, "signer", "keys"))));
});

test("init makes no second root where a signer's database is", async (t) => {
  const data = await aFolder(t);
  await mkdir(join(data, "signer"), { recursive: true });
  await writeFile(join(data, "signer", "signer.sqlite"), "");
  const before = await files(data);
  assert.equal((await init(data, 1)).outcome, "database-there");
  assert.deepEqual(await files(data), before);
});

test("a key that others can read, or that is none, is not used", async (t) => {
  const data = await aFolder(t);
  await mkdir(join(data, "offline"), { recursive: true });
  const path = join(data, "offline", "targets.pem");
  await writeFile(path, "-----BEGIN PRIVATE KEY-----\n", { mode: 0o600 });
  await assert.rejects(init(data, 1), { code: "key.unusable" });
  await rm(path);
  await init(data, 1);
  const key = join(data, "signer", "keys", "bins.pem");
  await chmod(key, 0o644);
  await assert.rejects(readOnlineKeys(join(data, "signer", "keys")), { code: "key.unusable" });
});
