import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatBase64, formatBase64Url, parseBase64, parseBase64Url } from "./base64.ts";
import { formatHex, isHex, parseHex } from "./hex.ts";
import { addMilliseconds, formatInstant, parseInstant } from "./instant.ts";
import { formatUtf8, parseUtf8 } from "./utf8.ts";

test("hex, base64 and base64url read back what they wrote, and each text has one form", () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      assert.deepEqual(parseHex(formatHex(bytes)), bytes);
      assert.deepEqual(parseBase64(formatBase64(bytes)), bytes);
      assert.deepEqual(parseBase64Url(formatBase64Url(bytes)), bytes);
    }),
  );
  fc.assert(
    fc.property(fc.string({ maxLength: 8 }), (text) => {
      for (const [parse, format] of [
        [parseHex, formatHex],
        [parseBase64, formatBase64],
        [parseBase64Url, formatBase64Url],
      ] as const) {
        let bytes: Uint8Array;
        try {
          bytes = parse(text);
        } catch {
          continue;
        }
        assert.equal(format(bytes), text);
      }
    }),
  );
});

test("parseHex() refuses upper case, odd lengths and other characters", () => {
  for (const text of ["A0", "a", "0x", "0g", " 00", "00\n"]) {
    assert.throws(() => parseHex(text), { code: "bytes.hex" }, text);
  }
  assert.equal(isHex("00", 1), true);
  assert.equal(isHex("00", 2), false);
});

test("parseBase64() refuses white space, missing padding, the other alphabet and stray bits", () => {
  for (const text of ["YQ", "YQ==\n", " YQ==", "YR==", "_-8=", "YQ=", "Y"]) {
    assert.throws(() => parseBase64(text), { code: "bytes.base64" }, text);
  }
  for (const text of ["YQ==", "+/8", "YR"]) {
    assert.throws(() => parseBase64Url(text), { code: "bytes.base64" }, text);
  }
});

test("parseUtf8() refuses bad bytes, keeps a byte order mark, and formatUtf8() refuses lone surrogates", () => {
  for (const bytes of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x82]]) {
    assert.throws(() => parseUtf8(new Uint8Array(bytes)), { code: "bytes.utf8" });
  }
  assert.equal(parseUtf8(new Uint8Array([0xef, 0xbb, 0xbf, 0x61])), "\uFEFFa");
  assert.throws(() => formatUtf8("\uD800"), { code: "bytes.utf8" });
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      assert.equal(parseUtf8(formatUtf8(text)), text);
    }),
  );
});

test("parseInstant() takes exactly one form of real times", () => {
  const at = parseInstant("2024-02-29T23:59:59Z");
  assert.equal(at.text, "2024-02-29T23:59:59Z");
  assert.equal(at.at.getTime(), Date.UTC(2024, 1, 29, 23, 59, 59));
  for (const text of [
    "2023-02-29T00:00:00Z",
    "2024-01-01T24:00:00Z",
    "2024-12-31T23:59:60Z",
    "2024-13-01T00:00:00Z",
    "2024-00-01T00:00:00Z",
    "2024-01-01T00:00:00z",
    "2024-01-01 00:00:00Z",
    "2024-01-01T00:00:00.000Z",
    "2024-01-01T00:00:00+00:00",
    "2024-01-01T00:00Z",
    "+02024-01-01T00:00:00Z",
    "٢٠٢٤-01-01T00:00:00Z",
    " 2024-01-01T00:00:00Z",
    "",
  ]) {
    assert.throws(() => parseInstant(text), { code: "bytes.instant" }, text);
  }
});

test("formatInstant() is read back, to the second", () => {
  const range = { min: new Date("0000-01-01T00:00:00Z"), max: new Date("9999-12-31T23:59:59Z") };
  fc.assert(
    fc.property(fc.date({ ...range, noInvalidDate: true }), (date) => {
      const seconds = Math.floor(date.getTime() / 1000) * 1000;
      assert.equal(parseInstant(formatInstant(date)).at.getTime(), seconds);
    }),
  );
  const tooLate = addMilliseconds(range.max, 1000);
  assert.throws(() => formatInstant(tooLate), { code: "bytes.instant" });
});
