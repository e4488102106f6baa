import assert from "node:assert/strict";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { makeFolders } from "./make-folders.ts";

test("makeFolders() makes what is missing, and says whether it did", async (t) => {
  const root = await mkdtemp(join(tmpdir(), "holdfast-folders-"));
  t.after(() => rm(root, { recursive: true }));
  const path = join(root, "a", "b", "c");
  assert.equal(await makeFolders(path, 0o700), true);
  assert.equal((await stat(path)).mode & 0o777, 0o700);
  assert.equal(await makeFolders(path, 0o700), false);
  await writeFile(join(root, "file"), "");
  await assert.rejects(makeFolders(join(root, "file", "d"), 0o700), { code: "ENOTDIR" });
});

test(
  "makeFolders() gives up where there can be no folder",
  {
    skip: process.platform !== "linux" && "there is no /proc here",
  },
  async () => {
    for (const path of ["/proc/holdfast", "/proc/holdfast/below"]) {
      await assert.rejects(makeFolders(path, 0o700), { code: "ENOENT" });
    }
  },
);
