import assert from "node:assert/strict";
import { test } from "node:test";
import type { HolderKind } from "#formats/tuf/holder.ts";
import type { KeyStatus, RoleStatus } from "#formats/door/signer-status.ts";
import { describeSpan } from "./time-span.ts";
import { watchRoles } from "./watch-roles.ts";
import type { WatchedRoles } from "./watch-roles.ts";

const signedAt = "2029-01-01T00:00:00Z";
const now = new Date("2029-02-01T00:00:00Z");

function keyIdOf(letter: string): string {
  return letter.repeat(64);
}

function role(name: string, changes: Partial<RoleStatus> = {}): RoleStatus {
  const isOffline = ["root", "targets", "claimed"].includes(name);
  return {
    ...{ role: name, version: 3, nextVersion: 4, threshold: 1, keyIds: [keyIdOf("a")] },
    ...{ signedAt, expires: "2030-01-01T00:00:00Z", dueAt: "2029-07-02T00:00:00Z" },
    ...{ due: false, expired: false, offline: isOffline },
    ...changes,
  };
}

function key(letter: string, name?: string, kind: HolderKind = "encrypted-file"): KeyStatus {
  const holder = name === undefined ? {} : { holder: { name, kind } };
  return { keyId: keyIdOf(letter), scheme: "ed25519", ...holder };
}

function brief(status: Partial<WatchedRoles>, at: Date = now): readonly string[] {
  const found = watchRoles({ roles: [], keys: [], heldKeys: [], ...status }, at);
  return found.map(({ code, level, role: subject }) => `${level} ${code} ${subject}`);
}

const held = { name: "timestamp", keyId: keyIdOf("a"), state: "current" } as const;

test("watchRoles() says nothing where all is well", () => {
  const roles = [
    role("root", { threshold: 2, keyIds: [keyIdOf("b"), keyIdOf("c")] }),
    role("targets", { keyIds: [keyIdOf("d")] }),
    role("timestamp"),
  ];
  const keys = [key("a"), key("b", "Ada"), key("c", "Bob"), key("d", "Cleo", "ssh-agent")];
  assert.deepEqual(brief({ roles, keys, heldKeys: [held] }), []);
});

test("watchRoles() warns of an offline role at half life, and cannot wait at an eighth", () => {
  const roles = [role("claimed", { signedAt, expires: "2029-01-17T00:00:00Z" })];
  const at = (day: string): readonly string[] => brief({ roles }, new Date(`2029-01-${day}Z`));
  assert.deepEqual(at("08T23:59:59"), []);
  assert.deepEqual(at("09T00:00:00"), ["warning role.expiring claimed"]);
  assert.deepEqual(at("14T23:59:59"), ["warning role.expiring claimed"]);
  assert.deepEqual(at("15T00:00:00"), ["fault role.expiring claimed"]);
  assert.deepEqual(at("16T23:59:59"), ["fault role.expiring claimed"]);
  assert.deepEqual(at("17T00:00:00"), ["fault role.expired claimed"]);
});

test("watchRoles() notices that the signer does not renew", () => {
  const roles = [role("timestamp", { expires: "2029-01-11T00:00:00Z" })];
  const at = (day: string): readonly string[] =>
    brief({ roles, heldKeys: [held] }, new Date(`2029-01-${day}Z`));
  assert.deepEqual(at("06T00:00:00"), []);
  assert.deepEqual(at("06T23:59:59"), []);
  assert.deepEqual(at("07T00:00:00"), ["warning role.late timestamp"]);
  assert.deepEqual(at("09T00:00:00"), ["fault role.late timestamp"]);
  assert.deepEqual(at("11T00:00:00"), ["fault role.expired timestamp"]);
});

test("watchRoles() finds keys of offline roles in the wrong hands", () => {
  const roles = [role("claimed")];
  assert.deepEqual(brief({ roles, keys: [key("a", "Ada")], heldKeys: [held] }), [
    "fault key.misplaced claimed",
  ]);
  assert.deepEqual(brief({ roles, keys: [key("a", "signer", "online")] }), [
    "warning key.misplaced claimed",
  ]);
});

test("watchRoles() finds that one person can sign alone", () => {
  const keyIds = ["b", "c", "d"].map(keyIdOf);
  const two = [role("root", { threshold: 2, keyIds })];
  assert.deepEqual(brief({ roles: two, keys: [key("b", "Ada"), key("c", "Ada"), key("d")] }), [
    "warning key.one-holder root",
  ]);
  assert.deepEqual(brief({ roles: two, keys: [key("b"), key("c"), key("d")] }), []);
  const one = [role("root", { keyIds })];
  assert.deepEqual(brief({ roles: one, keys: [key("b", "Ada")] }), ["note key.alone root"]);
});

test("watchRoles() finds online roles that the signer cannot renew, and keys it no longer needs", () => {
  const roles = [role("snapshot", { keyIds: [keyIdOf("e")] })];
  assert.deepEqual(brief({ roles, heldKeys: [held] }), ["fault key.not-held snapshot"]);
  const heldKeys = [
    { name: "bins", keyId: keyIdOf("e"), state: "retired" },
    { name: "bins", keyId: keyIdOf("f"), state: "next" },
  ] as const;
  assert.deepEqual(brief({ roles, heldKeys }), ["note key.unused bins", "note key.unused bins"]);
});

test("watchRoles() puts what is most urgent first", () => {
  const roles = [
    role("root", { keyIds: [keyIdOf("b")] }),
    role("targets", { expires: "2029-02-20T00:00:00Z", keyIds: [keyIdOf("b")] }),
    role("claimed", { expires: "2029-01-20T00:00:00Z", keyIds: [keyIdOf("b")] }),
  ];
  assert.deepEqual(brief({ roles, keys: [key("b")] }), [
    "fault role.expired claimed",
    "warning role.expiring targets",
    "note key.alone root",
  ]);
});

test("describeSpan() takes the largest unit of which there are two", () => {
  const day = 86_400_000;
  assert.equal(describeSpan(400 * day), "400 days");
  assert.equal(describeSpan(2 * day - 1), "47 hours");
  assert.equal(describeSpan(90_000), "90 seconds");
  assert.equal(describeSpan(0), "0 seconds");
});
