import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { anyJson } from "#world/any-json.ts";
import { parseUtf8 } from "#formats/bytes/utf8.ts";
import { canonicalText } from "./canonical.ts";
import { parseExact } from "./exact.ts";
import { formatJson } from "./format.ts";
import { parseText } from "./parse.ts";
import type { Json } from "./value.ts";

const depthMax = 8;

/** What the strict parser says: a tree, or undefined where it refuses. */
function strict(text: string): Json | undefined {
  try {
    return parseText(text, depthMax);
  } catch {
    return undefined;
  }
}

/** What it takes, the strict parser takes as the same tree with members in the same order; and canonical is canonical. */
function checkSame(text: string): boolean {
  const exact = parseExact(text, depthMax);
  if (exact === undefined) return false;
  assert.deepEqual(ordered(exact.tree), ordered(strict(text)), text);
  if (exact.isCanonical) assert.equal(canonicalText(exact.tree), text);
  return true;
}

/** deepEqual does not look at the order of a Map. */
function ordered(value: Json | undefined): unknown {
  if (value instanceof Map) return [...value].map(([name, member]) => [name, ordered(member)]);
  return Array.isArray(value) ? { array: value.map(ordered) } : value;
}

const fragment = fc.constantFrom(
  ...[
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    '"',
    '"a"',
    '"b"',
    '"__proto__"',
    '"10"',
    '"9"',
    "\\",
    " ",
    "\n",
  ],
  ...["0", "-0", "1", "1.0", "0.5", "1e3", "1e21", "9007199254740991", "9007199254740993", "null"],
  ...[
    "true",
    "\ufeff",
    "\\ud800",
    "\\u0041",
    "\u{1f600}",
    "\uff5e",
    '"a":1',
    '"a":1,',
    '{"a":',
    "[[",
  ],
);

test("parseExact() takes nothing that the strict parser reads differently", () => {
  const texts = fc.oneof(
    fc.array(fragment, { maxLength: 12 }).map((parts) => parts.join("")),
    fc.json({ maxDepth: 4 }),
    anyJson().map((value) => parseUtf8(formatJson(value))),
  );
  let taken = 0;
  fc.assert(
    fc.property(texts, (text) => {
      taken += checkSame(text) ? 1 : 0;
    }),
    { seed: 1, numRuns: 5_000 },
  );
  assert.ok(taken > 500, `${taken} of the texts were exact`);
});

test("parseExact() takes nothing that differs by one change from what it takes", () => {
  const change = fc.tuple(fc.nat(), fc.nat({ max: 3 }), fragment);
  fc.assert(
    fc.property(anyJson(), change, (value, [at, removed, added]) => {
      const text = parseUtf8(formatJson(value));
      const place = at % (text.length + 1);
      checkSame(text.slice(0, place) + added + text.slice(place + removed));
    }),
    { seed: 1, numRuns: 5_000 },
  );
});

/** A snapshot's text, its lines in order or not, some of them in other shapes. */
const snapshots = fc
  .tuple(
    fc.array(
      fc.tuple(
        fc.constantFrom(
          "a",
          "b",
          "bin-1",
          "bin-2",
          "c",
          "10",
          "9",
          "__proto__",
          "\uff5e",
          "\u{1f600}",
          "",
        ),
        fc.constantFrom(
          ...['{"version":1}', '{"version":23}', '{"version":999999999999999}', '{"version":0}'],
          ...[
            '{"version":9007199254740993}',
            '{"version":1.0}',
            '{"version":"1"}',
            '{"version":01}',
          ],
          ...['{"length":3,"version":1}', "{}", "[]", '{"version":1,"x":{"version":2}}', "7"],
        ),
      ),
    ),
    fc.boolean(),
    fc.constantFrom(
      "",
      '"meta":[1],',
      '"a":{"meta":{}},',
      '"a":"meta:{",',
      '"meta":{"a":{"version":1}},',
    ),
  )
  .map(([lines, isSorted, before]) => {
    const sorted = isSorted ? lines.toSorted(([a], [b]) => (a < b ? -1 : 1)) : lines;
    const members = sorted.map(([name, file]) => `"${name}":${file}`);
    return `{${before}"signed":{"meta":{${members.join(",")}},"version":1}}`;
  });

test("parseExact() reads the lines of a snapshot as the strict parser does", () => {
  let taken = 0;
  fc.assert(
    fc.property(snapshots, (text) => {
      taken += checkSame(text) ? 1 : 0;
    }),
    { seed: 1, numRuns: 5_000 },
  );
  assert.ok(taken > 500, `${taken} of the texts were exact`);
});

test("parseExact() takes no snapshot that differs by one change from what it takes", () => {
  const added = fc.constantFrom(
    "",
    ",",
    "{",
    "}",
    '"',
    ":",
    " ",
    "0",
    "a",
    '"meta":{',
    "\n",
    "\\",
    "[",
  );
  fc.assert(
    fc.property(snapshots, fc.nat(), fc.nat({ max: 3 }), added, (text, at, removed, more) => {
      const place = at % (text.length + 1);
      checkSame(text.slice(0, place) + more + text.slice(place + removed));
    }),
    { seed: 1, numRuns: 20_000 },
  );
});

test("parseExact() takes what is written compactly, and says whether it is canonical", () => {
  const canonical = '{"a":[1,-2,true,null,"\u{1f600}"],"b":{"\uff5e":0,"\u{1f600}":1}}';
  assert.equal(parseExact(canonical, depthMax)?.isCanonical, true);
  assert.equal(parseExact('{"b":1,"a":2}', depthMax)?.isCanonical, false);
  assert.equal(parseExact('{"a":{"c":1,"b":2}}', depthMax)?.isCanonical, false);
  const lines = (...names: readonly string[]): string =>
    `{"meta":{${names.map((name) => `"${name}":{"version":1}`).join(",")}}}`;
  assert.equal(parseExact(lines("a", "b", "\uff5e", "\u{1f600}"), depthMax)?.isCanonical, true);
  assert.equal(parseExact(lines("a", "\u{1f600}", "\uff5e"), depthMax)?.isCanonical, false);
  assert.equal(parseExact(lines("b", "a"), depthMax)?.isCanonical, false);
});

for (const [what, text] of Object.entries({
  "a member named twice": '{"a":1,"a":1}',
  "a member named twice, differently spelt": '{"a":1,"\\u0061":1}',
  "a number that is rounded": "9007199254740993",
  "a number that is not exact, but written as it is read": "9007199254740992",
  "a fraction": "[0.5]",
  "an exponent that is written as it is read": "[1e+21]",
  "minus zero": "[-0]",
  "a lone surrogate that is written as it is read": '["\\ud800"]',
  "an escape": '["\\n"]',
  "white space": "[1, 2]",
  "a byte order mark": "\ufeff[]",
  "text after the document": "[] ",
  nothing: "",
  "a comma after the last of a snapshot's lines": '{"meta":{"a":{"version":1},}}',
  "a snapshot's line that is there twice": '{"meta":{"a":{"version":1},"a":{"version":2}}}',
  "a line that is there again in another shape": '{"meta":{"a":{"version":1},"a":{"x":2}}}',
  "a line whose number is not exact": '{"meta":{"a":{"version":9007199254740993}}}',
  "a snapshot's lines that are nested too deeply": `${"[".repeat(depthMax - 1)}{"meta":{"a":{"version":1}}}${"]".repeat(depthMax - 1)}`,
  "nesting that is too deep": "[".repeat(depthMax + 1) + "]".repeat(depthMax + 1),
  "nesting that cannot be written again": "[".repeat(100_000) + "]".repeat(100_000),
  "a text that is too long": `["${"a".repeat(4 * 1024 * 1024)}"]`,
})) {
  test(`parseExact() leaves ${what} to the strict parser`, () => {
    assert.equal(parseExact(text, depthMax), undefined);
  });
}

test("parseExact() reads a number alone like any other member", () => {
  const text = '[{"a":1},{"a":1},{"a":2},{"b":1},{"a":"1"}]';
  assert.ok(checkSame(text));
  assert.equal(parseExact('[{"a":1},{"a":0.5}]', depthMax), undefined);
  const deep = "[".repeat(depthMax) + '{"a":1}' + "]".repeat(depthMax);
  assert.equal(parseExact(deep, depthMax), undefined);
});

test("parseExact() nests as deep as the strict parser", () => {
  const text = "[".repeat(depthMax) + "]".repeat(depthMax);
  assert.ok(parseExact(text, depthMax) !== undefined);
  assert.ok(strict(text) !== undefined);
});
