import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseTarget, stripPrefix } from "./target.ts";

const invalid = { name: "RefusedError", code: "request.invalid" };

test("parseTarget() decodes each segment once and keeps the query apart", () => {
  const target = parseTarget("/simple/a%2Bb%20c/?q=a+b&q=%26", "/");
  assert.deepEqual(target.segments, ["simple", "a+b c", ""]);
  assert.deepEqual(target.query.getAll("q"), ["a b", "&"]);
  assert.deepEqual(parseTarget("/", "/").segments, [""]);
  assert.deepEqual(parseTarget("/a%252F", "/").segments, ["a%2F"]);
});

test("parseTarget() refuses what another program could read differently", () => {
  for (const text of [
    "",
    "*",
    "simple/",
    "http://index.test/simple/",
    "/%",
    "/%zz",
    "/%ff",
    "/a%2fb",
    "/a%5Cb",
    "/a\\b",
    "/a%00",
    "/a%0d%0aX: y",
    "/..",
    "/./",
    "/%2e%2e/etc",
    "/a/%2E/b",
    `/${"a".repeat(3_000)}`,
  ]) {
    assert.throws(() => parseTarget(text, "/"), invalid, text.slice(0, 40));
  }
});

test("parseTarget() gives back any segments, or refuses the request: never anything else", () => {
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: "binary", maxLength: 20 }), { minLength: 1, maxLength: 6 }),
      (segments) => {
        const isPlain = segments.every(
          // oxlint-disable-next-line no-control-regex
          (text) => text.isWellFormed() && !/[\u0000-\u001f\u007f/\\]|^\.\.?$/.test(text),
        );
        const encoded = segments.map((text) => encodeURIComponent(text.toWellFormed()));
        const path = `/${encoded.join("/")}`;
        if (!isPlain && segments.every((text) => text.isWellFormed())) {
          assert.throws(() => parseTarget(path, "/"), invalid);
        } else if (isPlain) {
          assert.deepEqual(parseTarget(path, "/").segments, segments);
        }
      },
    ),
  );
});

test("parseTarget() answers any text with a target or a refusal", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 100 }), (text) => {
      try {
        const { segments } = parseTarget(`/${text}`, "/");
        assert.ok(segments.every((segment) => segment !== ".." && !segment.includes("/")));
      } catch (error) {
        assert.ok(error instanceof Error && "code" in error && error.code === "request.invalid");
      }
    }),
  );
});

test("stripPrefix() takes the prefix away where a route follows, and only there", () => {
  assert.equal(stripPrefix("/pypi/simple/a/", "/pypi/"), "/simple/a/");
  assert.equal(stripPrefix("/simple/a/", "/pypi/"), "/simple/a/");
  assert.equal(stripPrefix("/pypi/demo/json", "/pypi/"), "/pypi/demo/json");
  assert.equal(stripPrefix("/pypi/pypi/demo/json", "/pypi/"), "/pypi/demo/json");
  assert.equal(stripPrefix("/pypi/", "/pypi/"), "/");
  assert.equal(stripPrefix("/pypi", "/pypi/"), "/pypi");
  assert.equal(stripPrefix("/a/b", "/"), "/a/b");
});
