/** Keys that change, and how they are counted (specification 5.3.4, 5.3.11). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { answer, honestTufWorld, SimTufClient } from "#world/tuf-client.ts";
import { actor, keyIdOf, SimTufRepository } from "#world/tuf-repository.ts";
import { sha256Hex } from "#crypto/hash.ts";
import { canonicalJson } from "#formats/json/canonical.ts";
import { isJsonObject } from "#formats/json/value.ts";
import type { Json, JsonObject } from "#formats/json/value.ts";
import { formatEnvelope, parseSigned } from "#formats/tuf/envelope.ts";

test("fast-forwarded versions are recovered from by a change of the timestamp or snapshot keys", async () => {
  for (const change of ["all", "one added", "threshold"] as const) {
    const { client, repository } = await honestTufWorld((world) => {
      world.keys.timestamp.signers = [actor("timestamp"), actor("timestamp 2")];
    });
    repository.snapshot.version = 98;
    repository.timestamp.version = 98;
    await repository.publish("snapshot", "timestamp");
    await client.refresh();
    repository.snapshot.version = 1;
    repository.timestamp.version = 1;
    await repository.publish("snapshot", "timestamp");
    await client.refuses("tuf.rollback");
    const { timestamp } = repository.keys;
    if (change === "all") timestamp.signers = [actor("new timestamp")];
    if (change === "one added") timestamp.signers = [...timestamp.signers, actor("third")];
    if (change === "threshold") timestamp.threshold = 2;
    repository.timestamp.version = 1;
    await repository.publish("root", "timestamp");
    client.restart();
    await client.refresh();
    assert.deepEqual(
      await client.trusted(),
      { root: 2, timestamp: 2, snapshot: 2, targets: 1 },
      change,
    );
  }
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
