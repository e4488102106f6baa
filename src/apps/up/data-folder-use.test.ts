import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { dataFolder } from "#stores/folder/data-folder.ts";
import { useDataFolder } from "./data-folder-use.ts";

test("useDataFolder() makes missing folders, and refuses what cannot be one", () => {
  const root = mkdtempSync(join(tmpdir(), "holdfast-use-"));
  try {
    useDataFolder(dataFolder(join(root, "a", "b"))).release();
    const file = join(root, "file");
    writeFileSync(file, "");
    const code = "data-folder.unusable";
    assert.throws(() => useDataFolder(dataFolder(join(file, "data"))), { code });
    assert.throws(() => useDataFolder(dataFolder(root)), { code });
    // Where names are refused with "not found", Node's own recursive mkdir never returns.
    if (process.platform === "linux") {
      assert.throws(() => useDataFolder(dataFolder("/proc/no/data")), { code });
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
