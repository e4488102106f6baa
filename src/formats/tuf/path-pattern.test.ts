import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { matchesPathPattern, pathPattern } from "./path-pattern.ts";

const vectors = join(import.meta.dirname, "../../../test/vectors/tuf/path-patterns.json");

test("matchesPathPattern() answers as Python's fnmatch does on each segment", () => {
  const cases: readonly [string, string, boolean][] = JSON.parse(readFileSync(vectors, "utf8"));
  assert.ok(cases.length > 1000);
  for (const [pattern, path, expected] of cases) {
    assert.equal(matchesPathPattern(pattern, path), expected, JSON.stringify([pattern, path]));
  }
});

test("matchesPathPattern() lets nothing but a slash match a slash", () => {
  for (const pattern of ["a?b", "a*b", "a[/]b", "a[!x]b", "a[.-0]b", "*", "???"]) {
    assert.equal(matchesPathPattern(pattern, "a/b"), false, pattern);
  }
  for (const pattern of ["a/b", "?/?", "*/*", "[a]/[!x]"]) {
    assert.equal(matchesPathPattern(pattern, "a/b"), true, pattern);
  }
});

test("matchesPathPattern() does not take exponential time", () => {
  const pattern = `${"*a".repeat(100)}b`;
  assert.equal(matchesPathPattern(pattern, "a".repeat(1000)), false);
});

test("pathPattern() refuses what is longer than any honest pattern", () => {
  assert.equal(pathPattern("simple/*/index.json", ""), "simple/*/index.json");
  assert.throws(() => pathPattern("a".repeat(1025), ""), { code: "tuf.path-pattern" });
});
