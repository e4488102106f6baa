import assert from "node:assert/strict";
import { test } from "node:test";
import {
  cardOf,
  ceremonyNow,
  keyOf,
  published,
  refusalCodes,
  rolesInNext,
  signedBy,
  usualCurrent,
  usualFirst,
  usualNext,
} from "#world/ceremony-people.ts";
import { parseInstant } from "#formats/bytes/instant.ts";
import { isJsonObject, jsonObject } from "#formats/json/value.ts";
import { formatEnvelope } from "#formats/tuf/envelope.ts";
import type { CeremonyEdit } from "./edit.ts";
import { openCeremony, signersOf } from "./open-ceremony.ts";
import { proposeFirst, proposeNext } from "./propose.ts";

const id = (name: string): string => keyOf(name).key.keyId;

test("proposeFirst() names every key with its holder, and nobody has signed", () => {
  const { after, current } = openCeremony(proposeFirst(usualFirst(), ceremonyNow));
  assert.equal(current, undefined);
  const root = signersOf(after, "root");
  assert.deepEqual(root.keyIds, [id("ada"), id("bob"), id("carol")]);
  assert.equal(root.threshold, 2);
  assert.deepEqual(signersOf(after, "claimed").keyIds, [id("bob")]);
  assert.deepEqual(signersOf(after, "deny").keyIds, [id("online deny")]);
  const { holders } = after.root.value;
  assert.deepEqual(holders?.get(id("carol")), { name: "carol", kind: "encrypted-file" });
  assert.deepEqual(holders?.get(id("online snapshot")), { name: "snapshot", kind: "online" });
  assert.deepEqual(after.targets.value.holders?.get(id("bob"))?.name, "bob");
  assert.equal(after.root.signatures.size + after.targets.signatures.size, 0);
  assert.equal(after.root.value.expires.text, "2027-11-21T10:00:00Z");
});

test("proposeFirst() refuses one card twice in a role", () => {
  const first = usualFirst();
  const root = { cards: [cardOf("ada"), cardOf("ada")], threshold: 2 };
  const twice = { ...first, offline: { ...first.offline, root } };
  assert.throws(() => proposeFirst(twice, ceremonyNow), { code: "ceremony.key-twice" });
});

test("proposeNext() drafts the roles that change, and those that would not verify beside them", async () => {
  const roles = async (...edits: readonly CeremonyEdit[]): Promise<readonly string[]> =>
    rolesInNext(await usualNext(...edits));
  assert.deepEqual(await roles({ kind: "renew", role: "claimed" }), ["claimed"]);
  assert.deepEqual(await roles({ kind: "renew", role: "root" }), ["root"]);
  const dave = cardOf("dave");
  assert.deepEqual(await roles({ kind: "add-key", role: "root", card: dave }), ["root"]);
  // The old signature still counts, so that a lost key need not sign to be replaced.
  assert.deepEqual(await roles({ kind: "add-key", role: "targets", card: dave }), ["root"]);
  assert.deepEqual(await roles({ kind: "add-key", role: "claimed", card: dave }), ["targets"]);
  const replaced = (role: "claimed" | "targets", old: string): Promise<readonly string[]> =>
    roles({ kind: "add-key", role, card: dave }, { kind: "remove-key", role, keyId: id(old) });
  assert.deepEqual(await replaced("targets", "ada"), ["root", "targets"]);
  assert.deepEqual(await replaced("claimed", "bob"), ["targets", "claimed"]);
  const online = { kind: "online-key", card: cardOf("new", "online") } as const;
  assert.deepEqual(await roles({ ...online, name: "timestamp" }), ["root"]);
  assert.deepEqual(await roles({ ...online, name: "unclaimed" }), ["targets"]);
});

test("proposeNext() changes what it is told and keeps everything else, members nobody knows included", async () => {
  const file = await usualCurrent();
  const { after } = openCeremony(file);
  assert.ok(file.current !== undefined && isJsonObject(after.root.tree));
  const noted = new Map([...after.root.tree, ["x-note", "kept"] as const]);
  const root = formatEnvelope(noted, after.root.signatures);
  const next = proposeNext(
    { ...file, current: { ...file.current, root } },
    [
      { kind: "add-key", role: "root", card: cardOf("dave", "ssh-agent") },
      { kind: "remove-key", role: "root", keyId: id("carol") },
      { kind: "threshold", role: "root", threshold: 3 },
      { kind: "floor", role: "targets", version: 1 },
      { kind: "expires", role: "root", expires: parseInstant("2027-01-01T00:00:00Z") },
    ],
    ceremonyNow,
  );
  const drafted = openCeremony(next).next.root;
  assert.ok(drafted !== undefined && isJsonObject(drafted.tree));
  const { expires, floor, holders, keys, roles, version } = drafted.value;
  assert.deepEqual(roles.root, { keyIds: [id("ada"), id("bob"), id("dave")], threshold: 3 });
  assert.deepEqual(roles.targets, after.root.value.roles.targets);
  assert.deepEqual([version, expires.text], [2, "2027-01-01T00:00:00Z"]);
  assert.deepEqual(floor, new Map([["targets", 1]]));
  assert.deepEqual(holders?.get(id("dave")), { name: "dave", kind: "ssh-agent" });
  assert.equal(keys.has(id("carol")) || holders?.has(id("carol")), false);
  assert.equal(drafted.tree.get("x-note"), "kept");
});

test("a key leaves with its last role, not before", async () => {
  const keyId = id("ada");
  const next = await usualNext({ kind: "remove-key", role: "root", keyId });
  const drafted = openCeremony(next).next.root?.value;
  assert.ok(drafted?.keys.has(keyId) && drafted.holders?.has(keyId), "ada signs targets");
});

test("an online key takes the place of the one before", async () => {
  const card = cardOf("online deny 2", "online", "deny");
  const next = await usualNext({ kind: "online-key", name: "deny", card });
  const { after } = openCeremony(next);
  assert.deepEqual(signersOf(after, "deny").keyIds, [id("online deny 2")]);
  assert.equal(after.targets.value.delegations?.keys.has(id("online deny")), false);
  assert.deepEqual(refusalCodes(next), []);
});

test("proposeNext() refuses what cannot be changed", async () => {
  const refuse = async (...edits: readonly CeremonyEdit[]): Promise<void> => {
    await assert.rejects(usualNext(...edits), { code: "ceremony.edit" });
  };
  await refuse({ kind: "add-key", role: "root", card: cardOf("ada") });
  await refuse({ kind: "remove-key", role: "root", keyId: id("dave") });
  const first = { ...(await usualCurrent()), current: undefined };
  assert.throws(() => proposeNext(first, [], ceremonyNow), { code: "ceremony.edit" });
});

test("what is proposed, signed and in force can be the start of the next ceremony", async () => {
  const added = await usualNext({ kind: "add-key", role: "root", card: cardOf("dave") });
  const second = published(await signedBy(added, "ada", "bob"));
  const third = proposeNext(
    second,
    [{ kind: "remove-key", role: "root", keyId: id("carol") }],
    ceremonyNow,
  );
  const { version } = openCeremony(published(await signedBy(third, "bob", "dave"))).after.root
    .value;
  assert.equal(version, 3);
  assert.deepEqual(jsonObject({ ...second.nextVersions }).get("root"), 3);
});
