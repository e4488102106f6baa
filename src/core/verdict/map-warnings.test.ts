import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { matchesPathPattern } from "#formats/tuf/path-pattern.ts";
import type { Mapping } from "#formats/config/proxy-config.ts";
import { mapWarnings, patternsOverlap } from "./map-warnings.ts";

function mapping(names: string, indexes: string, more: Partial<Mapping> = {}): Mapping {
  return {
    names: names.split(" "),
    indexes: indexes.split(" "),
    agree: 1,
    terminating: true,
    ...more,
  };
}

const codes = (mappings: readonly Mapping[], indexes = "own public"): readonly string[] =>
  mapWarnings(mappings, indexes.split(" ")).map(({ code }) => code);

test("mapWarnings() finds nothing in a closed name space before a catch-all", () => {
  assert.deepEqual(codes([mapping("acme acme-*", "own"), mapping("*", "public")]), []);
  // Whoever has no name of their own may look in one place after the other.
  assert.deepEqual(codes([mapping("*", "own public")]), []);
  const apart = [mapping("acme-*", "own", { terminating: false }), mapping("zope-*", "public")];
  assert.deepEqual(codes(apart), []);
});

test("mapWarnings() tells a name space that is open because its mapping does not terminate", () => {
  const open = [mapping("acme-*", "own", { terminating: false }), mapping("*", "public")];
  assert.deepEqual(codes(open), ["map.open"]);
  const [warning] = mapWarnings(open, ["own", "public"]);
  assert.match(warning?.sentence ?? "", /"acme-\*" that own does not have is taken from public/);
  const partly = [mapping("acme-*", "own", { terminating: false }), mapping("*-core", "public")];
  assert.deepEqual(codes(partly), ["map.open"]);
});

test("mapWarnings() tells a name space that is open because a second index answers too", () => {
  assert.deepEqual(codes([mapping("acme-*", "own public")]), ["map.open"]);
  assert.deepEqual(codes([mapping("acme-*", "own public", { agree: 2 })]), []);
});

test("mapWarnings() tells names for which an earlier mapping has the last word", () => {
  const late = [mapping("*", "public"), mapping("acme-*", "own")];
  assert.deepEqual(codes(late), ["map.unreachable"]);
  const [warning] = mapWarnings(late, ["own", "public"]);
  assert.match(warning?.sentence ?? "", /"acme-\*" to own never speaks: public has the last word/);
  assert.deepEqual(codes([mapping("acme-*", "own"), mapping("acme-core", "public")]), [
    "map.unreachable",
  ]);
  assert.deepEqual(codes([mapping("acme-core", "own"), mapping("acme-*", "public")]), []);
});

test("mapWarnings() tells an agreement that two groups can reach, and indexes that nothing names", () => {
  const many = "a b c d";
  assert.deepEqual(codes([mapping("*", many, { agree: 2 })], many), ["map.split"]);
  assert.deepEqual(codes([mapping("*", many, { agree: 3 })], many), []);
  assert.deepEqual(codes([mapping("*", "own")]), ["map.unused"]);
});

const pattern = fc.string({ unit: fc.constantFrom("a", "b", "-", "*"), maxLength: 6 });
const name = fc.string({ unit: fc.constantFrom("a", "b", "-"), maxLength: 8 });

test("patternsOverlap() is true for patterns that a name shows to overlap", () => {
  fc.assert(
    fc.property(pattern, pattern, name, (left, right, text) => {
      const both = matchesPathPattern(left, text) && matchesPathPattern(right, text);
      return !both || patternsOverlap(left, right);
    }),
    { numRuns: 3_000, seed: 8 },
  );
});

test("patternsOverlap() is false where no short name matches both", () => {
  const texts = [""];
  for (const text of texts) if (text.length < 7) texts.push(`${text}a`, `${text}b`);
  const short = fc.string({ unit: fc.constantFrom("a", "b", "*"), maxLength: 4 });
  fc.assert(
    fc.property(short, short, (left, right) => {
      const both = texts.some(
        (text) => matchesPathPattern(left, text) && matchesPathPattern(right, text),
      );
      return both === patternsOverlap(left, right) && both === patternsOverlap(right, left);
    }),
    { numRuns: 300, seed: 8 },
  );
});
