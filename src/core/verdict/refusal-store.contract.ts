/** What every RefusalStore must do; run by each adapter's test. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { verdictLimits } from "./limits.ts";
import type { Refusal, RefusalStore } from "./refusal.ts";

export type RefusalStoreUnderTest = {
  readonly store: RefusalStore;
  readonly reopen: () => RefusalStore;
  readonly close: () => Promise<void>;
};

export function aRefusal(refusal: Partial<Refusal> = {}): Refusal {
  return {
    code: "file.hash",
    kind: "wrong",
    sentence: "demo-1.0.tar.gz was altered",
    subject: "file demo-1.0.tar.gz",
    evidence: { signedSha256: "ab", sha256: "cd" },
    ...refusal,
  };
}

export function testRefusalStore(name: string, make: () => Promise<RefusalStoreUnderTest>): void {
  const at = (second: number): Date => new Date(Date.UTC(2026, 10, 21, 8, 0, second));

  test(`${name} refusals: counts the same, the latest first, over a reopen`, async () => {
    const { store, reopen, close } = await make();
    try {
      assert.deepEqual(await store.readRefusals(), []);
      const page = aRefusal({ code: "page.mismatch", subject: "page demo" });
      await store.recordRefusal(aRefusal(), at(1));
      await store.recordRefusal(page, at(2));
      await store.recordRefusal(aRefusal({ evidence: { sha256: "ef" } }), at(3));
      for (const opened of [store, reopen()]) {
        const [latest, earlier, ...more] = await opened.readRefusals();
        assert.deepEqual(more, []);
        assert.equal(latest?.count, 2);
        assert.equal(latest.code, "file.hash");
        assert.equal(latest.sentence, aRefusal().sentence);
        assert.deepEqual(latest.evidence, { sha256: "ef" });
        assert.equal(latest.firstAt, "2026-11-21T08:00:01Z");
        assert.equal(latest.lastAt, "2026-11-21T08:00:03Z");
        assert.equal(earlier?.subject, page.subject);
      }
    } finally {
      await close();
    }
  });

  test(`${name} refusals: keeps a bounded number, dropping the oldest`, async () => {
    const { store, close } = await make();
    try {
      const count = verdictLimits.refusalsMax + 5;
      for (let second = 0; second < count; second++) {
        await store.recordRefusal(aRefusal({ subject: `file ${second}` }), at(second));
      }
      const kept = await store.readRefusals();
      assert.equal(kept.length, verdictLimits.refusalsMax);
      assert.equal(kept[0]?.subject, `file ${count - 1}`);
      assert.equal(kept.at(-1)?.subject, "file 5");
    } finally {
      await close();
    }
  });
}
