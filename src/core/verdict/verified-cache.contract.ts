/** What every VerifiedCache must do; run by each adapter's test. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256Hex } from "#crypto/hash.ts";
import type { VerifiedCache } from "./verified-cache.ts";

export type CacheUnderTest = {
  /** With a bound of 1,000 bytes. */
  readonly cache: VerifiedCache;
  /** The same storage, as a new process would open it. */
  readonly reopen: () => Promise<VerifiedCache>;
  /** As a broken disk, or someone with write access, would. */
  readonly damage: (sha256: string, bytes: Uint8Array) => Promise<void>;
  /** Later uses count as later than earlier ones. */
  readonly tick: () => void;
  readonly close: () => Promise<void>;
};

export function testVerifiedCache(name: string, make: () => Promise<CacheUnderTest>): void {
  const run = (claim: string, body: (under: CacheUnderTest) => Promise<void>): void => {
    test(`${name} cache: ${claim}`, async () => {
      const under = await make();
      try {
        await body(under);
      } finally {
        await under.close();
      }
    });
  };

  run("keeps bytes under their hash, over a reopen", async ({ cache, reopen }) => {
    const { sha256, bytes } = entry("a", 300);
    assert.equal(await cache.readWhole(sha256), undefined);
    assert.equal(await cache.openChunks(sha256), undefined);
    await cache.write(sha256, bytes);
    await cache.write(sha256, bytes);
    for (const opened of [cache, await reopen()]) {
      assert.deepEqual(plain(await opened.readWhole(sha256)), bytes);
      const chunked = await opened.openChunks(sha256);
      assert.equal(chunked?.size, 300);
      assert.deepEqual(await drain(chunked.chunks), bytes);
    }
    await cache.remove(sha256);
    await cache.remove(sha256);
    assert.equal(await cache.readWhole(sha256), undefined);
  });

  run("shows a draft only when it is kept", async ({ cache }) => {
    const { sha256, bytes } = entry("b", 200);
    const dropped = await cache.openDraft();
    await dropped.write(bytes);
    await dropped.drop();
    assert.equal(await cache.readWhole(sha256), undefined);
    const kept = await cache.openDraft();
    await kept.write(bytes.subarray(0, 100));
    await kept.write(bytes.subarray(100));
    assert.equal(await cache.readWhole(sha256), undefined);
    await kept.keep(sha256);
    assert.deepEqual(plain(await cache.readWhole(sha256)), bytes);
  });

  run("forgets the longest unused to stay within its bound", async ({ cache, tick }) => {
    const entries = ["c", "d", "e", "f"].map((letter) => entry(letter, 300));
    const [first, second, third, fourth] = entries;
    assert.ok(first && second && third && fourth);
    for (const { sha256, bytes } of [first, second, third]) {
      await cache.write(sha256, bytes);
      tick();
    }
    await cache.readWhole(first.sha256);
    tick();
    await cache.write(fourth.sha256, fourth.bytes);
    assert.equal(await cache.readWhole(second.sha256), undefined);
    for (const { sha256 } of [first, third, fourth]) {
      assert.ok(await cache.readWhole(sha256));
    }
    const large = entry("g", 1_001);
    await cache.write(large.sha256, large.bytes);
    assert.equal(await cache.readWhole(large.sha256), undefined);
  });

  run("returns what is there, damaged or not", async ({ cache, damage }) => {
    const { sha256, bytes } = entry("h", 10);
    await cache.write(sha256, bytes);
    await damage(sha256, new Uint8Array(3));
    assert.deepEqual(plain(await cache.readWhole(sha256)), new Uint8Array(3));
    await cache.write(sha256, bytes);
    assert.deepEqual(plain(await cache.readWhole(sha256)), bytes);
  });

  run("closes what is not read to its end", async ({ cache }) => {
    const { sha256, bytes } = entry("i", 500);
    await cache.write(sha256, bytes);
    const opened = await cache.openChunks(sha256);
    assert.ok(opened);
    for await (const chunk of opened.chunks) {
      assert.ok(chunk.length > 0);
      break;
    }
    const unread = await cache.openChunks(sha256);
    await unread?.chunks[Symbol.asyncIterator]().return?.();
  });
}

function entry(letter: string, size: number): { sha256: string; bytes: Uint8Array } {
  const bytes = new Uint8Array(size).fill(letter.charCodeAt(0));
  return { sha256: sha256Hex(bytes), bytes };
}

function plain(bytes: Uint8Array | undefined): Uint8Array | undefined {
  return bytes === undefined ? undefined : new Uint8Array(bytes);
}

async function drain(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return new Uint8Array(Buffer.concat(parts));
}
