import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { lockFolder } from "./folder-lock.ts";

test("lockFolder() lets one in at a time", (t) => {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-lock-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const lock = lockFolder(folder);
  assert.throws(() => lockFolder(folder), { code: "data-folder.in-use" });
  lock.release();
  lockFolder(folder).release();
});
