/** What every TrustedStore must do; run by each adapter's test. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TrustedStore } from "./trusted-store.ts";

export type TrustedStoreUnderTest = {
  readonly store: TrustedStore;
  /** The same storage, as another process would open it. */
  readonly reopen: () => TrustedStore;
  readonly close: () => Promise<void>;
};

/** A role file, as far as a store could look into it. */
export function roleBytes(version: number, more = ""): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ signatures: [], signed: { more, version } }));
}

export function testTrustedStore(name: string, make: () => Promise<TrustedStoreUnderTest>): void {
  const run = (claim: string, body: (under: TrustedStoreUnderTest) => Promise<void>): void => {
    test(`${name} trusted store: ${claim}`, async () => {
      const under = await make();
      try {
        await body(under);
      } finally {
        await under.close();
      }
    });
  };
  const text = (bytes: Uint8Array | undefined): string | undefined =>
    bytes === undefined ? undefined : new TextDecoder().decode(bytes);

  run("answers the newest root", async ({ store, reopen }) => {
    assert.equal(await store.readRoot(), undefined);
    for (const version of [1, 2, 9, 10]) {
      await store.writeRoot(version, roleBytes(version));
      assert.equal(text(await store.readRoot()), text(roleBytes(version)));
    }
    await store.writeRoot(10, roleBytes(10));
    assert.equal(text(await reopen().readRoot()), text(roleBytes(10)));
  });

  run("keeps every root", async ({ store, reopen }) => {
    for (const version of [1, 2, 10]) await store.writeRoot(version, roleBytes(version));
    for (const version of [1, 2, 10]) {
      assert.equal(text(await reopen().readRootAt(version)), text(roleBytes(version)));
    }
    assert.equal(await store.readRootAt(3), undefined);
  });

  run("keeps the last file of each role, byte for byte", async ({ store, reopen }) => {
    const names = [
      "timestamp",
      "snapshot",
      "targets",
      "bin-0f",
      "../etc",
      "Ünïcode/? #",
      "x".repeat(400),
    ];
    for (const role of names) {
      assert.equal(await store.readRole(role), undefined);
      await store.writeRole(role, roleBytes(1, role));
      await store.writeRole(role, roleBytes(2, role));
      await store.writeRole(role, roleBytes(2, `${role} again`));
    }
    for (const opened of [store, reopen()]) {
      for (const role of names) {
        assert.equal(text(await opened.readRole(role)), text(roleBytes(2, `${role} again`)));
      }
    }
  });

  run("keeps the last targets, also where a recovery took their version back", async (under) => {
    const { store, reopen } = under;
    for (const version of [100, 1]) await store.writeRole("targets", roleBytes(version));
    assert.equal(text(await reopen().readRole("targets")), text(roleBytes(1)));
  });

  run("deletes, so that lower versions can be kept again", async ({ store, reopen }) => {
    await store.writeRole("timestamp", roleBytes(1_000));
    await store.deleteRole("timestamp");
    await store.deleteRole("timestamp");
    assert.equal(await reopen().readRole("timestamp"), undefined);
    await store.writeRole("timestamp", roleBytes(3));
    assert.equal(text(await reopen().readRole("timestamp")), text(roleBytes(3)));
  });

  run("answers nothing of another since, nor lets it take the place", async (under) => {
    const { store, reopen } = under;
    const kept = async (since?: number): Promise<string | undefined> =>
      text(await reopen().readRole("timestamp", since));
    await store.writeRole("timestamp", roleBytes(1_000));
    assert.equal(await kept(2), undefined);
    await store.deleteRole("timestamp", 0);
    assert.equal(await kept(), text(roleBytes(1_000)));
    await store.writeRole("timestamp", roleBytes(3), 2);
    assert.deepEqual([await kept(2), await kept(7)], [text(roleBytes(3)), undefined]);
    // A slower process that has not seen root 2 yet.
    await store.writeRole("timestamp", roleBytes(1_001));
    assert.equal(await kept(2), text(roleBytes(3)));
    await store.deleteRole("timestamp", 2);
    assert.deepEqual([await kept(2), await kept()], [text(roleBytes(3)), undefined]);
    await store.deleteRole("timestamp");
    assert.equal(await kept(2), undefined);
  });
}
