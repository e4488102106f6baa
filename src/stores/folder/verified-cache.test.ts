import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { sha256Hex } from "#crypto/hash.ts";
import { testVerifiedCache } from "#core/verdict/verified-cache.contract.ts";
import { openFolderCache } from "./verified-cache.ts";

const aFolder = (): Promise<string> => mkdtemp(join(tmpdir(), "holdfast-cache-"));

testVerifiedCache("folder", async () => {
  const root = await aFolder();
  let at = Date.now();
  const options = { sizeMax: 1_000, clock: () => new Date(at) };
  return {
    cache: await openFolderCache(root, options),
    reopen: () => openFolderCache(root, options),
    damage: (sha256, bytes) => writeFile(join(root, sha256.slice(0, 2), sha256), bytes),
    tick: () => {
      at += 1_000;
    },
    close: () => rm(root, { recursive: true }),
  };
});

test("openFolderCache() forgets by time of use over a restart, and sweeps old drafts", async () => {
  const root = await aFolder();
  try {
    const clock = (): Date => new Date();
    const cache = await openFolderCache(root, { sizeMax: 10_000, clock });
    const hashes: string[] = [];
    for (const letter of ["a", "b", "c"]) {
      const bytes = new TextEncoder().encode(letter.repeat(100));
      await cache.write(sha256Hex(bytes), bytes);
      hashes.push(sha256Hex(bytes));
    }
    const [old = "", ...kept] = hashes;
    await utimes(join(root, old.slice(0, 2), old), 1, 1);
    await writeFile(join(root, "draft", "left"), "x");
    await utimes(join(root, "draft", "left"), 1, 1);
    await writeFile(join(root, "draft", "running"), "x");
    const reopened = await openFolderCache(root, { sizeMax: 250, clock });
    assert.equal(await reopened.readWhole(old), undefined);
    for (const sha256 of kept) assert.ok(await reopened.readWhole(sha256));
    assert.deepEqual(await readdir(join(root, "draft")), ["running"]);
    assert.equal((await stat(join(root, "draft"))).mode & 0o777, 0o700);
  } finally {
    await rm(root, { recursive: true });
  }
});

test("write() on a folder that vanished says that the storage failed", async () => {
  const root = await aFolder();
  const cache = await openFolderCache(root, { sizeMax: 1_000, clock: () => new Date() });
  await rm(root, { recursive: true });
  await assert.rejects(cache.write("ab".repeat(32), new Uint8Array(1)), { code: "storage.failed" });
});

test("a folder in an entry's place is a failure of the storage, until it is removed", async () => {
  const root = await aFolder();
  try {
    const cache = await openFolderCache(root, { sizeMax: 1_000, clock: () => new Date() });
    const bytes = new TextEncoder().encode("a");
    const sha256 = sha256Hex(bytes);
    await mkdir(join(root, sha256.slice(0, 2), sha256, "in the way"), { recursive: true });
    await assert.rejects(cache.readWhole(sha256), { code: "storage.failed" });
    await assert.rejects(cache.write(sha256, bytes), { code: "storage.failed" });
    await cache.remove(sha256);
    await cache.write(sha256, bytes);
    assert.deepEqual(new Uint8Array((await cache.readWhole(sha256)) ?? []), bytes);
    assert.deepEqual(await readdir(join(root, "draft")), []);
  } finally {
    await rm(root, { recursive: true });
  }
});
