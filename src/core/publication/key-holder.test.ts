/** Which held keys sign what, and what becomes of the key folder. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { json } from "#formats/json/decode.ts";
import { parseSigned } from "#formats/tuf/envelope.ts";
import { UnavailableError } from "#core/errors.ts";
import { publicTimestampPath } from "#core/tuf/layout.ts";
import type { OnlineKeyName } from "#core/tuf/layout.ts";
import type { TufSigner } from "#core/tuf/editor.ts";
import { signTimestamp } from "#core/tuf/online-roles.ts";
import { ringOf } from "./key-ring.ts";
import { acceptOffline, openOfflineSet } from "./offline-set.ts";
import type { OfflineSet } from "./offline-set.ts";
import type { OnlineKeys } from "./online-keys.ts";
import { createMemoryKeyStore, keyFile } from "#stores/memory/key-store.ts";
import { backupSignerDisk, createMemorySignerStore } from "#stores/memory/signer-store.ts";
import { HOUR, MINUTE } from "#world/sim-clock.ts";
import { RotationClients, aRotationScene, demo, rotate, rotations } from "#world/rotations.ts";
import type { Rotation, RotationScene } from "#world/rotations.ts";
import { createWorldClient } from "#world/sim-signer.ts";
import { TreeAuditor } from "#world/tree-client.ts";

function rotationOf(name: string): Rotation {
  const rotation = rotations.find((one) => one.name === name);
  assert.ok(rotation !== undefined, name);
  return rotation;
}

const topKeys = rotationOf("the keys of timestamp and snapshot");
const everyKey = rotationOf("every key there is");

function newestOf({ signer }: RotationScene, role: string): number {
  return signer.status().roles.find((one) => one.role === role)?.version ?? 0;
}

/** Who has signed the newest file of the role: "old", "fresh". */
function signersOf(scene: RotationScene, role: OnlineKeyName): readonly string[] {
  const { fresh, old, world } = scene;
  const path =
    role === "timestamp" ? publicTimestampPath : `tuf/${newestOf(scene, role)}.${role}.json`;
  const bytes = world.tree.get(path);
  assert.ok(bytes !== undefined, path);
  const { signatures } = parseSigned(bytes, json);
  const is = (signer: TufSigner): boolean => signatures.has(signer.key.keyId);
  const known = [is(old.online[role]) && "old", is(fresh.online[role]) && "fresh"];
  const names = known.filter((name) => name !== false);
  assert.equal(names.length, signatures.size, "by nobody else");
  return names;
}

function states({ signer }: RotationScene, name: OnlineKeyName): readonly string[] {
  return signer
    .status()
    .heldKeys.filter((key) => key.name === name)
    .map(({ state }) => state);
}

test("timestamp and snapshot are signed by the next key as soon as it is held", async () => {
  const scene = await aRotationScene();
  for (const role of topKeys.online) assert.deepEqual(signersOf(scene, role), ["old"]);
  scene.makeNext(...topKeys.online, "deny");
  await scene.signer.renewDue();
  for (const role of topKeys.online) {
    assert.deepEqual(signersOf(scene, role), ["old", "fresh"]);
    assert.deepEqual(states(scene, role), ["current", "next"]);
  }
  assert.deepEqual(
    signersOf(scene, "deny"),
    ["old"],
    "a client judges it by the targets beside it",
  );
  const { batch } = scene.signer.status();
  await scene.signer.renewDue();
  assert.equal(scene.signer.status().batch, batch, "once");
});

test("the keys before sign for an hour with the new ones, and not after it", async () => {
  const scene = await aRotationScene();
  scene.makeNext(...topKeys.online);
  await rotate(scene, topKeys);
  for (const role of topKeys.online) assert.deepEqual(signersOf(scene, role), ["old", "fresh"]);
  scene.clock.advance(59 * MINUTE);
  await scene.upload("2.0");
  for (const role of topKeys.online) assert.deepEqual(signersOf(scene, role), ["old", "fresh"]);
  scene.clock.advance(MINUTE);
  await scene.upload("3.0");
  for (const role of topKeys.online) assert.deepEqual(signersOf(scene, role), ["fresh"]);
});

test("the roles that targets delegates to are signed by the new key alone, at once", async () => {
  const scene = await aRotationScene();
  const rotation = rotationOf("all online keys");
  scene.makeNext(...rotation.online);
  const before = scene.signer.status().batch;
  await rotate(scene, rotation);
  for (const role of ["deny", "recently-claimed", "unclaimed"] as const) {
    assert.deepEqual(signersOf(scene, role), ["fresh"]);
  }
  assert.equal(scene.signer.status().batch, before + 1, "in one batch, the bins too");
});

test("where the keys before are gone, as after a recovery, the new ones sign alone", async () => {
  const scene = await aRotationScene();
  for (const name of topKeys.online) {
    scene.world.keyFiles.set(keyFile(name, "current"), scene.fresh.online[name]);
  }
  await rotate(scene, topKeys);
  scene.replaceSigner();
  await scene.signer.start();
  await scene.upload("2.0");
  assert.deepEqual(signersOf(scene, "timestamp"), ["fresh"]);
  assert.deepEqual(states(scene, "timestamp"), ["current"]);
  const client = await createWorldClient(scene.world);
  assert.notEqual(await client.readPage(demo), "absent");
});

test("a root that becomes public late, after a kill, has its hour from then on", async () => {
  const scene = await aRotationScene();
  scene.makeNext(...topKeys.online);
  await scene.signer.renewDue();
  scene.replaceSigner({
    steps: {
      reached(step) {
        if (step === "batch.committed") throw new Error("killed");
      },
    },
  });
  await scene.signer.start();
  await assert.rejects(rotate(scene, topKeys), /killed/);
  scene.clock.advance(3 * HOUR);
  // Is told a moment before that there is no second root, through a cache that keeps that.
  const clients = await RotationClients.create(scene);
  scene.replaceSigner();
  await scene.signer.start();
  assert.equal(newestOf(scene, "root"), 2);
  scene.clock.advance(58 * MINUTE);
  await scene.upload("2.0");
  await clients.look("2.0");
});

test("a file that names a key which is not held is refused, and taken once the key is there", async () => {
  const scene = await aRotationScene();
  const before = { status: scene.signer.status(), names: scene.world.tree.names.size };
  for (const name of ["the key of timestamp", "the key of snapshot", "the key of unclaimed"]) {
    const files = await rotationOf(name).files(scene);
    await assert.rejects(scene.signer.submitOffline(files), {
      code: "key.not-held",
      message: /holds none of its keys, [0-9a-f]{64}.*key folder/,
    });
  }
  assert.deepEqual(scene.signer.status(), before.status);
  assert.equal(scene.world.tree.names.size, before.names);
  scene.makeNext("timestamp");
  const files = await rotationOf("the key of timestamp").files(scene);
  await scene.signer.submitOffline(files);
  assert.equal(newestOf(scene, "root"), 2);
});

test("acceptOffline() takes no set under which the signer could not go on", async () => {
  const scene = await aRotationScene();
  const { metadata, nextVersions } = await scene.signer.currentOffline();
  const files = await rotationOf("the key of deny").files(scene);
  const held = openOfflineSet(metadata);
  const accept = (keys: OnlineKeys): OfflineSet =>
    acceptOffline(held, files, nextVersions, ringOf(keys), scene.clock.now());
  assert.throws(() => accept(scene.old.online), { code: "key.not-held" });
  const set = accept({ ...scene.old.online, deny: scene.fresh.online.deny });
  assert.equal(set.targets.value.version, 2);
});

test("a key that lies under another role's name is not its key", async () => {
  const scene = await aRotationScene();
  scene.world.keyFiles.set(keyFile("snapshot", "next"), scene.fresh.online.timestamp);
  const files = await rotationOf("the key of timestamp").files(scene);
  await assert.rejects(scene.signer.submitOffline(files), { code: "key.not-held" });
});

test("keys that vanish from the folder stay in memory; a start without them is refused", async () => {
  const scene = await aRotationScene();
  scene.world.keyFiles.delete(keyFile("timestamp", "current"));
  await scene.signer.renewDue();
  await scene.signer.renewDue();
  await scene.upload("2.0");
  assert.equal(scene.world.notices.length, 1, "once");
  assert.match(scene.world.notices[0] ?? "", /The key of timestamp that is in force/);
  scene.replaceSigner();
  await assert.rejects(scene.signer.start(), {
    code: "key.not-held",
    message: new RegExp(scene.old.online.timestamp.key.keyId),
  });
});

test("a folder that cannot be read, or holds a file that is no key, stops no publication", async () => {
  const scene = await aRotationScene();
  const folder = createMemoryKeyStore(scene.world.keyFiles);
  let unusable: readonly string[] = [];
  let isBroken = false;
  scene.replaceSigner({
    keys: {
      ...folder,
      async read() {
        if (isBroken) throw new UnavailableError("storage.failed", "Cannot read the key folder");
        return { ...(await folder.read()), unusable };
      },
    },
  });
  await scene.signer.start();
  isBroken = true;
  await scene.signer.renewDue();
  await scene.upload("2.0");
  isBroken = false;
  unusable = ["Cannot use the key deny.next.pem"];
  scene.makeNext("timestamp");
  await rotate(scene, rotationOf("the key of timestamp"));
  // What cannot be read may be a key that is needed: nothing is renamed over it.
  assert.equal(scene.world.keyFiles.get("timestamp next"), scene.fresh.online.timestamp);
  assert.deepEqual(states(scene, "timestamp"), ["retired", "current"]);
  await scene.upload("3.0");
  assert.deepEqual(scene.world.notices, ["Cannot read the key folder", ...unusable]);
  unusable = [];
  await scene.signer.renewDue();
  assert.equal(scene.world.keyFiles.get("timestamp current"), scene.fresh.online.timestamp);
  assert.equal(scene.world.keyFiles.get("timestamp retired"), scene.old.online.timestamp);
});

test("the bins' next key signs all bins and unclaimed in one batch, and no upload waits for it", async () => {
  const scene = await aRotationScene();
  const before = scene.signer.status();
  const versions = ["bin-0", "bin-1"].map((bin) => binVersion(scene, bin));
  scene.makeNext("bins");
  // Has the folder read, and nothing published.
  const refused = await rotationOf("the key of deny").files(scene);
  await assert.rejects(scene.signer.submitOffline(refused), { code: "key.not-held" });
  await scene.upload("2.0");
  assert.equal(newestOf(scene, "unclaimed"), 1, "an upload changes its bin alone");
  await scene.signer.renewDue();
  assert.equal(scene.signer.status().batch, before.batch + 2);
  assert.equal(newestOf(scene, "unclaimed"), 2);
  const after = ["bin-0", "bin-1"].map((bin) => binVersion(scene, bin));
  assert.deepEqual(
    after.map((version, at) => version - (versions[at] ?? 0)).toSorted((a, b) => a - b),
    [1, 2],
    "each bin once, and one for the upload",
  );
  await scene.upload("3.0");
  assert.equal(newestOf(scene, "unclaimed"), 2);
});

function binVersion({ world }: RotationScene, bin: string): number {
  return world.disk.roles.get(bin)?.at(-1)?.version ?? 0;
}

test("where the bins' key in force is gone, they get the one that is there", async () => {
  const scene = await aRotationScene();
  const clients = await RotationClients.create(scene);
  scene.world.keyFiles.set(keyFile("bins", "current"), scene.fresh.online.bins);
  scene.replaceSigner();
  await scene.signer.start();
  await clients.look("1.0");
  const { heldKeys, roles } = scene.signer.status();
  const { keyId } = scene.fresh.online.bins.key;
  assert.deepEqual(roles.find(({ role }) => role === "bins")?.keyIds, [keyId]);
  assert.deepEqual(
    heldKeys.filter(({ name }) => name === "bins").map(({ state }) => state),
    ["current"],
  );
});

test("the bins never go back to a retired key, which may be stolen: without another one nothing starts", async () => {
  const scene = await aRotationScene();
  scene.makeNext("bins");
  await scene.signer.renewDue();
  assert.deepEqual(states(scene, "bins"), ["current", "retired"]);
  scene.world.keyFiles.delete(keyFile("bins", "current"));
  scene.replaceSigner();
  await assert.rejects(scene.signer.start(), { code: "key.not-held" });
  scene.world.keyFiles.set(keyFile("bins", "current"), scene.fresh.online.bins);
  scene.replaceSigner();
  await scene.signer.start();
  assert.equal(newestOf(scene, "unclaimed"), 2);
});

test("a retired key, which may be stolen, makes no signer believe that it is a backup", async () => {
  const scene = await aRotationScene();
  scene.makeNext(...topKeys.online);
  await rotate(scene, topKeys);
  scene.clock.advance(2 * HOUR);
  await scene.upload("2.0");
  const { roles } = await createMemorySignerStore(scene.world.disk).readState();
  const snapshot = roles.get("snapshot");
  assert.ok(snapshot !== undefined);
  const { bytes } = await signTimestamp(snapshot, {
    ...scene.signing([scene.old.online.timestamp]),
    version: 1_000,
  });
  const before = newestOf(scene, "timestamp");
  // Behind the auditor's back.
  Map.prototype.set.call(scene.world.tree, publicTimestampPath, bytes);
  scene.replaceSigner();
  await scene.signer.start();
  await scene.upload("3.0");
  assert.ok(newestOf(scene, "timestamp") < before + 10);
  const page = await (await createWorldClient(scene.world)).readPage(demo);
  assert.ok(page !== "absent" && page.versions.includes("3.0"));
});

test("an older copy of the database that does not know the rotation is recognised by the keys held", async () => {
  const scene = await aRotationScene();
  const older = { ...backupSignerDisk(scene.world.disk), restored: false };
  scene.makeNext(...everyKey.online);
  await rotate(scene, everyKey);
  scene.clock.advance(2 * HOUR);
  await scene.upload("2.0");
  const clients = await RotationClients.create(scene);
  assert.deepEqual(signersOf(scene, "timestamp"), ["fresh"]);
  scene.world.disk = older;
  scene.replaceSigner();
  await scene.signer.start();
  assert.equal(newestOf(scene, "root"), 2, "taken back from the public tree");
  await clients.look("1.0");
  assert.deepEqual(scene.world.tree.faults, []);
  assert.deepEqual(signersOf(scene, "deny"), ["fresh"]);
});

test("a backup of before the rotation does not go on beside a newer root whose keys are not held", async () => {
  const scene = await aRotationScene();
  const backup = backupSignerDisk(scene.world.disk);
  scene.makeNext(...everyKey.online);
  await rotate(scene, everyKey);
  const before = scene.world.tree.names.size;
  scene.world.disk = backup;
  const snapshotKey = keyFile("snapshot", "current");
  scene.world.keyFiles.delete(snapshotKey);
  scene.replaceSigner();
  await assert.rejects(scene.signer.start(), { code: "key.not-held" });
  assert.equal(scene.world.tree.names.size, before);
  scene.world.keyFiles.set(snapshotKey, scene.fresh.online.snapshot);
  scene.replaceSigner();
  await scene.signer.start();
  assert.equal(newestOf(scene, "root"), 2);
});

test("a backup of before the rotation, without the public tree, goes on under the keys it names", async () => {
  const scene = await aRotationScene();
  const backup = backupSignerDisk(scene.world.disk);
  scene.makeNext(...everyKey.online);
  await rotate(scene, everyKey);
  scene.world.disk = backup;
  scene.world.tree = new TreeAuditor();
  scene.replaceSigner();
  await scene.signer.start();
  assert.equal(newestOf(scene, "root"), 1);
  assert.deepEqual(states(scene, "deny"), ["next", "current"]);
  assert.equal(
    scene.world.keyFiles.get("deny retired"),
    scene.old.online.deny,
    "nothing is renamed",
  );
  await scene.upload("2.0");
  const page = await (await createWorldClient(scene.world)).readPage(demo);
  assert.ok(page !== "absent" && page.versions.includes("2.0"));
});
