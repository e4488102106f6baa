import assert from "node:assert/strict";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { roleBytes, testTrustedStore } from "#core/tuf/trusted-store.contract.ts";
import { createFolderTrustedStore } from "./trusted-store.ts";

const aFolder = (): Promise<string> => mkdtemp(join(tmpdir(), "holdfast-trust-"));

testTrustedStore("folder", async () => {
  const state = await aFolder();
  return {
    store: createFolderTrustedStore(state),
    reopen: () => createFolderTrustedStore(state),
    close: () => rm(state, { recursive: true }),
  };
});

test("writeRole() of a slower process does not take trust back", async () => {
  const state = await aFolder();
  try {
    const fast = createFolderTrustedStore(state);
    const slow = createFolderTrustedStore(state);
    await fast.writeRole("timestamp", roleBytes(11));
    await slow.writeRole("timestamp", roleBytes(10));
    assert.deepEqual(new Uint8Array((await slow.readRole("timestamp")) ?? []), roleBytes(11));
    await slow.writeRole("timestamp", roleBytes(12));
    assert.deepEqual(await readdir(join(state, "tuf")), ["12.timestamp.json"]);
  } finally {
    await rm(state, { recursive: true });
  }
});

test("writeRoot() refuses a second root of one version, and keeps all versions", async () => {
  const state = await aFolder();
  try {
    const store = createFolderTrustedStore(state);
    await store.writeRoot(1, roleBytes(1));
    await store.writeRoot(2, roleBytes(2));
    await assert.rejects(store.writeRoot(2, roleBytes(2, "other")), {
      name: "TrustError",
      code: "tuf.version",
    });
    assert.deepEqual(new Uint8Array((await store.readRoot()) ?? []), roleBytes(2));
    assert.deepEqual((await readdir(join(state, "tuf"))).toSorted(), [
      "1.root.json",
      "2.root.json",
    ]);
  } finally {
    await rm(state, { recursive: true });
  }
});
