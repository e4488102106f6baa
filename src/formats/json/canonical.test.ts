import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { formatUtf8, parseUtf8 } from "#formats/bytes/utf8.ts";
import { anyJson } from "#world/any-json.ts";
import { canonicalJson, compareCodePoints } from "./canonical.ts";
import { formatJson } from "./format.ts";
import { parseJson } from "./parse.ts";
import type { Json } from "./value.ts";

const vectors = join(import.meta.dirname, "../../../test/vectors/tuf/canonical.json");

test("canonicalJson() gives what securesystemslib gives", () => {
  const cases: readonly [string, string][] = JSON.parse(readFileSync(vectors, "utf8"));
  assert.ok(cases.length > 100);
  for (const [document, canonical] of cases) {
    assert.equal(parseUtf8(canonicalJson(parseJson(formatUtf8(document)))), canonical, document);
  }
});

/** The definition, written down as plainly as it can be. */
function naiveCanonical(value: Json): string {
  if (typeof value === "string") {
    return `"${Array.from(value, (c) => (c === '"' || c === "\\" ? `\\${c}` : c)).join("")}"`;
  }
  if (Array.isArray(value)) return `[${value.map(naiveCanonical).join(",")}]`;
  if (value instanceof Map) {
    const members = [...value].map(
      ([name, member]) => [formatUtf8(name), naiveCanonical(name), naiveCanonical(member)] as const,
    );
    const ordered = members.toSorted(([a], [b]) => Buffer.compare(a, b));
    return `{${ordered.map(([, name, member]) => `${name}:${member}`).join(",")}}`;
  }
  return JSON.stringify(value);
}

test("canonicalJson() agrees with the definition", () => {
  fc.assert(
    fc.property(anyJson(), (value) => {
      assert.equal(parseUtf8(canonicalJson(value)), naiveCanonical(value));
    }),
  );
});

test("canonicalJson() and formatJson() do not depend on the order of members", () => {
  const one = new Map([
    ["\uFF5E", 1],
    ["\u{1F600}", 2],
  ]);
  const other = new Map([
    ["\u{1F600}", 2],
    ["\uFF5E", 1],
  ]);
  assert.deepEqual(canonicalJson(one), canonicalJson(other));
  assert.deepEqual(formatJson(one), formatJson(other));
  assert.equal(parseUtf8(canonicalJson(one)), '{"\uFF5E":1,"\u{1F600}":2}');
});

test("compareCodePoints() orders as UTF-8 bytes do", () => {
  const text = fc.string({ unit: "binary", maxLength: 4 });
  fc.assert(
    fc.property(text, text, (a, b) => {
      const bytes = Buffer.compare(formatUtf8(a), formatUtf8(b));
      assert.equal(Math.sign(compareCodePoints(a, b)), bytes);
    }),
  );
});

test("canonicalJson() and formatJson() refuse what has no exact form", () => {
  for (const value of [1.5, -0, Number.NaN, 2 ** 53, Number.POSITIVE_INFINITY]) {
    assert.throws(() => canonicalJson([value]), { code: "json.number" });
    assert.throws(() => formatJson([value]), { code: "json.number" });
  }
  assert.throws(() => canonicalJson(["\uD800"]), { code: "bytes.utf8" });
  assert.throws(() => formatJson(new Map([["\uDC00", 1]])), { code: "bytes.utf8" });
});
