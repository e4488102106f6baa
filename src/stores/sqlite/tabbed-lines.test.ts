import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatLines, parseLines } from "./tabbed-lines.ts";

const field = fc.string({ unit: "binary" }).filter((text) => !/[\t\n]/.test(text));

test("lines are read back as they were written", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(field, field, field)), (rows) => {
      assert.deepEqual(parseLines(formatLines(rows), 3), rows);
    }),
  );
});

test("a field that would be two is not written", () => {
  for (const bad of ["a\tb", "a\nb"]) {
    assert.throws(() => formatLines([["x", bad]]), /one piece of a line/);
  }
});

test("lines that were not written here are not read", () => {
  for (const text of ["a\tb", "a\n", "a\tb\tc\n", "a\tb\n\n"]) {
    assert.throws(() => parseLines(text, 2), text);
  }
});
