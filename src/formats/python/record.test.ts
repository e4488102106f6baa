import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseCsv } from "./csv.ts";
import { parseRecord } from "./record.ts";
import type { RecordRow } from "./record.ts";

function parse(text: string): ReadonlyMap<string, RecordRow> {
  return parseRecord(new TextEncoder().encode(text));
}

const digest = "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";
const hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

test("parseRecord() reads rows as Python's csv module writes them", () => {
  const rows = parse(`a.py,sha256=${digest},0\r\n"b,""c"".py",sha256=${digest},\n\nd/RECORD,,\n`);
  assert.deepEqual(
    [...rows.values()],
    [
      { path: "a.py", hash: { name: "sha256", hex }, size: 0 },
      { path: 'b,"c".py', hash: { name: "sha256", hex } },
      { path: "d/RECORD" },
    ],
  );
});

test("parseRecord() refuses what is not RECORD", () => {
  const texts = [
    ...["a.py", "a.py,,,", ",,", "a.py,,x", "a.py,,-1", "a.py,md5=abc,1", "a.py,sha256,1"],
    ...[`a.py,sha256=${digest}=,1`, `a.py,sha256=${digest.slice(1)},1`, `a.py,sha512=${digest},1`],
    ...[`a.py,sha256=${digest.replaceAll("-", "+")},1`, '"a.py,,', '"a"b,,', "a.py,,\na.py,,\n"],
  ];
  for (const text of texts) assert.throws(() => parse(text), { code: "wheel.record" }, text);
  assert.throws(() => parseRecord(Uint8Array.of(0xff)), { code: "wheel.record" });
});

test("parseCsv() undoes quoting", () => {
  const cell = fc.string({
    unit: fc.constantFrom("a", '"', ",", "\n", "\r", " ", "é"),
    maxLength: 6,
  });
  fc.assert(
    fc.property(
      fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), { maxLength: 5 }),
      (rows) => {
        const text = rows
          .map(
            (cells) => `${cells.map((value) => `"${value.replaceAll('"', '""')}"`).join(",")}\r\n`,
          )
          .join("");
        assert.deepEqual([...parseCsv(text)], rows);
      },
    ),
  );
});
