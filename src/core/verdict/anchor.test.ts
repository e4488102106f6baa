import assert from "node:assert/strict";
import { test } from "node:test";
import { anAnchor } from "./anchor-store.contract.ts";
import { checkAnchor, checkFirstRoot, fingerprintOf, isFingerprint } from "./anchor.ts";

const root = new TextEncoder().encode("a root");
const other = new TextEncoder().encode("another root");
const index = "https://index.example/";
const remembered = anAnchor({ fingerprint: fingerprintOf(root) });

test("isFingerprint() takes one spelling", () => {
  assert.equal(isFingerprint(fingerprintOf(root)), true);
  for (const text of [
    "",
    "sha256:",
    fingerprintOf(root).toUpperCase(),
    fingerprintOf(root).slice(7),
  ]) {
    assert.equal(isFingerprint(text), false);
  }
});

test("checkAnchor() accepts the remembered anchor and names both fingerprints of another", () => {
  checkAnchor(remembered, { kind: "root", bytes: root }, index);
  checkAnchor(remembered, { kind: "fingerprint", fingerprint: fingerprintOf(root) }, index);
  checkAnchor(remembered, { kind: "remembered" }, index);
  checkAnchor(remembered, { kind: "first-use", witnessed: false }, index);
  for (const wish of [
    { kind: "root", bytes: other },
    { kind: "fingerprint", fingerprint: fingerprintOf(other) },
  ] as const) {
    assert.throws(() => checkAnchor(remembered, wish, index), {
      code: "anchor.changed",
      message: new RegExp(`${fingerprintOf(root)}.*${fingerprintOf(other)}`),
    });
  }
});

test("checkAnchor() ties a remembered anchor to its index unless the anchor is given", () => {
  const moved = "https://elsewhere.example/";
  checkAnchor(remembered, { kind: "root", bytes: root }, moved);
  assert.throws(() => checkAnchor(remembered, { kind: "remembered" }, moved), {
    code: "anchor.changed",
  });
  assert.throws(() => checkAnchor(remembered, { kind: "first-use", witnessed: true }, moved), {
    code: "anchor.changed",
  });
});

test("checkFirstRoot() takes a root that is shipped, pinned, or seen by somebody", () => {
  checkFirstRoot({ kind: "root", bytes: root }, root, index);
  checkFirstRoot({ kind: "fingerprint", fingerprint: fingerprintOf(root) }, root, index);
  checkFirstRoot({ kind: "first-use", witnessed: true }, root, index);
  assert.throws(() => checkFirstRoot({ kind: "remembered" }, root, index), {
    code: "anchor.missing",
  });
  assert.throws(() => checkFirstRoot({ kind: "first-use", witnessed: false }, root, index), {
    code: "anchor.missing",
  });
  const pinned = { kind: "fingerprint", fingerprint: fingerprintOf(root) } as const;
  assert.throws(() => checkFirstRoot(pinned, other, index), { code: "anchor.fingerprint" });
});
