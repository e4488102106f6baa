import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { anAnchor, testAnchorStore } from "#core/verdict/anchor-store.contract.ts";
import { createFolderAnchorStore } from "./anchor-store.ts";

testAnchorStore("folder", async () => {
  const state = await mkdtemp(join(tmpdir(), "holdfast-anchor-"));
  return {
    store: createFolderAnchorStore(state),
    reopen: () => createFolderAnchorStore(state),
    close: () => rm(state, { recursive: true }),
  };
});

test("readAnchor() does not take a damaged anchor for none", async () => {
  const state = await mkdtemp(join(tmpdir(), "holdfast-anchor-"));
  try {
    const store = createFolderAnchorStore(state);
    await store.writeAnchor(anAnchor());
    const path = join(state, "anchor.json");
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    const text = await readFile(path, "utf8");
    for (const damaged of ["", "{}", text.replace("sha256:ab", "sha256:xx"), text.slice(0, -3)]) {
      await writeFile(path, damaged);
      await assert.rejects(store.readAnchor(), { name: "TrustError", code: "anchor.missing" });
      await assert.rejects(store.writeAnchor(anAnchor()), { code: "anchor.missing" });
    }
  } finally {
    await rm(state, { recursive: true });
  }
});
