/** What every AnchorStore must do; run by each adapter's test. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Anchor, AnchorStore } from "./anchor.ts";

export type AnchorStoreUnderTest = {
  readonly store: AnchorStore;
  /** The same storage, as another process would open it. */
  readonly reopen: () => AnchorStore;
  readonly close: () => Promise<void>;
};

export function anAnchor(anchor: Partial<Anchor> = {}): Anchor {
  return {
    index: "https://index.example/",
    fingerprint: `sha256:${"ab".repeat(32)}`,
    rootVersion: 1,
    origin: "first-use",
    time: "2026-11-21T08:00:00Z",
    ...anchor,
  };
}

export function testAnchorStore(name: string, make: () => Promise<AnchorStoreUnderTest>): void {
  const run = (claim: string, body: (under: AnchorStoreUnderTest) => Promise<void>): void => {
    test(`${name} anchors: ${claim}`, async () => {
      const under = await make();
      try {
        await body(under);
      } finally {
        await under.close();
      }
    });
  };
  const other = anAnchor({ fingerprint: `sha256:${"cd".repeat(32)}` });

  run("keeps the first anchor, over a reopen", async ({ store, reopen }) => {
    assert.equal(await store.readAnchor(), undefined);
    assert.deepEqual(await store.writeAnchor(anAnchor()), anAnchor());
    assert.deepEqual(await reopen().readAnchor(), anAnchor());
  });

  run("never replaces an anchor by another", async ({ store, reopen }) => {
    await store.writeAnchor(anAnchor());
    assert.deepEqual(await reopen().writeAnchor(other), anAnchor());
    assert.deepEqual(await store.readAnchor(), anAnchor());
  });

  run("lets one of two first writers win", async ({ store, reopen }) => {
    const answers = await Promise.all([store.writeAnchor(anAnchor()), reopen().writeAnchor(other)]);
    const kept = await store.readAnchor();
    assert.deepEqual(answers, [kept, kept]);
  });

  run("brings the index's address up to date", async ({ store }) => {
    await store.writeAnchor(anAnchor());
    const moved = anAnchor({ index: "https://new.example/", time: "2027-01-01T00:00:00Z" });
    const kept = anAnchor({ index: "https://new.example/" });
    assert.deepEqual(await store.writeAnchor(moved), kept);
    assert.deepEqual(await store.readAnchor(), kept);
  });
}
