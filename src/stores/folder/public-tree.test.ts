import assert from "node:assert/strict";
import { mkdtemp, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { testPublicTree } from "#core/publication/public-tree.contract.ts";
import { openFolderPublicTree } from "./public-tree.ts";

testPublicTree("folder", async () => {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-tree-"));
  const close = (): Promise<void> => rm(folder, { recursive: true });
  return { tree: openFolderPublicTree(folder), close };
});

test("openFolderPublicTree() never leaves its folder", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-tree-"));
  t.after(() => rm(folder, { recursive: true }));
  const tree = openFolderPublicTree(join(folder, "public"));
  for (const path of ["../x", "/x", "tuf/../../x", "tuf//x", ".x", "tuf/.x", ""]) {
    await assert.rejects(tree.write(path, []), /Invariant broken/, path);
  }
});

test("openFolderPublicTree() holds nothing of a file that is too large", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-tree-"));
  t.after(() => rm(folder, { recursive: true }));
  const tree = openFolderPublicTree(folder);
  const path = "tuf/timestamp.json";
  await tree.write(path, [new Uint8Array(3)]);
  // Sparse: more than any memory.
  await truncate(join(folder, path), 2 ** 40);
  await assert.rejects(tree.read(path, 2 ** 20), { code: "tuf.length" });
  assert.equal(await tree.readSize(path), 2 ** 40);
  assert.equal(await tree.replacePointer(path, new Uint8Array(3), new Uint8Array(1)), false);
  assert.equal(await tree.replacePointer(path, undefined, new Uint8Array(1)), false);
});

test("openFolderPublicTree() says when the disk fails", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-tree-"));
  t.after(() => rm(folder, { recursive: true }));
  const tree = openFolderPublicTree(folder);
  await tree.write("tuf/x", []);
  // A file stands where a folder would have to be.
  await assert.rejects(tree.write("tuf/x/y", []), { code: "storage.failed" });
  assert.equal(await tree.read("tuf/x/y", 100_000).catch(() => "failed"), "failed");
});
