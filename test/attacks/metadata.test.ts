/** A mirror that answers with metadata that was true once, or that the attacker signed: TUF's own list of attacks. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { actor, signTree } from "#world/tuf-repository.ts";
import { parseJson } from "#formats/json/parse.ts";
import type { Json } from "#formats/json/value.ts";
import { DAY, HOUR } from "#world/sim-clock.ts";
import type { SimIndex } from "#world/sim-index.ts";
import type { Interposer } from "#world/sim-network.ts";
import { assertAttackRefused, assertRecovers, createScene, publish } from "./scene.ts";
import type { Scene } from "./scene.ts";
import { assertRefused, assertServed } from "./outcome.ts";

/** Every metadata file as it is now, to be served again later. */
function recordMetadata(index: SimIndex): ReadonlyMap<string, Uint8Array> {
  return new Map(index.tuf.files);
}

/** Serves some metadata files from elsewhere, and the rest honestly. */
function servingMetadata(files: ReadonlyMap<string, Uint8Array>, only = /./): Interposer {
  return async (request, honest) => {
    const name = /\/tuf\/([^/]+)$/.exec(request.url.pathname)?.[1];
    const body = name !== undefined && only.test(name) ? files.get(name) : undefined;
    return body === undefined ? await honest(request) : { status: 200, body };
  };
}

/** A newer state was verified by the proxy; `old` is what a mirror recorded before. */
async function createAgedScene(): Promise<Scene & { old: ReadonlyMap<string, Uint8Array> }> {
  const scene = await createScene();
  const old = recordMetadata(scene.index);
  await publish(scene.index, "seen", "2.0");
  scene.world.clock.advance(11_000);
  assertServed(await scene.install(scene.seen), scene.seen.bytes, "the newer state");
  scene.world.clock.advance(11_000);
  return { ...scene, old };
}

test("M1 a mirror serves an old timestamp", async () => {
  const scene = await createAgedScene();
  scene.world.network.interpose(servingMetadata(scene.old, /^timestamp\.json$/));
  await assertAttackRefused(scene, "tuf.rollback", "an old timestamp");
  await assertRecovers(scene);
});

test("M2 a mirror serves an old snapshot under the new one's name", async () => {
  const scene = await createScene();
  const stale = scene.index.tuf.files.get(`${scene.index.tuf.snapshot.version}.snapshot.json`);
  assert.ok(stale);
  await publish(scene.index, "victim", "2.0");
  const name = `${scene.index.tuf.snapshot.version}.snapshot.json`;
  scene.world.clock.advance(11_000);
  scene.world.network.interpose(servingMetadata(new Map([[name, stale]])));
  // The new timestamp is honest, and may be believed.
  await scene.world.page("victim");
  await assertAttackRefused(scene, "tuf.hash", "an old snapshot");
  await assertRecovers(scene);
});

test("M3 a mirror mixes versions: a new snapshot with an old bin", async () => {
  const scene = await createScene();
  const bin = scene.index.binOf("victim");
  const draft = scene.index.tuf.draft(bin);
  const stale = scene.index.tuf.files.get(`${draft.version}.${bin}.json`);
  assert.ok(stale);
  scene.index.tuf.listsHashes = false;
  await publish(scene.index, "victim", "2.0");
  scene.world.clock.advance(11_000);
  assertServed(await scene.install(scene.seen), scene.seen.bytes, "the honest part");
  const name = `${draft.version}.${bin}.json`;
  scene.world.clock.advance(11_000);
  scene.world.network.interpose(servingMetadata(new Map([[name, stale]])));
  await scene.world.trusted.deleteRole(bin);
  scene.world.restart();
  await scene.world.page("seen");
  await assertAttackRefused(scene, "tuf.version", "an old bin");
  await assertRecovers(scene);
});

test("M4 a mirror freezes the index: nothing new until after the timestamp has expired", async () => {
  const scene = await createScene();
  const { tuf } = scene.index;
  tuf.timestamp.expires = "2026-11-21T08:01:00Z";
  await tuf.publish("timestamp");
  scene.world.clock.advance(11_000);
  assertServed(await scene.install(scene.seen), scene.seen.bytes, "before the freeze");
  const frozen = recordMetadata(scene.index);
  tuf.timestamp.expires = "2026-11-22T08:00:00Z";
  await publish(scene.index, "victim", "1.0", "a security fix");
  scene.world.network.interpose(servingMetadata(frozen, /^timestamp\.json$/));
  scene.world.clock.advance(HOUR);
  await assertAttackRefused(scene, "tuf.expired", "a frozen timestamp");
  scene.world.network.interpose(undefined);
  scene.world.clock.advance(61_000);
  assertServed(await scene.install(scene.seen), scene.seen.bytes, "after the freeze");
});

test("M5 a mirror freezes a snapshot, a bin, or the role above it past its expiry", async () => {
  for (const role of ["snapshot", "bin-0", "bin-1", "unclaimed", "claimed", "targets"]) {
    const scene = await createScene();
    const { tuf } = scene.index;
    const zero = await publish(scene.index, "bystander");
    const files = [scene.seen, scene.victim, zero];
    const bins = files.map(({ project }) => scene.index.binOf(project));
    assert.deepEqual(bins, ["bin-1", "bin-1", "bin-0"], "each bin has a project");
    tuf.draft(role).expires = "2026-11-21T09:00:00Z";
    const above = role === "snapshot" ? [] : [role];
    await tuf.publish(...above, "snapshot", "timestamp");
    scene.world.clock.advance(11_000);
    for (const file of [scene.seen, zero]) {
      assertServed(await scene.install(file), file.bytes, `${role} in force`);
    }
    scene.world.clock.advance(2 * HOUR);
    for (const [index, file] of files.entries()) {
      const outcome = await scene.install(file);
      // A bin speaks for its own projects only.
      if (role.startsWith("bin-") && bins[index] !== role) {
        assertServed(outcome, file.bytes, `${file.project} beside an expired ${role}`);
      } else assertRefused(outcome, "tuf.expired", `an expired ${role} for ${file.project}`);
    }
  }
});

test("M6 a mirror replaces signatures by its own", async () => {
  for (const role of ["timestamp", "snapshot", "targets", "unclaimed", "bin-0"]) {
    const scene = await createScene();
    const { tuf } = scene.index;
    const mallory = role === "bin-0" ? scene.index.binOf("victim") : role;
    await publish(scene.index, "victim", "2.0");
    tuf.signers.set(mallory, [actor("mallory")]);
    const roles = [mallory, "snapshot", "timestamp"];
    await tuf.publish(...roles.slice(roles.lastIndexOf(mallory)));
    scene.world.clock.advance(11_000);
    await scene.world.page("victim");
    await assertAttackRefused(scene, "tuf.threshold", `${mallory} signed by the attacker`);
  }
});

test("M7 an unknown signature beside a valid threshold changes nothing", async () => {
  const scene = await createScene();
  const { tuf } = scene.index;
  tuf.signers.set("timestamp", [actor("mallory"), actor("timestamp")]);
  // Only who believes that timestamp knows of the project.
  const fresh = await publish(scene.index, "fresh");
  scene.world.clock.advance(11_000);
  assertServed(await scene.install(fresh), fresh.bytes, "one more signature");
});

test("M8 a mirror swaps root for one of its own", async () => {
  const scene = await createScene();
  const { tuf } = scene.index;
  const mallory = actor("mallory");
  const honest = new Map(tuf.files);
  for (const role of ["root", "timestamp", "snapshot", "targets"] as const) {
    tuf.keys[role] = { signers: [mallory], threshold: 1 };
  }
  await tuf.publish("root");
  const forged = tuf.files.get("2.root.json");
  assert.ok(forged);
  tuf.files.clear();
  for (const [name, bytes] of honest) tuf.files.set(name, bytes);
  scene.world.clock.advance(11_000);
  scene.world.network.interpose(servingMetadata(new Map([["2.root.json", forged]])));
  await assertAttackRefused(scene, "tuf.threshold", "a root of the attacker's own");
  await assertRecovers(scene);
});

test("M9 a mirror replays an older root as the next one", async () => {
  const scene = await createScene();
  const first = scene.index.tuf.files.get("1.root.json");
  assert.ok(first);
  scene.world.clock.advance(11_000);
  scene.world.network.interpose(servingMetadata(new Map([["2.root.json", first]])));
  await assertAttackRefused(scene, "tuf.version", "an older root");
  await assertRecovers(scene);
});

test("M10 a thief of the old root key cannot take back a root that replaced it", async () => {
  const scene = await createScene();
  const { tuf } = scene.index;
  tuf.keys.root = { signers: [actor("new root")], threshold: 1 };
  tuf.signers.set("root", [actor("root"), actor("new root")]);
  await tuf.publish("root");
  scene.world.clock.advance(11_000);
  assertServed(await scene.install(scene.seen), scene.seen.bytes, "after the rotation");
  const stolen = new Map<string, Uint8Array>();
  const second = tuf.files.get("2.root.json");
  assert.ok(second);
  const tree = rootAgain(second, 3);
  stolen.set("3.root.json", await signTree(tree, [actor("root")]));
  scene.world.clock.advance(11_000);
  scene.world.network.interpose(servingMetadata(stolen));
  await assertAttackRefused(scene, "tuf.threshold", "a root signed by a replaced key");
  await assertRecovers(scene);
});

test("M11 a thief of the timestamp and snapshot keys rolls a bin back", async () => {
  const scene = await createScene();
  const { tuf } = scene.index;
  const bin = scene.index.binOf("victim");
  const old = tuf.snapshot.meta.get(bin);
  assert.ok(old);
  await publish(scene.index, "victim", "1.0", "a security fix");
  scene.world.clock.advance(11_000);
  assertServed(await scene.install(scene.seen), scene.seen.bytes, "the newer state");
  tuf.snapshot.meta.set(bin, old);
  await tuf.publish("snapshot", "timestamp");
  scene.world.clock.advance(11_000);
  await scene.world.page("victim");
  await assertAttackRefused(scene, "tuf.rollback", "a bin that went back");
});

test("M13 a thief of the timestamp and snapshot keys drops a role", async () => {
  const scene = await createScene();
  const { tuf } = scene.index;
  tuf.snapshot.meta.delete("claimed");
  await tuf.publish("snapshot", "timestamp");
  scene.world.clock.advance(11_000);
  await scene.world.page("victim");
  await assertAttackRefused(scene, "tuf.rollback", "a snapshot without claimed");
});

test("M12 a mirror that is honest about everything but time: nothing for a week", async () => {
  const scene = await createScene();
  const { tuf } = scene.index;
  tuf.timestamp.expires = "2026-11-22T08:00:00Z";
  await tuf.publish("timestamp");
  scene.world.clock.advance(11_000);
  assertServed(await scene.install(scene.seen), scene.seen.bytes, "today");
  const frozen = recordMetadata(scene.index);
  scene.world.network.interpose(servingMetadata(frozen));
  for (let day = 1; day <= 7; day++) {
    tuf.timestamp.expires = `2026-11-${22 + day}T08:00:00Z`;
    await tuf.publish("timestamp");
    scene.world.clock.advance(DAY);
  }
  await assertAttackRefused(scene, "tuf.expired", "a week of silence");
  await assertRecovers(scene);
});

function rootAgain(bytes: Uint8Array, version: number): Json {
  const envelope = parseJson(bytes);
  assert.ok(envelope instanceof Map);
  const signed: unknown = envelope.get("signed");
  assert.ok(signed instanceof Map);
  return new Map<string, Json>([...signed, ["version", version]]);
}
