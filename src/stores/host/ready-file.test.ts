import assert from "node:assert/strict";
import { mkdtemp, readFile, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { removeReadyFile, writeReadyFile } from "./ready-file.ts";

test("writeReadyFile() leaves one complete file that only its owner can read", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-ready-"));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, "ready.json");
  await writeReadyFile(path, { index: "http://127.0.0.1:1/", token: null });
  assert.equal(await readFile(path, "utf8"), '{"index":"http://127.0.0.1:1/","token":null}\n');
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.deepEqual(await readdir(folder), ["ready.json"]);
  await removeReadyFile(path);
  await removeReadyFile(path);
  assert.deepEqual(await readdir(folder), []);
});

test("writeReadyFile() refuses a folder that is not there", async () => {
  await assert.rejects(writeReadyFile(join(tmpdir(), "holdfast-not-there", "ready.json"), {}), {
    code: "ready-file.unwritable",
  });
});
