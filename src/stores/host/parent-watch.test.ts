import assert from "node:assert/strict";
import { test } from "node:test";
import { parseParentPid, watchParent } from "./parent-watch.ts";

test("watchParent() calls once when the parent changes", async () => {
  let parentPid = 10;
  let calls = 0;
  const gone = Promise.withResolvers<void>();
  // The watch itself does not keep a process alive, so the test does.
  const alive = setInterval(() => undefined, 1_000);
  watchParent({ parentPid: 10, intervalMs: 1, readParentPid: () => parentPid }, () => {
    calls += 1;
    gone.resolve();
  });
  assert.equal(calls, 0);
  parentPid = 1;
  await gone.promise;
  clearInterval(alive);
  assert.equal(calls, 1);
});

test("watchParent() calls at once when the parent is gone already", () => {
  let calls = 0;
  watchParent({ parentPid: 10, readParentPid: () => 1 }, () => {
    calls += 1;
  });
  assert.equal(calls, 1);
});

test("parseParentPid() takes a pid and nothing else", () => {
  assert.equal(parseParentPid("4711"), 4711);
  for (const text of [undefined, "", "0", "-1", "1.5", "12 ", "99999999999"]) {
    assert.equal(parseParentPid(text), undefined);
  }
});
