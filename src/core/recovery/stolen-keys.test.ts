import assert from "node:assert/strict";
import { test } from "node:test";
import { onlineKeyNames } from "#core/tuf/layout.ts";
import { keyOwners, parseStolen, recoveryNeeds, recoverySteps } from "./stolen-keys.ts";
import type { KeyOwner, ThiefReach } from "./stolen-keys.ts";

const timestampAndSnapshot = ["timestamp", "snapshot"] as const;

// PEP 458, table 4, and PEP 480, table 1; `recently-claimed`, `unclaimed` and `bins` are what "bin-n" became.
const reaches: readonly (readonly [readonly KeyOwner[], ThiefReach])[] = [
  [[], "nothing"],
  [["timestamp"], "freeze"],
  [["snapshot"], "nothing"],
  [timestampAndSnapshot, "mix"],
  [["snapshot", "unclaimed", "bins", "targets"], "nothing"],
  [["targets", "claimed"], "nothing"],
  [["timestamp", "bins"], "freeze"],
  [[...timestampAndSnapshot, "deny"], "hide"],
  [[...timestampAndSnapshot, "bins"], "unclaimed-files"],
  [[...timestampAndSnapshot, "unclaimed"], "unclaimed-files"],
  [[...timestampAndSnapshot, "recently-claimed"], "unclaimed-files"],
  [onlineKeyNames, "unclaimed-files"],
  [[...timestampAndSnapshot, "targets"], "all-files"],
  [[...timestampAndSnapshot, "claimed"], "all-files"],
  [["root"], "everything"],
];

for (const [stolen, reach] of reaches) {
  test(`with ${stolen.join(", ") || "no key"} a thief can do: ${reach}`, () => {
    const needs = recoveryNeeds(stolen);
    assert.equal(needs.reach, reach);
    const changesPages = ["unclaimed-files", "all-files", "everything"].includes(reach);
    // Without any key it was the index that was taken, and it can ask for changes.
    assert.equal(needs.compare, changesPages || stolen.length === 0);
    const text = recoverySteps(needs)
      .map((step) => step.text)
      .join("\n");
    assert.equal(text.includes("Compare every page"), needs.compare);
    assert.equal(text.includes("another way than from the index"), stolen.includes("root"));
    for (const name of needs.online) assert.ok(text.includes(name), name);
  });
}

test("every key is replaced where it is named, and no other is", () => {
  const ceremonies = new Map(keyOwners.map((owner) => [owner, recoveryNeeds([owner]).ceremony]));
  assert.deepEqual(
    ceremonies,
    new Map<KeyOwner, readonly string[]>([
      ["root", ["root"]],
      ["targets", ["root", "targets"]],
      ["claimed", ["root", "targets", "claimed"]],
      ["timestamp", ["root"]],
      ["snapshot", ["root"]],
      ["deny", ["root", "targets"]],
      ["recently-claimed", ["root", "targets"]],
      ["unclaimed", ["root", "targets"]],
      // The signer delegates to the bins itself.
      ["bins", []],
    ]),
  );
});

test("parseStolen() takes names, all-online and none, and nothing else", () => {
  assert.deepEqual(parseStolen("all-online"), onlineKeyNames);
  assert.deepEqual(parseStolen("targets, all-online"), ["targets", ...onlineKeyNames]);
  assert.deepEqual(parseStolen("snapshot,timestamp,timestamp"), ["timestamp", "snapshot"]);
  assert.deepEqual(parseStolen("none"), []);
  for (const text of ["", "all", "none,root", "root,", "Timestamp"]) {
    assert.throws(() => parseStolen(text), { code: "options.invalid" }, text);
  }
});
