import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatDuration, parseDuration } from "./duration.ts";

test("parseDuration() reads back what formatDuration() writes", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 3_000_000_000_000 }), (ms) => {
      assert.equal(parseDuration(formatDuration(ms)), ms);
    }),
  );
});

test("formatDuration() takes the largest unit that fits", () => {
  assert.deepEqual(
    [0, 250, 3_000, 90_000, 86_400_000, 604_800_000, 31_536_000_000].map(formatDuration),
    ["0ms", "250ms", "3s", "90s", "1d", "1w", "1y"],
  );
});
