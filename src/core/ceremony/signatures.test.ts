import assert from "node:assert/strict";
import { test } from "node:test";
import {
  bent,
  cardOf,
  ceremonyNow,
  keyOf,
  signedBy,
  usualCurrent,
  usualFirst,
  usualNext,
} from "#world/ceremony-people.ts";
import { sha256Hex } from "#crypto/hash.ts";
import { canonicalJson } from "#formats/json/canonical.ts";
import { isJsonObject, jsonObject } from "#formats/json/value.ts";
import { formatEnvelope } from "#formats/tuf/envelope.ts";
import { ceremonyHash } from "./ceremony-hash.ts";
import { openCeremony } from "./open-ceremony.ts";
import { proposeFirst } from "./propose.ts";
import {
  addSignature,
  combine,
  missingSignatures,
  rolesOfKey,
  signatureDemands,
} from "./signatures.ts";

const id = (name: string): string => keyOf(name).key.keyId;

function demandsLeft(file: Parameters<typeof openCeremony>[0]): readonly string[] {
  return missingSignatures(openCeremony(file)).map(
    ({ keys, role, signed, threshold }) => `${role} ${keys} ${signed.length}/${threshold}`,
  );
}

test("addSignature() signs every role that the key counts for, and says which", async () => {
  const file = proposeFirst(usualFirst(), ceremonyNow);
  const ada = await addSignature(file, keyOf("ada"));
  assert.deepEqual(ada.roles, ["root", "targets"]);
  assert.deepEqual(demandsLeft(file), ["root after 0/2", "targets after 0/1", "claimed after 0/1"]);
  assert.deepEqual(demandsLeft(ada.file), ["root after 1/2", "claimed after 0/1"]);
  assert.deepEqual(demandsLeft(await signedBy(ada.file, "bob")), []);
  await assert.rejects(addSignature(file, keyOf("mallory")), { code: "ceremony.no-part" });
  assert.equal(ceremonyHash(openCeremony(ada.file)), ceremonyHash(openCeremony(file)));
});

test("a rotation is signed by the keys of before and by those of afterwards", async () => {
  const file = await usualNext(
    { kind: "add-key", role: "root", card: cardOf("dave") },
    { kind: "remove-key", role: "root", keyId: id("carol") },
    { kind: "add-key", role: "targets", card: cardOf("erin") },
    { kind: "remove-key", role: "targets", keyId: id("ada") },
  );
  const all = ["root after 0/2", "root before 0/2", "targets after 0/1", "targets before 0/1"];
  assert.deepEqual(demandsLeft(file), all);
  const opened = openCeremony(file);
  assert.deepEqual(rolesOfKey(opened, id("carol")), ["root"], "who leaves may sign");
  assert.deepEqual(rolesOfKey(opened, id("dave")), ["root"]);
  assert.deepEqual(rolesOfKey(opened, id("erin")), ["targets"]);
  assert.deepEqual(demandsLeft(await signedBy(file, "dave", "bob")), [
    "root before 1/2",
    "targets after 0/1",
    "targets before 0/1",
  ]);
  assert.deepEqual(demandsLeft(await signedBy(file, "ada", "bob")), ["targets after 0/1"]);
  assert.deepEqual(demandsLeft(await signedBy(file, "ada", "bob", "erin")), []);
});

test("claimed is enough with its new key, and its old one may sign too", async () => {
  const file = await usualNext(
    { kind: "add-key", role: "claimed", card: cardOf("dave") },
    { kind: "remove-key", role: "claimed", keyId: id("bob") },
  );
  assert.deepEqual(demandsLeft(await signedBy(file, "ada", "dave")), []);
  assert.deepEqual(rolesOfKey(openCeremony(file), id("bob")), ["claimed"]);
});

test("combine() brings together what was signed apart", async () => {
  const file = proposeFirst(usualFirst(), ceremonyNow);
  const [ada, bob] = [await signedBy(file, "ada"), await signedBy(file, "bob")];
  const both = combine([ada, bob, file, ada]);
  assert.deepEqual(demandsLeft(both), []);
  assert.deepEqual(both, await signedBy(file, "bob", "ada"));
});

test("combine() refuses another proposal, policy or current, and a bad signature", async () => {
  const file = await usualNext({ kind: "renew", role: "root" });
  const ada = await signedBy(file, "ada");
  const other = await usualNext({ kind: "threshold", role: "root", threshold: 3 });
  const differs = { code: "ceremony.differs", message: /file 2 / };
  assert.throws(() => combine([ada, other]), differs);
  const thresholds = { ...file.policy.thresholds, root: 1 };
  assert.throws(() => combine([ada, { ...file, policy: { ...file.policy, thresholds } }]), differs);
  assert.throws(
    () => combine([ada, { ...file, nextVersions: { root: 2, targets: 9, claimed: 2 } }]),
    differs,
  );
  const lifetimes = { ...file.policy.lifetimes, root: 1_000 };
  assert.throws(() => combine([ada, { ...file, policy: { ...file.policy, lifetimes } }]), differs);
  const again = (await usualCurrent()).current;
  assert.ok(again);
  const older = { ...again, root: proposeFirst(usualFirst(), ceremonyNow).next.root ?? again.root };
  assert.throws(() => combine([ada, { ...file, current: older }]), differs);
  const swapped = bent(ada, "root", (tree) => new Map([...tree, ["x-note", 1]]));
  const honest = bent(file, "root", (tree) => new Map([...tree, ["x-note", 1]]));
  assert.throws(() => combine([honest, swapped]), { code: "ceremony.signature" });
  assert.throws(() => combine([]), { code: "ceremony.incomplete" });
});

test("a key that signs wrongly is found out before its signature is kept", async () => {
  const file = await usualNext({ kind: "renew", role: "claimed" });
  const broken = { ...keyOf("bob"), sign: async () => new Uint8Array(64) };
  await assert.rejects(addSignature(file, broken), { code: "ceremony.signature" });
});

test("one key under two ids is one signature towards a threshold", async () => {
  const ada = keyOf("ada");
  assert.ok(isJsonObject(ada.key.tree));
  const twin = new Map([...ada.key.tree, ["x", "the same key"]]);
  const ids = [ada.key.keyId, sha256Hex(canonicalJson(twin))];
  const file = bent(await usualNext({ kind: "renew", role: "root" }), "root", (tree) => {
    const [keys, roles] = [tree.get("keys") ?? null, tree.get("roles") ?? null];
    assert.ok(isJsonObject(keys) && isJsonObject(roles));
    const root = jsonObject({ keyids: ids, threshold: 2 });
    return tree
      .set("keys", new Map([...keys, [ids[1] ?? "", twin]]))
      .set("roles", new Map([...roles, ["root", root]]));
  });
  const proposed = openCeremony(file).next.root;
  assert.ok(proposed !== undefined);
  const signature = await ada.sign(proposed.canonical);
  const bytes = formatEnvelope(proposed.tree, new Map(ids.map((id) => [id, signature])));
  const [after] = signatureDemands(openCeremony({ ...file, next: { root: bytes } }));
  assert.deepEqual([after?.keys, after?.threshold, after?.signed], ["after", 2, ids.slice(0, 1)]);
});
