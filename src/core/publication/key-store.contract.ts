/** What every KeyStore must do; run by each adapter's test. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { onlineKeyNames } from "#core/tuf/layout.ts";
import type { OnlineKeyName } from "#core/tuf/layout.ts";
import { keyAt } from "./key-ring.ts";
import type { KeyPlace } from "./key-ring.ts";
import type { KeyStore } from "./key-store.ts";

export type KeyStoreUnderTest = {
  /** Holds one key for each role, in its place, and no other. */
  readonly store: KeyStore;
  /** Puts a new key there. */
  make(name: OnlineKeyName, place: KeyPlace): Promise<void>;
  close(): Promise<void>;
};

export function testKeyStore(name: string, make: () => Promise<KeyStoreUnderTest>): void {
  const run = (claim: string, body: (under: KeyStoreUnderTest) => Promise<void>): void => {
    test(`${name}: ${claim}`, async () => {
      const under = await make();
      try {
        await body(under);
      } finally {
        await under.close();
      }
    });
  };

  const idAt = async (
    { store }: KeyStoreUnderTest,
    key: OnlineKeyName,
    place: KeyPlace,
  ): Promise<string | undefined> => keyAt(await store.read(), key, place)?.key.keyId;

  run("reads every key that is there, by name and place", async (under) => {
    for (const one of onlineKeyNames) {
      assert.ok(await idAt(under, one, "current"), one);
      assert.equal(await idAt(under, one, "next"), undefined);
      assert.equal(await idAt(under, one, "retired"), undefined);
    }
    const before = await idAt(under, "bins", "current");
    await under.make("bins", "next");
    await under.make("bins", "retired");
    const ids = [before, await idAt(under, "bins", "next"), await idAt(under, "bins", "retired")];
    assert.equal(new Set(ids).size, 3);
    assert.equal(await idAt(under, "bins", "current"), before);
    assert.deepEqual((await under.store.read()).unusable, []);
  });

  run("moves a key, whatever lay there before", async (under) => {
    const old = await idAt(under, "snapshot", "current");
    const other = await idAt(under, "timestamp", "current");
    await under.make("snapshot", "next");
    await under.make("snapshot", "retired");
    const next = await idAt(under, "snapshot", "next");
    await under.store.move("snapshot", "current", "retired");
    assert.equal(await idAt(under, "snapshot", "current"), undefined);
    assert.equal(await idAt(under, "snapshot", "retired"), old);
    assert.equal(await idAt(under, "snapshot", "next"), next);
    await under.store.move("snapshot", "next", "current");
    assert.equal(await idAt(under, "snapshot", "current"), next);
    assert.equal(await idAt(under, "snapshot", "next"), undefined);
    assert.equal(await idAt(under, "timestamp", "current"), other);
    assert.deepEqual((await under.store.read()).unusable, []);
  });
}
