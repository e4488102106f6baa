import assert from "node:assert/strict";
import { test } from "node:test";
import { createSimClock } from "#world/sim-clock.ts";
import { openLater } from "./open-later.ts";

test("openLater() opens once, for all who ask", async () => {
  let count = 0;
  const open = openLater(async () => (count += 1), createSimClock("2026-11-21T08:00:00Z").now);
  assert.deepEqual(await Promise.all([open(), open()]), [1, 1]);
  assert.equal(await open(), 1);
});

test("openLater() tries again after a failure, once a second, and says the last one meanwhile", async () => {
  const clock = createSimClock("2026-11-21T08:00:00Z");
  let count = 0;
  const open = openLater(async () => {
    count += 1;
    if (count < 3) throw new Error(`failure ${count}`);
    return count;
  }, clock.now);
  await assert.rejects(Promise.all([open(), open()]), /failure 1/);
  await assert.rejects(open(), /failure 1/);
  clock.advance(1_000);
  await assert.rejects(open(), /failure 2/);
  // A clock that was set back must not hold it off for as long.
  clock.advance(-3_600_000);
  assert.equal(await open(), 3);
});
