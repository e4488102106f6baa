import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
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

for (const role of ["timestamp", "snapshot"]) {
  test(`writeRole() of a slower process does not take ${role} back`, async () => {
    const state = await aFolder();
    try {
      const fast = createFolderTrustedStore(state);
      const slow = createFolderTrustedStore(state);
      await fast.writeRole(role, roleBytes(11));
      await slow.writeRole(role, roleBytes(10));
      assert.deepEqual(new Uint8Array((await slow.readRole(role)) ?? []), roleBytes(11));
      await slow.writeRole(role, roleBytes(12));
      assert.deepEqual(await readdir(join(state, "tuf")), [`12.${role}.json`]);
    } finally {
      await rm(state, { recursive: true });
    }
  });
}

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

test("what a crash leaves between two steps is neither believed nor in the way", async () => {
  const state = await aFolder();
  try {
    const store = createFolderTrustedStore(state);
    await store.writeRole("timestamp", roleBytes(10));
    // Written, but the lower one not removed yet; a file half written; a root that was not given its name.
    const left = ["9.timestamp.json", "11.timestamp.json.a.new", "2.root.json.b.new", "x.new"];
    for (const name of left) await writeFile(join(state, "tuf", name), roleBytes(9).slice(0, 20));
    assert.deepEqual(new Uint8Array((await store.readRole("timestamp")) ?? []), roleBytes(10));
    assert.equal(await store.readRoot(), undefined);
    await store.writeRoot(2, roleBytes(2));
    await store.writeRole("timestamp", roleBytes(11));
    const versioned = (await readdir(join(state, "tuf"))).filter((name) => name.endsWith(".json"));
    assert.deepEqual(versioned.toSorted(), ["11.timestamp.json", "2.root.json"]);
  } finally {
    await rm(state, { recursive: true });
  }
});
