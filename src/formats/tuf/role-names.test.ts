import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { delegatedRoleName, quoteRoleName, roleFileName } from "./role-file.ts";
import { binName, binNames, succinctRoles, succinctRolesToJson } from "./succinct-roles.ts";
import { hashedTargetPath } from "./target-path.ts";

test("quoteRoleName() quotes as Python's quote(name, safe='') does", () => {
  const cases: readonly [string, string][] = [
    ["?", "%3F"],
    ["#", "%23"],
    ["/delegatedrole", "%2Fdelegatedrole"],
    ["../delegatedrole", "..%2Fdelegatedrole"],
    ["a b", "a%20b"],
    ["!'()*", "%21%27%28%29%2A"],
    ["-_.~", "-_.~"],
    ["ü", "%C3%BC"],
    ["😀", "%F0%9F%98%80"],
    ["%2e", "%252e"],
    ["\\:|", "%5C%3A%7C"],
  ];
  for (const [name, quoted] of cases) assert.equal(quoteRoleName(name), quoted);
  assert.equal(roleFileName("a/b", 3), "3.a%2Fb.json");
  assert.equal(roleFileName("timestamp"), "timestamp.json");
});

test("a role's file stays inside its folder, in a URL and on disk", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "grapheme", minLength: 1 }),
      fc.option(fc.nat()),
      (name, version) => {
        const file = roleFileName(name, version ?? undefined);
        assert.match(file, /^[A-Za-z0-9_.~%-]+\.json$/);
        assert.equal(new URL(file, "https://h/tuf/").pathname, `/tuf/${file}`);
        assert.equal(decodeURIComponent(quoteRoleName(name)), name);
      },
    ),
  );
});

test("delegatedRoleName() refuses empty, over-long and top-level names", () => {
  for (const name of [
    "",
    "root",
    "targets",
    "snapshot",
    "timestamp",
    "x".repeat(221),
    "ü".repeat(40),
  ]) {
    assert.throws(() => delegatedRoleName(name, ""), { code: "tuf.role-name" }, name);
  }
  assert.equal(delegatedRoleName("../root", ""), "../root");
});

const roles = (bitLength: number): Parameters<typeof binName>[0] => ({
  keyIds: ["a"],
  threshold: 1,
  bitLength,
  namePrefix: "bin",
});

test("binName() is the head of SHA-256(path), as wide as the last bin's number", () => {
  // sha256("a/b") = c14cddc033f64b9dea80ea675cf280a015e672516090a5626781153dc68fea11
  const names = [1, 3, 4, 5, 8, 13, 14, 16, 31, 32].map((bits) => binName(roles(bits), "a/b"));
  assert.deepEqual(names, [
    "bin-1",
    "bin-6",
    "bin-c",
    "bin-18",
    "bin-c1",
    "bin-1829",
    "bin-3053",
    "bin-c14c",
    "bin-60a66ee0",
    "bin-c14cddc0",
  ]);
});

test("binNames() lists every bin once, and binName() is always one of them", () => {
  const names = [...binNames(roles(5))];
  assert.equal(names.length, 32);
  assert.equal(names[0], "bin-00");
  assert.equal(names[31], "bin-1f");
  fc.assert(
    fc.property(fc.string(), (path) => {
      assert.ok(names.includes(binName(roles(5), path)));
    }),
  );
});

test("succinctRoles() reads what succinctRolesToJson() wrote and refuses impossible sizes", () => {
  assert.deepEqual(succinctRoles(succinctRolesToJson(roles(14)), ""), roles(14));
  for (const bits of [0, 33, -1]) {
    assert.throws(() => succinctRoles(succinctRolesToJson(roles(bits)), ""), {
      code: "tuf.metadata",
    });
  }
  const noThreshold = succinctRolesToJson({ ...roles(4), threshold: 0 });
  assert.throws(() => succinctRoles(noThreshold, ""), { code: "tuf.threshold" });
});

test("hashedTargetPath() puts the hash before the last part only", () => {
  assert.equal(hashedTargetPath("simple/a/index.json", "00"), "simple/a/00.index.json");
  assert.equal(hashedTargetPath("index.json", "00"), "00.index.json");
});
