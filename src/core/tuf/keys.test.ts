/** Keys that change, and how they are counted (specification 5.3.4, 5.3.11). */
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { test } from "node:test";
import { answer, honestTufWorld, SimTufClient } from "#world/tuf-client.ts";
import { actor, keyIdOf, SimTufRepository } from "#world/tuf-repository.ts";
import { sha256Hex } from "#crypto/hash.ts";
import { ecdsaSignerFromPem, rsaSignerFromPem } from "#crypto/signer.ts";
import type { Signer } from "#crypto/signer.ts";
import { canonicalJson } from "#formats/json/canonical.ts";
import { isJsonObject } from "#formats/json/value.ts";
import type { Json, JsonObject } from "#formats/json/value.ts";
import { formatEnvelope, parseSigned } from "#formats/tuf/envelope.ts";

type RoleSigners = SimTufRepository["keys"]["timestamp"];

/** "Rotated" is any change of the keys or the threshold of timestamp or snapshot, also of one key of several. */
const rotations: ReadonlyMap<string, (keys: RoleSigners, role: string) => void> = new Map([
  ["all replaced", (keys, role) => void (keys.signers = [actor(`new ${role}`)])],
  ["one replaced", (keys, role) => void (keys.signers = [actor(role), actor("third")])],
  ["one added", (keys) => void (keys.signers = [...keys.signers, actor("third")])],
  ["one removed", (keys, role) => void (keys.signers = [actor(role)])],
  ["threshold", (keys) => void (keys.threshold = 2)],
]);

for (const role of ["timestamp", "snapshot"] as const) {
  for (const [change, rotate] of rotations) {
    test(`fast-forwarded versions are recovered from by a change of ${role} keys: ${change}`, async () => {
      const { client, repository } = await honestTufWorld((world) => {
        world.keys[role].signers = [actor(role), actor(`${role} 2`)];
      });
      repository.snapshot.version = 98;
      repository.timestamp.version = 98;
      await repository.publish("snapshot", "timestamp");
      await client.refresh();
      repository.snapshot.version = 1;
      repository.timestamp.version = 1;
      await repository.publish("snapshot", "timestamp");
      await client.refuses("tuf.rollback");
      rotate(repository.keys[role], role);
      repository.snapshot.version = 1;
      repository.timestamp.version = 1;
      await repository.publish("root", "snapshot", "timestamp");
      client.restart();
      await client.refresh();
      const versions = { root: 2, timestamp: 2, snapshot: 2, targets: 1 };
      assert.deepEqual(await client.trusted(), versions);
    });
  }
}

test("the same keys in another order are no change: rollback is refused as before", async () => {
  const { client, repository } = await honestTufWorld((world) => {
    world.keys.timestamp.signers = [actor("timestamp"), actor("timestamp 2")];
  });
  await repository.publish("timestamp");
  await client.refresh();
  repository.keys.timestamp.signers = repository.keys.timestamp.signers.toReversed();
  repository.timestamp.version = 0;
  await repository.publish("root", "timestamp");
  await client.refuses("tuf.rollback", { root: 2 });
});

test("driven up versions of targets are recovered from by a change of the snapshot key", async () => {
  const { client, repository } = await honestTufWorld();
  repository.draft("targets").version = 99;
  await repository.publish("targets", "snapshot", "timestamp");
  await client.refresh();
  repository.draft("targets").version = 1;
  repository.snapshot.meta.delete("a");
  await repository.publish("targets", "snapshot", "timestamp");
  await client.refuses("tuf.rollback", { timestamp: 3 });
  repository.keys.snapshot.signers = [actor("new snapshot")];
  await repository.publish("root", "snapshot", "timestamp");
  for (const restarts of [false, true]) {
    if (restarts) client.restart();
    assert.equal((await client.refresh()).targets.value.version, 2);
  }
  assert.ok(!repository.requests.includes("2.targets.json"), "it was kept");
});

test("after a change of other keys, rollback is refused as before", async () => {
  const { client, repository } = await honestTufWorld();
  await repository.publish("timestamp");
  await client.refresh();
  repository.keys.targets.signers = [actor("new targets")];
  repository.timestamp.version = 0;
  await repository.publish("root", "timestamp");
  await client.refuses("tuf.rollback", { root: 2 });
});

test("targets signed by keys that root has replaced are refused", async () => {
  const { client, repository } = await honestTufWorld();
  repository.keys.targets.signers = [actor("new targets")];
  await repository.publish("root", "timestamp");
  await client.refuses("tuf.threshold", { root: 2, timestamp: 2 });
  await repository.publish("targets", "snapshot", "timestamp");
  await client.refresh();
});

test("targets signed by keys that root has replaced are refused, also under the same timestamp", async () => {
  const { client, repository } = await honestTufWorld();
  repository.keys.targets.signers = [actor("new targets")];
  await repository.publish("root");
  await client.refuses("tuf.threshold", { root: 2 });
  await repository.publish("targets", "snapshot", "timestamp");
  await client.refresh();
});

test("a threshold above the number of keys can never be met", async () => {
  const { client, repository } = await honestTufWorld();
  repository.keys.snapshot = { signers: ["snapshot", "b", "c"].map(actor), threshold: 4 };
  await repository.publish("root", "snapshot", "timestamp");
  await assert.rejects(client.refresh(), { code: "tuf.threshold" });
  assert.deepEqual(await client.trusted(), { root: 2, timestamp: 2, targets: 1 });
});

test("a threshold counts keys: one key under two ids, or a repeated signature, is one signer", async () => {
  const repository = new SimTufRepository();
  const alice = actor("alice");
  repository.keys.timestamp = { signers: [alice], threshold: 2 };
  let second = "";
  repository.bends.set("root", (tree) => {
    second = secondId(tree, keyIdOf(alice));
    return withSecondId(tree, keyIdOf(alice));
  });
  await repository.publishAll();
  const { tree, canonical } = parseSigned(
    repository.files.get("timestamp.json") ?? new Uint8Array(),
    (value) => value,
  );
  const signature = await alice.sign(canonical);
  const twice = new Map([
    [keyIdOf(alice), signature],
    [second, signature],
  ]);
  repository.answers.set("timestamp.json", answer(formatEnvelope(tree, twice)));
  const client = new SimTufClient(repository);
  await client.init();
  await client.refuses("tuf.threshold");
  // The same two ids with threshold 1: the file itself is fine.
  repository.keys.timestamp.threshold = 1;
  await repository.publish("root");
  await client.refresh();
});

test("one key under two ids is one signer for a delegated role too", async () => {
  const alice = actor("alice");
  let keyIds: readonly string[] = [];
  const { client, repository } = await honestTufWorld((sim) => {
    sim.delegate("targets", { name: "release", signers: [alice], threshold: 2, paths: ["r"] });
    sim.addTarget("release", "r", "content");
    sim.bends.set("targets", (tree) => {
      const delegations = objectIn(tree, "delegations");
      const [first, second] = [keyIdOf(alice), secondId(delegations, keyIdOf(alice))];
      keyIds = [first, second];
      const roles = listIn(delegations, "roles").map((role) =>
        isJsonObject(role) && role.get("name") === "release"
          ? new Map<string, Json>(role).set("keyids", keyIds)
          : role,
      );
      const keys = new Map([
        ...objectIn(delegations, "keys"),
        [second, secondKey(delegations, first)],
      ]);
      const bent = new Map<string, Json>(delegations).set("keys", keys).set("roles", roles);
      return new Map<string, Json>(tree).set("delegations", bent);
    });
  });
  const bytes = repository.files.get("1.release.json") ?? assert.fail();
  const { canonical, tree } = parseSigned(bytes, (value) => value);
  const signature = await alice.sign(canonical);
  const twice = new Map(keyIds.map((keyId) => [keyId, signature]));
  repository.answers.set("1.release.json", answer(formatEnvelope(tree, twice)));
  await assert.rejects(client.find("r"), { code: "tuf.threshold" });
  assert.equal((await client.trusted())["release"], undefined);
});

test("members of keys and roles that nobody knows change nothing, whatever they say", async () => {
  const { client, repository } = await honestTufWorld();
  repository.bends.set("root", (tree) => {
    const id = keyIdOf(actor("snapshot"));
    const key = new Map([...objectIn(tree, "keys", id), ["keyid_hash_algorithms", "md5"]]);
    const bentId = sha256Hex(canonicalJson(key));
    const keys = new Map([...objectIn(tree, "keys"), [bentId, key]]);
    keys.delete(id);
    const role = new Map<string, Json>([...objectIn(tree, "roles", "snapshot"), ["x-note", [1]]]);
    role.set("keyids", [bentId]);
    const roles = new Map<string, Json>(objectIn(tree, "roles")).set("snapshot", role);
    return new Map<string, Json>(tree).set("keys", keys).set("roles", roles).set("x-more", "kept");
  });
  await repository.publish("root", "snapshot", "timestamp");
  const root = parseSigned(repository.files.get("2.root.json") ?? assert.fail(), (value) => value);
  assert.ok(isJsonObject(root.tree));
  const [bentId] = listIn(objectIn(root.tree, "roles", "snapshot"), "keyids");
  const bytes = repository.files.get("2.snapshot.json") ?? assert.fail();
  const { canonical, tree } = parseSigned(bytes, (value) => value);
  const signature = await actor("snapshot").sign(canonical);
  assert.ok(typeof bentId === "string");
  const signed = formatEnvelope(tree, new Map([[bentId, signature]]));
  repository.answers.set("2.snapshot.json", answer(signed));
  await client.refresh();
  assert.deepEqual(await client.trusted(), { root: 2, timestamp: 2, snapshot: 2, targets: 1 });
});

const pkcs8 = (key: KeyObject): string => String(key.export({ type: "pkcs8", format: "pem" }));
const schemes: ReadonlyMap<string, () => Signer> = new Map([
  ["ed25519", () => actor("second root")],
  [
    "ecdsa-sha2-nistp256",
    () => ecdsaSignerFromPem(pkcs8(generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey)),
  ],
  [
    "rsassa-pss-sha256",
    () => rsaSignerFromPem(pkcs8(generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey)),
  ],
]);

for (const [scheme, makeSigner] of schemes) {
  test(`a root that needs a ${scheme} key is believed with its signature, and not with another`, async () => {
    const { client, repository } = await honestTufWorld();
    const signer = makeSigner();
    repository.keys.root = { signers: [actor("root"), signer], threshold: 2 };
    await repository.publish("root");
    await client.refresh();
    await repository.publish("root");
    const good = repository.files.get("3.root.json") ?? assert.fail();
    const { signatures, tree } = parseSigned(good, (value) => value);
    const other = await signer.sign(new Uint8Array(1));
    const bad = new Map([...signatures, [keyIdOf(signer), other]]);
    repository.answers.set("3.root.json", answer(formatEnvelope(tree, bad)));
    await client.refuses("tuf.threshold");
    repository.answers.clear();
    await client.refresh();
    assert.equal((await client.trusted())["root"], 3);
  });
}

function listIn(tree: JsonObject, name: string): readonly Json[] {
  const member = tree.get(name) ?? null;
  assert.ok(Array.isArray(member));
  return member;
}

function objectIn(tree: JsonObject, ...names: readonly string[]): JsonObject {
  const [name, ...rest] = names;
  if (name === undefined) return tree;
  const member = tree.get(name) ?? null;
  assert.ok(isJsonObject(member));
  return objectIn(member, ...rest);
}

/** The key object under another id: a member that nobody knows makes it another text for the same key. */
function secondKey(root: JsonObject, keyId: string): JsonObject {
  return new Map([...objectIn(root, "keys", keyId), ["x-note", "again"]]);
}

function secondId(root: JsonObject, keyId: string): string {
  return sha256Hex(canonicalJson(secondKey(root, keyId)));
}

function withSecondId(root: JsonObject, keyId: string): JsonObject {
  const second = secondId(root, keyId);
  const keys = new Map([...objectIn(root, "keys"), [second, secondKey(root, keyId)]]);
  const role = new Map<string, Json>(objectIn(root, "roles", "timestamp")).set("keyids", [
    keyId,
    second,
  ]);
  const roles = new Map<string, Json>(objectIn(root, "roles")).set("timestamp", role);
  return new Map<string, Json>(root).set("keys", keys).set("roles", roles);
}
