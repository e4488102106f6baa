/** What is dropped from the cache that several indexes share, and what nobody can have dropped. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256Hex } from "#crypto/hash.ts";
import { TrustError } from "#core/errors.ts";
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import { createMemoryCache } from "#stores/memory/verified-cache.ts";
import { createCheckedCache } from "./checked-cache.ts";
import type { CheckedCache } from "./checked-cache.ts";

const bytes = formatUtf8("a file of somebody's");
const sha256 = sha256Hex(bytes);
const refuse = (): never => {
  throw new TrustError("file.length", "It is listed with another length", {});
};

async function sizeOf(cache: CheckedCache, size: number): Promise<number | undefined> {
  const cached = await cache.openChunks(sha256, size);
  await cached?.chunks[Symbol.asyncIterator]().return?.();
  return cached?.size;
}

test("an entry that is listed wrongly is not given out, and stays for those who list it rightly", async () => {
  const store = createMemoryCache();
  const troubles: string[] = [];
  const cache = createCheckedCache(store, ({ kind }) => void troubles.push(kind));
  await cache.keep(sha256, bytes);
  assert.equal(await cache.readChecked(sha256, refuse), undefined);
  assert.equal(await sizeOf(cache, bytes.length + 1), undefined);
  assert.deepEqual(troubles, []);
  assert.deepEqual(await cache.readChecked(sha256, (found) => found), bytes);
  assert.equal(await sizeOf(cache, bytes.length), bytes.length);
});

test("an entry that has not its hash is dropped, and that is told", async () => {
  for (const read of [
    (cache: CheckedCache) => cache.readChecked(sha256, refuse),
    (cache: CheckedCache) => sizeOf(cache, bytes.length),
  ]) {
    const store = createMemoryCache();
    const troubles: string[] = [];
    const cache = createCheckedCache(store, ({ kind }) => void troubles.push(kind));
    await store.write(sha256, bytes.slice(1));
    assert.equal(await read(cache), undefined);
    assert.deepEqual(troubles, ["damaged"]);
    assert.equal(await store.readWhole(sha256), undefined);
  }
});
