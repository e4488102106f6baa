import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
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

test("openFolderPublicTree() says when the disk fails", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-tree-"));
  t.after(() => rm(folder, { recursive: true }));
  const tree = openFolderPublicTree(folder);
  await tree.write("tuf/x", []);
  // A file stands where a folder would have to be.
  await assert.rejects(tree.write("tuf/x/y", []), { code: "storage.failed" });
  assert.equal(await tree.read("tuf/x/y").catch(() => "failed"), "failed");
});
