import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseByteRange } from "./byte-range.ts";

test("parseByteRange() reads the three forms and bounds them by the file", () => {
  assert.deepEqual(parseByteRange("bytes=0-0", 10), { start: 0, end: 1 });
  assert.deepEqual(parseByteRange("bytes=5-", 10), { start: 5, end: 10 });
  assert.deepEqual(parseByteRange("bytes=-3", 10), { start: 7, end: 10 });
  assert.deepEqual(parseByteRange("bytes=-30", 10), { start: 0, end: 10 });
  assert.deepEqual(parseByteRange("bytes=2-99", 10), { start: 2, end: 10 });
  assert.equal(parseByteRange("bytes=10-", 10), "unsatisfiable");
  assert.equal(parseByteRange("bytes=-0", 10), "unsatisfiable");
  assert.equal(parseByteRange("bytes=0-", 0), "unsatisfiable");
  for (const whole of [
    undefined,
    "",
    "bytes=-",
    "bytes=3-2",
    "bytes=0-1,3-4",
    "x=1-2",
    "bytes=1",
  ]) {
    assert.equal(parseByteRange(whole, 10), undefined, whole);
  }
});

test("parseByteRange() never leaves the file, whatever it is given", () => {
  const header = fc.oneof(
    fc.string(),
    fc.tuple(fc.nat(), fc.nat()).map(([a, b]) => `bytes=${a}-${b}`),
    fc.nat().map((a) => `bytes=-${a}`),
  );
  fc.assert(
    fc.property(header, fc.nat({ max: 100 }), (text, size) => {
      const range = parseByteRange(text, size);
      if (range === undefined || range === "unsatisfiable") return;
      assert.ok(range.start >= 0 && range.start < range.end && range.end <= size);
    }),
  );
});
