import assert from "node:assert/strict";
import { test } from "node:test";
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import { isJsonObject } from "#formats/json/value.ts";
import { normaliseProjectName } from "#formats/python/project-name.ts";
import type { Page } from "#formats/python/simple-page.ts";
import type { Publisher } from "#core/publication/publisher.ts";
import { signRole } from "#core/tuf/editor.ts";
import { signSnapshot, signTimestamp } from "#core/tuf/online-roles.ts";
import { keyFile } from "#stores/memory/key-store.ts";
import type { OfflineMetadata } from "#formats/door/offline-metadata.ts";
import { parseSigned } from "#formats/tuf/envelope.ts";
import { parseTufKey } from "#formats/tuf/key.ts";
import { root as rootDecoder, rootToJson } from "#formats/tuf/root.ts";
import { metaLines } from "#formats/tuf/snapshot.ts";
import { onlineKeyNames } from "#core/tuf/layout.ts";
import { HOUR, createSimClock } from "#world/sim-clock.ts";
import type { SimClock } from "#world/sim-clock.ts";
import { createSeededRandom } from "#world/seeded-random.ts";
import type { SeededRandom } from "#world/seeded-random.ts";
import {
  comparedPorts,
  holdCeremony,
  memoryRecoveryPorts,
  restoreAll,
  stealWorld,
} from "#world/recovery.ts";
import type { Rotated } from "#world/recovery.ts";
import {
  createSignerWorld,
  createSimSigner,
  createWorldClient,
  memoryStore,
  storeSdist,
} from "#world/sim-signer.ts";
import type { SignerWorld } from "#world/sim-signer.ts";
import { TreeClient } from "#world/tree-client.ts";
import { compareTrees } from "./compare-trees.ts";
import { readStateToRecover, recoverPublication } from "./recover-publication.ts";
import type { Recovered, RecoveryPorts } from "./recover-publication.ts";
import type { KeyOwner } from "./stolen-keys.ts";

const alpha = normaliseProjectName("alpha");
const beta = normaliseProjectName("beta");
const gamma = normaliseProjectName("gamma");

type Scene = {
  readonly clock: SimClock;
  readonly random: SeededRandom;
  readonly world: SignerWorld;
  readonly signer: Publisher;
  /** alpha 1.0, beta 1.0 and beta 1.1. */
  readonly copy: Map<string, Uint8Array>;
};

async function aScene(): Promise<Scene> {
  const clock = createSimClock("2026-01-02T00:00:00Z");
  const random = createSeededRandom(1);
  const world = await createSignerWorld(clock.now, random.bytes, { binsBitLength: 1 });
  const signer = createSimSigner(world);
  await signer.start();
  await signer.submit(storeSdist(world, "alpha", "1.0"));
  await signer.submit(storeSdist(world, "beta", "1.0"));
  await signer.submit(storeSdist(world, "beta", "1.1"));
  const copy = new Map(world.tree);
  clock.advance(HOUR);
  return { clock, random, world, signer, copy };
}

/** Through the signer's own door, as a thief of the index's machine can. */
async function breakIn({ signer, world }: Scene): Promise<void> {
  await signer.submit(storeSdist(world, "alpha", "6.6"));
  await signer.submit(storeSdist(world, "gamma", "6.6"));
  const yank = { kind: "yank-file", id: "y", project: beta, filename: "beta-1.0.tar.gz" } as const;
  await signer.submit({ ...yank, yanked: true });
  await signer.submit({
    kind: "remove-file",
    id: "r",
    project: beta,
    filename: "beta-1.1.tar.gz",
  });
}

async function recover(
  scene: Scene,
  rotated: Pick<Rotated, "castOff" | "offline">,
  ports: Partial<RecoveryPorts> = {},
): Promise<Recovered> {
  const { copy, world } = scene;
  const own = memoryRecoveryPorts(world, ports);
  const token = await own.store.takeLease("recovery", world.clock());
  const restored = restoreAll(await comparedPorts(world, copy));
  return await recoverPublication(own, world.config, token, { ...rotated, restored });
}

async function ceremony({ random, world }: Scene, stolen: readonly KeyOwner[]): Promise<Rotated> {
  const state = await readStateToRecover(memoryRecoveryPorts(world));
  return await holdCeremony(world, state, stolen, random.bytes);
}

const filesOf = (page: Page | "absent"): readonly string[] =>
  page === "absent" ? ["absent"] : page.files.map(({ filename }) => filename);

async function expectGood(scene: Scene, client: TreeClient): Promise<void> {
  assert.deepEqual(filesOf(await client.readPage(alpha)), ["alpha-1.0.tar.gz"]);
  const page = await client.readPage(beta);
  assert.deepEqual(filesOf(page), ["beta-1.0.tar.gz", "beta-1.1.tar.gz"]);
  assert.ok(page !== "absent" && page.files.every(({ yanked }) => yanked === false));
  assert.deepEqual(scene.world.tree.faults, []);
}

test("pages, names and keys are those of the good copy again, for every kind of client", async () => {
  const scene = await aScene();
  const { clock, signer, world } = scene;
  const [saw, missed] = [await createWorldClient(world), await createWorldClient(world)];
  await missed.refresh();
  await breakIn(scene);
  assert.deepEqual(filesOf(await saw.readPage(alpha)), ["alpha-1.0.tar.gz", "alpha-6.6.tar.gz"]);
  const serial = signer.status().serial;
  await signer.stop();
  clock.advance(HOUR);
  const { after, before, published } = await recover(scene, await ceremony(scene, onlineKeyNames));
  assert.equal(published, true);
  const fresh = await createWorldClient(world);
  for (const client of [saw, missed, fresh]) {
    await expectGood(scene, client);
    // Its page is there and lists nothing: a page that was public once stays one.
    assert.deepEqual(filesOf(await client.readPage(gamma)), []);
  }
  for (const { role, version } of before.roles.values()) {
    const next = after.roles.get(role)?.version ?? 0;
    const isKept = role === "claimed";
    assert.equal(next > version, !isKept, `${role} ${version} → ${next}`);
    // Far above what the thief can have given away: caches keep what they got first.
    const isOnline = role !== "root" && role !== "targets" && !isKept;
    assert.equal(next >= clock.now().getTime(), isOnline, `${role} ${next}`);
  }
  // Every page under a new serial: an index takes over what it did not see.
  const restarted = createSimSigner(world);
  await restarted.start();
  const pages = await restarted.readPages(serial, 10);
  assert.deepEqual(new Set(pages.map(({ project }) => project)), new Set([alpha, beta, gamma]));
  // The name stays bound: neither the same nor other bytes come under it.
  const again = await restarted.submit(storeSdist(world, "alpha", "6.6", "other"));
  assert.equal(again.outcome === "refused" && again.code, "upload.filename-reused");
  assert.equal((await restarted.submit(storeSdist(world, "alpha", "2.0"))).outcome, "published");
  assert.deepEqual(filesOf(await saw.readPage(alpha)), ["alpha-1.0.tar.gz", "alpha-2.0.tar.gz"]);
});

test("what a thief of all online keys goes on signing is refused by whoever saw the new root", async () => {
  const scene = await aScene();
  const { clock, world } = scene;
  await scene.signer.stop();
  const thief = stealWorld(world);
  const evil = createSimSigner(thief);
  await evil.start();
  for (let version = 0; version < 9; version++) {
    await evil.submit(storeSdist(thief, "alpha", `6.${version}`));
  }
  const saw = await new TreeClient(world.tree, clock.now).init(world.first.root);
  const robbed = new TreeClient(thief.tree, clock.now, saw.store);
  assert.equal(filesOf(await robbed.readPage(alpha)).length, 10, "what the attacker gets");
  clock.advance(HOUR);
  await recover(scene, await ceremony(scene, onlineKeyNames));
  await expectGood(scene, new TreeClient(world.tree, clock.now, saw.store));
  // The thief follows with the new root, for nobody believes him otherwise, and with all he has.
  for (const [path, bytes] of world.tree) {
    if (path.endsWith(".root.json")) thief.tree.set(path, bytes);
  }
  await evil.submit(storeSdist(thief, "alpha", "7.0"));
  const again = new TreeClient(thief.tree, clock.now, saw.store);
  await assert.rejects(again.refresh(), { code: "tuf.threshold" });
  await expectGood(scene, new TreeClient(world.tree, clock.now, saw.store));
});

for (const stolen of [
  ["timestamp"],
  ["snapshot"],
  ["bins"],
  ["unclaimed"],
  ["recently-claimed", "deny"],
  ["targets"],
  ["claimed"],
  ["timestamp", "snapshot", "targets"],
  ["root"],
] as const satisfies readonly (readonly KeyOwner[])[]) {
  test(`exactly ${stolen.join(", ")}: its keys count for nothing afterwards, all others stay`, async () => {
    const scene = await aScene();
    const { clock, world } = scene;
    const client = await createWorldClient(world);
    await client.refresh();
    await scene.signer.stop();
    const rotated = await ceremony(scene, stolen);
    const { after, before } = await recover(scene, rotated);
    await expectGood(scene, client);
    await expectGood(scene, await createWorldClient(world));
    const ids = (state: Recovered["after"]): string =>
      JSON.stringify([
        state.offline.root.value.roles,
        state.offline.targets.value.delegations?.roles,
        state.binKeyIds,
      ]);
    for (const keyId of rotated.castOff) {
      assert.ok(ids(before).includes(keyId));
      assert.ok(!ids(after).includes(keyId), keyId);
    }
    clock.advance(HOUR);
    const restarted = createSimSigner(world);
    await restarted.start();
    assert.equal((await restarted.submit(storeSdist(world, "alpha", "9.0"))).outcome, "published");
    await client.readPage(alpha);
  });
}

for (const hasFloor of [true, false]) {
  const end = hasFloor ? "refused by x-floor" : "believed where there is no x-floor";
  test(`old targets, under which the stolen keys still sign, in a snapshot by new stolen keys: ${end}`, async () => {
    const scene = await aScene();
    const { clock, world } = scene;
    await scene.signer.stop();
    const thief = stealWorld(world);
    const evil = createSimSigner(thief);
    await evil.start();
    await evil.submit(storeSdist(thief, "alpha", "6.6"));
    const rotated = await ceremony(scene, onlineKeyNames);
    const offline = hasFloor ? rotated.offline : await withoutFloor(world, rotated.offline);
    const { after } = await recover(scene, { ...rotated, offline });
    const { root, targets } = after.offline;
    const floor = new Map([
      ["targets", targets.value.version],
      ["claimed", 1],
    ]);
    assert.deepEqual(root.value.floor, hasFloor ? floor : undefined);
    // The second theft: the new keys of timestamp and snapshot, and nothing else that is new.
    const version = 2 * clock.now().getTime();
    const signing = (name: "snapshot" | "timestamp") => {
      const signer = world.keyFiles.get(keyFile(name, "current"));
      assert.ok(signer !== undefined);
      return { version, now: clock.now(), lifetimeMs: HOUR, signers: [signer] };
    };
    const meta = new Map<string, { version: number }>();
    for (const [role, files] of thief.disk.roles) {
      const newest = files.at(-1)?.version ?? 0;
      if (!["root", "snapshot", "timestamp"].includes(role)) meta.set(role, { version: newest });
    }
    const snapshot = await signSnapshot(metaLines(meta), signing("snapshot"));
    const listed = { ...snapshot, length: snapshot.bytes.byteLength };
    const timestamp = await signTimestamp(listed, signing("timestamp"));
    thief.tree.set(`tuf/${version}.snapshot.json`, snapshot.bytes);
    thief.tree.set("tuf/timestamp.json", timestamp.bytes);
    thief.tree.set("tuf/2.root.json", root.bytes);
    const fresh = await createWorldClient(thief);
    if (hasFloor) await assert.rejects(fresh.readPage(alpha), { code: "tuf.rollback" });
    else assert.ok(filesOf(await fresh.readPage(alpha)).includes("alpha-6.6.tar.gz"));
  });
}

/** The same root, without what it casts off. */
async function withoutFloor(
  { offline: { root: signers } }: SignerWorld,
  offline: OfflineMetadata,
): Promise<OfflineMetadata> {
  assert.ok(offline.root !== undefined);
  const { value } = parseSigned(offline.root, rootDecoder);
  const { floor: _, ...rest } = value;
  const { bytes } = await signRole("root", rest, rootToJson(rest), {
    now: value.expires.at,
    signers,
  });
  return { ...offline, root: bytes };
}

test("a ceremony that keeps a stolen key is refused, and nothing is changed", async () => {
  const scene = await aScene();
  const { world } = scene;
  await breakIn(scene);
  await scene.signer.stop();
  const rotated = await ceremony(scene, ["timestamp"]);
  const state = await readStateToRecover(memoryRecoveryPorts(world));
  const castOff = [...rotated.castOff, ...state.offline.root.value.roles.snapshot.keyIds];
  const before = new Map(world.tree);
  await assert.rejects(recover(scene, { ...rotated, castOff }), { code: "recovery.key-kept" });
  assert.deepEqual(new Map(world.tree), before);
  assert.equal((await memoryStore(world).readState()).batch, state.batch);
  // The bins' own key is named by nobody but the signer.
  for (const key of world.keyFiles.keys()) if (key.endsWith("next")) world.keyFiles.delete(key);
  const bins = { offline: {}, castOff: state.binKeyIds };
  await assert.rejects(recover(scene, bins), { code: "recovery.key-kept" });
});

test("a stolen key under another id is the stolen key", async () => {
  for (const role of ["targets", "claimed"] as const) {
    const scene = await aScene();
    const { random, world } = scene;
    await scene.signer.stop();
    const state = await readStateToRecover(memoryRecoveryPorts(world));
    const stolen = world.offline[role];
    assert.ok(isJsonObject(stolen.key.tree));
    const key = parseTufKey(new Map([...stolen.key.tree, ["x", "the same key"]]));
    const given = new Map([[role, [{ ...stolen, key }]]]);
    // The rules of ceremonies know nothing of a theft, and every holder has signed it.
    const rotated = await holdCeremony(world, state, [role], random.bytes, given);
    assert.ok(!rotated.castOff.includes(key.keyId));
    const before = new Map(world.tree);
    await assert.rejects(recover(scene, rotated), { code: "recovery.key-kept" }, role);
    assert.deepEqual(new Map(world.tree), before);
    assert.equal((await memoryStore(world).readState()).batch, state.batch);
  }
});

test("offline files that nobody who may has signed are refused as ever", async () => {
  const scene = await aScene();
  await scene.signer.stop();
  const { castOff, offline } = await ceremony(scene, onlineKeyNames);
  const forged = new TextDecoder().decode(offline.root).replace(/"sig":"../, '"sig":"00');
  await assert.rejects(
    recover(scene, { castOff, offline: { ...offline, root: formatUtf8(forged) } }),
    {
      code: "tuf.threshold",
    },
  );
  const { targets: _, ...halved } = offline;
  await assert.rejects(recover(scene, { castOff, offline: halved }), /x-floor asks for targets 2/);
});

test("done again it finds nothing to do; with more to put back it does that", async () => {
  const scene = await aScene();
  const { clock, world } = scene;
  await breakIn(scene);
  await scene.signer.stop();
  const rotated = await ceremony(scene, onlineKeyNames);
  const own = memoryRecoveryPorts(world);
  const token = await own.store.takeLease("recovery", clock.now());
  const first = await recoverPublication(own, world.config, token, { ...rotated, restored: [] });
  assert.equal(first.published, true);
  assert.deepEqual(filesOf(await (await createWorldClient(world)).readPage(gamma)), [
    "gamma-6.6.tar.gz",
  ]);
  clock.advance(1_000);
  const second = await recover(scene, rotated);
  assert.equal(second.published, true);
  const third = await recover(scene, rotated);
  assert.deepEqual([third.published, third.after.batch], [false, second.after.batch]);
  await expectGood(scene, await createWorldClient(world));
  const ports = await comparedPorts(world, scene.copy);
  const left: unknown[] = [];
  for await (const one of compareTrees(ports)) left.push(one);
  assert.equal(left.length, 1, "only the project that cannot be unmade");
});

test("a name that the database gave to other bytes belongs to those of the good copy again", async () => {
  const scene = await aScene();
  const { world } = scene;
  await scene.signer.stop();
  const binding = world.disk.bindings.get("alpha-1.0.tar.gz");
  assert.ok(binding !== undefined);
  world.disk.bindings.set(binding.filename, { ...binding, sha256: "6".repeat(64) });
  world.disk.pages.delete(beta);
  await recover(scene, await ceremony(scene, onlineKeyNames));
  assert.deepEqual(world.disk.bindings.get(binding.filename), binding);
  await expectGood(scene, await createWorldClient(world));
});

test("an unfinished restore is finished first", async () => {
  const scene = await aScene();
  await scene.signer.stop();
  scene.world.disk.restored = true;
  await assert.rejects(ceremony(scene, ["timestamp"]), { code: "recovery.restore-first" });
});
