/** What every FileStore must do; run by each adapter's test. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256Hex } from "#crypto/hash.ts";
import type { FileStore, StoredFile } from "./file-store.ts";

export type FileStoreUnderTest = {
  readonly store: FileStore;
  /** The same storage, as a new process would open it. */
  reopen(): Promise<FileStore>;
  close(): Promise<void>;
};

const encoder = new TextEncoder();
const metadata: Uint8Array = encoder.encode("Metadata-Version: 2.1\n");

export function testFileStore(name: string, make: () => Promise<FileStoreUnderTest>): void {
  const run = (claim: string, body: (under: FileStoreUnderTest) => Promise<void>): void => {
    test(`${name}: ${claim}`, async () => {
      const under = await make();
      try {
        await body(under);
      } finally {
        await under.close();
      }
    });
  };

  run("keeps a file and its metadata under its hash, over a reopen", async ({ store, reopen }) => {
    const { sha256, bytes } = await keepFile(store, 3_000_000);
    for (const opened of [store, await reopen()]) {
      const file = await opened.openFile(sha256);
      assert.equal(file?.size, bytes.byteLength);
      assert.deepEqual(await readAll(file, 0, bytes.byteLength), bytes);
      assert.deepEqual(await readAll(file, 10, 1_000_010), bytes.subarray(10, 1_000_010));
      assert.deepEqual(new Uint8Array((await opened.readMetadata(sha256)) ?? []), metadata);
    }
    assert.deepEqual(await listAll(store), [sha256]);
  });

  run("opens what was written before it is kept, large or small", async ({ store }) => {
    const large = await store.receive();
    await large.write(new Uint8Array(1_500_000).fill(1));
    await large.write(new Uint8Array(1_500_000).fill(2));
    const both = await (await large.open()).read(1_499_999, 2);
    assert.deepEqual(new Uint8Array(both), Uint8Array.of(1, 2));
    await large.discard();
    const incoming = await store.receive();
    await incoming.write(encoder.encode("hello "));
    await incoming.write(encoder.encode("world"));
    const source = await incoming.open();
    assert.equal(source.size, 11);
    assert.equal(new TextDecoder().decode(await source.read(4, 5)), "o wor");
    await assert.rejects(source.read(8, 5), RangeError);
    await incoming.discard();
  });

  run("discard() leaves nothing, also after a failure, and not after keep()", async (under) => {
    const { store } = under;
    const incoming = await store.receive();
    await incoming.write(encoder.encode("x"));
    await incoming.discard();
    await incoming.discard();
    assert.deepEqual(await listAll(store), []);
    assert.equal(await store.sweepIncoming(), 0);
    const kept = await keepFile(store, 10);
    assert.equal((await store.openFile(kept.sha256))?.size, 10);
  });

  run("sweepIncoming() throws away what was half received", async ({ store, reopen }) => {
    const kept = await keepFile(store, 10);
    const incoming = await store.receive();
    await incoming.write(new Uint8Array(3_000_000));
    const again = await reopen();
    assert.equal(await again.sweepIncoming(), 1);
    assert.equal(await again.sweepIncoming(), 0);
    assert.equal((await again.openFile(kept.sha256))?.size, 10);
  });

  run("keeping the same bytes twice is keeping them once", async ({ store }) => {
    for (const size of [0, 100, 3_000_000]) {
      const { sha256, bytes } = await keepFile(store, size);
      await keepFile(store, size);
      assert.deepEqual(await listAll(store), [sha256]);
      assert.deepEqual(await readAll(await store.openFile(sha256), 0, size), bytes);
      assert.deepEqual(new Uint8Array((await store.readMetadata(sha256)) ?? []), metadata);
      await store.removeFile(sha256);
    }
  });

  run("removeFile() removes file and metadata, and does nothing when gone", async ({ store }) => {
    const { sha256 } = await keepFile(store, 100);
    await store.removeFile(sha256);
    await store.removeFile(sha256);
    assert.equal(await store.openFile(sha256), undefined);
    assert.equal(await store.readMetadata(sha256), undefined);
  });
}

async function keepFile(
  store: FileStore,
  size: number,
): Promise<{ sha256: string; bytes: Uint8Array }> {
  const bytes = new Uint8Array(size).map((_, index) => (index * 7 + (index >> 8)) & 0xff);
  const sha256 = sha256Hex(bytes);
  const incoming = await store.receive();
  for (let at = 0; at < size; at += 70_000) await incoming.write(bytes.subarray(at, at + 70_000));
  await incoming.keep(sha256, metadata);
  await incoming.discard();
  return { sha256, bytes };
}

async function readAll(
  file: StoredFile | undefined,
  start: number,
  end: number,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of file?.stream(start, end) ?? []) chunks.push(Uint8Array.from(chunk));
  return new Uint8Array(Buffer.concat(chunks));
}

async function listAll(store: FileStore): Promise<string[]> {
  const hashes: string[] = [];
  for await (const some of store.listHashes()) hashes.push(...some);
  return hashes;
}
