import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { sha256Hex } from "#crypto/hash.ts";
import type { Random } from "#core/ports.ts";
import { testFileStore } from "#core/releases/file-store.contract.ts";
import { openFolderFileStore, storedFilePath } from "./file-store.ts";

/** A random that counts: names differ, and every run has the same ones. */
function countingRandom(): Random {
  let count = 0;
  return (size) => new Uint8Array(size).fill((count += 1));
}

testFileStore("folder", async () => {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-files-"));
  const random = countingRandom();
  return {
    store: await openFolderFileStore(folder, random),
    reopen: () => openFolderFileStore(folder, random),
    close: () => rm(folder, { recursive: true }),
  };
});

test("backup() links every file, and a second one into the same folder adds what is new", async () => {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-files-"));
  try {
    const store = await openFolderFileStore(join(folder, "files"), countingRandom());
    const keep = async (text: string): Promise<string> => {
      const bytes = new TextEncoder().encode(text);
      const incoming = await store.receive();
      await incoming.write(bytes);
      await incoming.keep(sha256Hex(bytes), new Uint8Array(3));
      return sha256Hex(bytes);
    };
    const first = await keep("one");
    assert.equal(await store.backup(join(folder, "copy")), 1);
    const second = await keep("two");
    await store.backup(join(folder, "copy"));
    await store.removeFile(first);
    assert.equal(await readFile(storedFilePath(join(folder, "copy"), first), "utf8"), "one");
    assert.equal(await readFile(storedFilePath(join(folder, "copy"), second), "utf8"), "two");
    assert.deepEqual(await readdir(join(folder, "files", ".incoming")), []);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("keep() and write() on a store that vanished say that the storage failed", async () => {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-files-"));
  const store = await openFolderFileStore(join(folder, "files"), countingRandom());
  const small = await store.receive();
  await small.write(new Uint8Array(10));
  const large = await store.receive();
  await large.write(new Uint8Array(2_000_000));
  await rm(folder, { recursive: true });
  const failed = { name: "UnavailableError", code: "storage.failed" };
  await assert.rejects(small.keep("ab".repeat(32), new Uint8Array(1)), failed);
  await small.discard();
  await assert.rejects(large.keep("cd".repeat(32), new Uint8Array(1)), failed);
  await large.discard();
  const late = await store.receive();
  await assert.rejects(late.write(new Uint8Array(2_000_000)), failed);
});

test("keep() replaces what a crash left damaged under the file's name", async () => {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-files-"));
  try {
    const store = await openFolderFileStore(folder, countingRandom());
    const bytes = new TextEncoder().encode("the whole file");
    const sha256 = sha256Hex(bytes);
    await mkdir(join(folder, sha256.slice(0, 2)));
    await writeFile(storedFilePath(folder, sha256), "");
    const incoming = await store.receive();
    await incoming.write(bytes);
    await incoming.keep(sha256, new Uint8Array(3));
    assert.equal(await readFile(storedFilePath(folder, sha256), "utf8"), "the whole file");
    assert.deepEqual(await store.readMetadata(sha256), Buffer.alloc(3));
    assert.equal(await store.sweepIncoming(), 0);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("stream() gives each reader its own bytes, however many read and give up", async () => {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-files-"));
  try {
    const store = await openFolderFileStore(folder, countingRandom());
    const files = await Promise.all(
      Array.from({ length: 12 }, async (_, index) => {
        const bytes = new Uint8Array(1_200_000 + index).fill(index + 1);
        const incoming = await store.receive();
        await incoming.write(bytes);
        await incoming.keep(sha256Hex(bytes), new Uint8Array(1));
        return { sha256: sha256Hex(bytes), size: bytes.byteLength, value: index + 1 };
      }),
    );
    const read = async ({ sha256, size, value }: (typeof files)[number]): Promise<void> => {
      const file = await store.openFile(sha256);
      let seen = 0;
      for await (const chunk of file?.stream(0, size) ?? []) {
        // Others run here, with buffers of their own.
        await new Promise((resolve) => setImmediate(resolve));
        assert.ok(chunk.every((byte) => byte === value));
        seen += chunk.byteLength;
        if (value % 3 === 0) return;
      }
      assert.equal(seen, size);
    };
    for (let round = 0; round < 3; round += 1) await Promise.all(files.map(read));
  } finally {
    await rm(folder, { recursive: true });
  }
});
