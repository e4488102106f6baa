import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import { openTargetFolder } from "./target-folder.ts";

test("openTargetFolder() gives back what it took, and nothing of another length", async (t) => {
  const parent = await mkdtemp(join(tmpdir(), "holdfast-targets-"));
  t.after(() => rm(parent, { recursive: true }));
  const folder = join(parent, "made");
  const files = openTargetFolder(folder);
  assert.equal(await files.readTarget("../x", 3), undefined);
  for (const content of ["one", "two"]) await files.writeTarget("../x", formatUtf8(content));
  assert.deepEqual(new Uint8Array((await files.readTarget("../x", 3)) ?? []), formatUtf8("two"));
  assert.equal(await files.readTarget("../x", 4), undefined);
  assert.deepEqual([await readdir(parent), await readdir(folder)], [["made"], ["%2E.%2Fx"]]);
  await writeFile(join(folder, "file"), "");
  await assert.rejects(openTargetFolder(join(folder, "file")).readTarget("x", 0), {
    code: "storage.failed",
  });
});
