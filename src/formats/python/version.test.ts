import assert from "node:assert/strict";
import { test } from "node:test";
import { clean, compare, valid } from "@renovatebot/pep440";
import fc from "fast-check";
import { compareVersions, isVersion, normaliseVersion } from "./version.ts";

test("normaliseVersion() gives PEP 440's normal form", () => {
  const forms: readonly (readonly [string, string])[] = [
    ["1.0", "1.0"],
    ["v1.0", "1.0"],
    ["1.0-Beta.2", "1.0b2"],
    ["1.0.ALPHA", "1.0a0"],
    ["1.0c1", "1.0rc1"],
    ["1.0-preview-3", "1.0rc3"],
    ["1.0-1", "1.0.post1"],
    ["1.0.rev", "1.0.post0"],
    ["1.0-r4", "1.0.post4"],
    ["01.002", "1.2"],
    ["0!1", "1"],
    ["2!1.0.dev", "2!1.0.dev0"],
    ["1.0+Ubuntu-1_02", "1.0+ubuntu.1.2"],
    ["1.0a1.post2.dev3", "1.0a1.post2.dev3"],
    ["20240101000000000000000001", "20240101000000000000000001"],
  ];
  for (const [text, form] of forms) assert.equal(normaliseVersion(text), form, text);
});

test("normaliseVersion() refuses what is no version", () => {
  for (const text of [
    "",
    " 1.0",
    "1.0 ",
    "1.",
    "a",
    "1.0+",
    "1.0+a..b",
    "1.0x",
    "1..0",
    "١.0",
    `1${".0".repeat(99)}`,
  ]) {
    assert.throws(() => normaliseVersion(text), { code: "version.invalid" }, text);
  }
});

test("compareVersions() orders as PEP 440's example does", () => {
  const ascending = [
    ...["1.0.dev456", "1.0a1", "1.0a2.dev456", "1.0a12.dev456", "1.0a12", "1.0b1.dev456", "1.0b2"],
    ...["1.0b2.post345.dev456", "1.0b2.post345", "1.0rc1.dev456", "1.0rc1", "1.0", "1.0+abc.5"],
    ...["1.0+abc.7", "1.0+5", "1.0.post456.dev34", "1.0.post456", "1.0.15", "1.1.dev1", "1!0.1"],
    "99999999999999999999!0",
  ];
  for (const [index, version] of ascending.entries()) {
    for (const [other, against] of ascending.entries()) {
      assert.equal(Math.sign(compareVersions(version, against)), Math.sign(index - other));
    }
  }
  assert.equal(compareVersions("1.0", "1.0.0"), 0);
});

const number = fc.oneof(fc.nat(12).map(String), fc.constantFrom("00", "007"));
const separator = fc.constantFrom("", ".", "-", "_");
const spelled = fc
  .record({
    v: fc.constantFrom("", "v", "V"),
    epoch: fc.option(number),
    release: fc.array(number, { minLength: 1, maxLength: 4 }),
    pre: fc.option(
      fc.tuple(
        separator,
        fc.constantFrom("a", "Alpha", "b", "beta", "C", "rc", "pre", "preview"),
        separator,
        number,
      ),
    ),
    post: fc.option(fc.tuple(separator, fc.constantFrom("post", "rev", "R"), separator, number)),
    dev: fc.option(fc.tuple(separator, fc.constantFrom("dev", "DEV"), separator, number)),
    local: fc.option(fc.constantFrom("abc", "1", "a.1", "1-a_02", "z.z.z")),
  })
  .map(({ v, epoch, release, pre, post, dev, local }) =>
    [
      v,
      epoch === null ? "" : `${epoch}!`,
      release.join("."),
      (pre ?? []).join(""),
      (post ?? []).join(""),
      (dev ?? []).join(""),
      local === null ? "" : `+${local}`,
    ].join(""),
  );

test("versions agree with another implementation", () => {
  fc.assert(
    fc.property(spelled, spelled, (left, right) => {
      assert.ok(isVersion(left) && valid(left) !== null);
      // The library joins local segments with commas.
      assert.equal(normaliseVersion(left), clean(left)?.replaceAll(",", "."));
      assert.equal(Math.sign(compareVersions(left, right)), Math.sign(compare(left, right)));
      assert.equal(
        Math.sign(compareVersions(left, right)),
        -Math.sign(compareVersions(right, left)) + 0,
      );
    }),
    { numRuns: 2000 },
  );
});

test("a normal form is its own normal form, and is the same version", () => {
  fc.assert(
    fc.property(spelled, (text) => {
      const form = normaliseVersion(text);
      assert.equal(normaliseVersion(form), form);
      assert.equal(compareVersions(form, text), 0);
    }),
  );
});
