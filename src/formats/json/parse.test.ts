import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { anyJson } from "#world/any-json.ts";
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import { formatJson } from "./format.ts";
import { parseJson } from "./parse.ts";
import type { Json } from "./value.ts";

const parseText = (text: string): Json => parseJson(formatUtf8(text));

test("parseJson() reads back what formatJson() wrote", () => {
  fc.assert(
    fc.property(anyJson(), (value) => {
      assert.deepEqual(parseJson(formatJson(value)), value);
    }),
  );
});

test("parseJson() agrees with JSON.parse on what both take", () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 4 }), (text) => {
      let ours: Json;
      try {
        ours = parseText(text);
      } catch {
        return;
      }
      assert.deepEqual(plain(ours), JSON.parse(text));
    }),
  );
});

function plain(value: Json): unknown {
  if (value instanceof Map) {
    const entries = [...value].map(([name, member]) => [name, plain(member)] as const);
    return Object.fromEntries(entries);
  }
  return Array.isArray(value) ? value.map(plain) : value;
}

test("parseJson() never crashes on arbitrary bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      try {
        parseJson(bytes);
      } catch (error) {
        assert.match(String(Reflect.get(Object(error), "code")), /^(json|bytes)\./);
      }
    }),
  );
});

test("parseJson() accepts white space and every escape", () => {
  assert.deepEqual(parseText(' \t\r\n[ 1 , {"a" : "b"} ] \n'), [1, new Map([["a", "b"]])]);
  assert.equal(
    parseText('"\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\uD83D\\uDE00é"'),
    '"\\/\b\f\n\r\tA😀é',
  );
  assert.equal(parseText("9007199254740991"), Number.MAX_SAFE_INTEGER);
  assert.equal(parseText("-9007199254740991"), -Number.MAX_SAFE_INTEGER);
});

const refused: ReadonlyMap<string, readonly string[]> = new Map([
  ["json.duplicate-member", ['{"a":1,"a":1}', '{"a":1,"\\u0061":2}', '{"":0,"":0}']],
  [
    "json.number",
    [
      "-0",
      "1.0",
      "1e3",
      "1E3",
      "0.1",
      "01",
      "-01",
      "-",
      "00",
      "9007199254740992",
      "-9007199254740992",
      "1".repeat(17),
    ],
  ],
  [
    "json.string",
    [
      '"\\uD800"',
      '"\\uDC00\\uD800"',
      '"\\uD800x"',
      '"\\x"',
      '"\\u12G4"',
      '"\\u12',
      '"a\nb"',
      '"\\"\u0000"',
    ],
  ],
  [
    "json.depth",
    [
      "[".repeat(65) + "]".repeat(65),
      `${'{"a":'.repeat(65)}1${"}".repeat(65)}`,
      "[".repeat(100_000),
    ],
  ],
  [
    "json.syntax",
    [
      "",
      " ",
      "\uFEFF{}",
      "{}x",
      "{} {}",
      "[1,]",
      '{"a":1,}',
      "[,1]",
      '{"a"}',
      "{a:1}",
      "{'a':1}",
      "nul",
      "True",
      "NaN",
      "Infinity",
      "+1",
      ".5",
      "//\n1",
      '"',
      '"a',
      '"\\"',
      "[1",
      '{"a":1',
      "[1 2]",
      "\u00a01",
      "undefined",
    ],
  ],
]);

for (const [code, documents] of refused) {
  test(`parseJson() refuses with ${code}`, () => {
    for (const text of documents) {
      assert.throws(() => parseText(text), { code }, JSON.stringify(text.slice(0, 40)));
    }
  });
}

test("parseJson() keeps its limits and names the file and the place", () => {
  assert.throws(() => parseJson(formatUtf8("[1]"), { depthMax: 1, sizeMax: 2 }), {
    code: "json.size",
  });
  assert.deepEqual(parseJson(formatUtf8("[1]"), { depthMax: 1, sizeMax: 3 }), [1]);
  assert.throws(() => parseJson(formatUtf8("[1,}"), undefined, "root 2"), {
    at: "root 2 character 3",
  });
  assert.throws(() => parseJson(new Uint8Array([0x22, 0xff, 0x22])), { code: "bytes.utf8" });
});

test("parseJson() takes linear time for long numbers, strings and escapes", () => {
  // The quadratic reading of one long integer took others a minute at this size.
  const size = 4 * 1024 * 1024;
  assert.throws(() => parseText("1".repeat(size)), { code: "json.number" });
  assert.equal(parseText(`"${"\\n".repeat(size / 2)}"`), "\n".repeat(size / 2));
});

test("members named like parts of an object are members", () => {
  const value = parseText('{"__proto__":1,"constructor":2,"toString":3}');
  assert.deepEqual(
    value,
    new Map([
      ["__proto__", 1],
      ["constructor", 2],
      ["toString", 3],
    ]),
  );
});
