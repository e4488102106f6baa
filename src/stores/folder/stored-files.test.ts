import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { sha256Hex } from "#crypto/hash.ts";
import { storedFilePath, storedMetadataPath } from "./file-store.ts";
import { openFolderStoredFiles } from "./stored-files.ts";

test("readHash() hashes what lies there, of every size, whatever its name says", async () => {
  const root = await mkdtemp(join(tmpdir(), "holdfast-stored-"));
  try {
    const files = openFolderStoredFiles(root);
    for (const size of [0, 1, 262_143, 262_144, 262_145, 3_000_001]) {
      const bytes = Buffer.alloc(size, "holdfast");
      const name = sha256Hex(Buffer.from(String(size)));
      await mkdir(dirname(storedFilePath(root, name)), { recursive: true });
      await writeFile(storedFilePath(root, name), bytes);
      assert.deepEqual(await files.readHash(name), { sha256: sha256Hex(bytes), size });
      assert.equal(await files.readMetadataHash(name), undefined);
      await writeFile(storedMetadataPath(root, name), `metadata of ${size}`);
      const expected = sha256Hex(Buffer.from(`metadata of ${size}`));
      assert.equal(await files.readMetadataHash(name), expected);
    }
    assert.equal(await files.readHash("ab".repeat(32)), undefined);
  } finally {
    await rm(root, { recursive: true });
  }
});

test("readHash() says when the store cannot be read", async () => {
  const root = await mkdtemp(join(tmpdir(), "holdfast-stored-"));
  try {
    const name = "cd".repeat(32);
    await mkdir(storedFilePath(root, name), { recursive: true });
    await assert.rejects(openFolderStoredFiles(root).readHash(name), {
      name: "UnavailableError",
      code: "storage.failed",
    });
  } finally {
    await rm(root, { recursive: true });
  }
});
