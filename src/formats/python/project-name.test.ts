import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isProjectName, normaliseProjectName } from "./project-name.ts";

test("normaliseProjectName() gives PEP 503's form", () => {
  assert.equal(normaliseProjectName("Zope.Interface"), "zope-interface");
  assert.equal(normaliseProjectName("a_-.B"), "a-b");
  assert.equal(normaliseProjectName("PyYAML"), "pyyaml");
});

test("normaliseProjectName() refuses what is no name", () => {
  for (const text of ["", "-a", "a-", "_", "a b", "a/b", "ä", "a\n", "..", "a".repeat(129)]) {
    assert.throws(() => normaliseProjectName(text), { code: "project-name.invalid" }, text);
  }
});

test("normaliseProjectName() says so in printable ASCII on one line", () => {
  assert.throws(() => normaliseProjectName("ä\r\nX: y\u202e"), {
    message: /^"\\u\{e4\}\\u\{d\}\\u\{a\}X: y\\u\{202e\}" is not a project name: [ -~]+$/,
  });
});

test("a normalised name is its own normal form", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,20}[A-Za-z0-9])?$/), (text) => {
      const name = normaliseProjectName(text);
      assert.ok(isProjectName(name));
      assert.equal(normaliseProjectName(name), name);
    }),
  );
});
