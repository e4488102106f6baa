import assert from "node:assert/strict";
import { test } from "node:test";
import { formatInstant } from "#formats/bytes/instant.ts";
import type { OfflineMetadata, OfflineRole } from "#formats/door/offline-metadata.ts";
import { parseSigned } from "#formats/tuf/envelope.ts";
import { root as rootDecoder, rootToJson } from "#formats/tuf/root.ts";
import { targets as targetsDecoder, targetsToJson } from "#formats/tuf/targets.ts";
import type { Delegations, Targets } from "#formats/tuf/targets.ts";
import { normaliseProjectName } from "#formats/python/project-name.ts";
import { nextMetadata, signRole, tufSigner } from "#core/tuf/editor.ts";
import type { TufSigner } from "#core/tuf/editor.ts";
import { signNextOffline } from "#core/tuf/offline-roles.ts";
import { ed25519SignerFromSeed } from "#crypto/signer.ts";
import { DAY, createSimClock } from "#world/sim-clock.ts";
import type { SimClock } from "#world/sim-clock.ts";
import { createSeededRandom } from "#world/seeded-random.ts";
import {
  signNextSimRoot,
  signNextSimTargets,
  withDelegatedKeys,
  withRootKeys,
} from "#world/sim-ceremony.ts";
import {
  createSignerWorld,
  createSimSigner,
  createWorldClient,
  storeSdist,
} from "#world/sim-signer.ts";
import type { SignerWorld } from "#world/sim-signer.ts";
import { keyFile } from "#stores/memory/key-store.ts";
import { generateRepositoryKeys } from "./first-repository.ts";
import type { Publisher } from "./publisher.ts";

type Scene = { readonly clock: SimClock; readonly world: SignerWorld; readonly signer: Publisher };

async function aScene(): Promise<Scene> {
  const clock = createSimClock("2026-01-02T00:00:00Z");
  const world = await createSignerWorld(clock.now, createSeededRandom(1).bytes);
  const signer = createSimSigner(world);
  await signer.start();
  await signer.submit(storeSdist(world, "demo", "1.0"));
  return { clock, world, signer };
}

const demo = normaliseProjectName("demo");
const mallory: TufSigner = tufSigner(ed25519SignerFromSeed(new Uint8Array(32).fill(7)));

type Change = {
  readonly version?: number;
  readonly lifetimeMs?: number;
  readonly signers?: readonly TufSigner[];
};

async function next(
  { clock, signer, world }: Scene,
  role: OfflineRole,
  change: Change = {},
): Promise<OfflineMetadata> {
  const { metadata, nextVersions } = await signer.currentOffline();
  const own = world.offline[role];
  const { bytes } = await signNextOffline(role, metadata[role], {
    version: nextVersions[role],
    now: clock.now(),
    lifetimeMs: 365 * DAY,
    signers: Array.isArray(own) ? own : [own].flat(),
    ...change,
  });
  return { [role]: bytes };
}

/** A targets file like the current one, but for what `edit` does to it. */
async function editedTargets(
  { clock, signer, world }: Scene,
  role: "claimed" | "targets",
  edit: (value: Targets) => Targets,
): Promise<OfflineMetadata> {
  const { metadata, nextVersions } = await signer.currentOffline();
  const common = nextMetadata({
    version: nextVersions[role],
    now: clock.now(),
    lifetimeMs: 365 * DAY,
  });
  const value = edit({ ...parseSigned(metadata[role], targetsDecoder).value, ...common });
  const signers = [world.offline[role]];
  const file = await signRole(role, common, targetsToJson(value), { now: clock.now(), signers });
  return { [role]: file.bytes };
}

async function refuses(scene: Scene, metadata: OfflineMetadata, code: string): Promise<void> {
  const before = { tree: scene.world.tree.names.size, status: scene.signer.status() };
  await assert.rejects(scene.signer.submitOffline(metadata), { code });
  assert.equal(scene.world.tree.names.size, before.tree);
  assert.deepEqual(scene.signer.status(), before.status);
}

test("submitOffline() publishes the next root, targets and claimed, alone and together", async () => {
  const scene = await aScene();
  const client = await createWorldClient(scene.world);
  await client.refresh();
  for (const role of ["root", "targets", "claimed"] as const) {
    scene.clock.advance(DAY);
    await scene.signer.submitOffline(await next(scene, role));
    const view = await client.refresh();
    assert.notEqual(await client.findPage(view, demo), "absent");
    const versions = new Map(scene.signer.status().roles.map((one) => [one.role, one.version]));
    assert.equal(versions.get(role), 2);
  }
  await scene.signer.submitOffline({
    ...(await next(scene, "claimed")),
    ...(await next(scene, "root")),
    ...(await next(scene, "targets")),
  });
  const view = await client.refresh();
  assert.equal(view.root.value.version, 3);
  assert.equal(view.targets.value.version, 3);
  assert.equal(view.snapshot.value.meta.get("claimed")?.version, 3);
  assert.deepEqual(scene.world.tree.faults, []);
  assert.ok(["1", "2", "3"].every((version) => scene.world.tree.has(`tuf/${version}.root.json`)));
});

test("submitOffline() refuses wrong versions, keys and times", async () => {
  const scene = await aScene();
  for (const role of ["root", "targets", "claimed"] as const) {
    await refuses(scene, await next(scene, role, { version: 1 }), "tuf.version");
    await refuses(scene, await next(scene, role, { version: 3 }), "tuf.version");
    await refuses(scene, await next(scene, role, { signers: [mallory] }), "tuf.threshold");
    await refuses(scene, await next(scene, role, { signers: [] }), "tuf.threshold");
    await refuses(scene, await next(scene, role, { lifetimeMs: -2_000 }), "tuf.expired");
    await refuses(scene, { [role]: new Uint8Array([0x7b]) }, "json.syntax");
  }
  const { targets } = await next(scene, "targets");
  await refuses(scene, targets ? { root: targets } : {}, "tuf.type");
  await refuses(
    scene,
    { ...(await next(scene, "claimed")), root: new Uint8Array() },
    "json.syntax",
  );
});

test("submitOffline() refuses targets that would hide or misdirect a role", async () => {
  const scene = await aScene();
  const withRoles = (
    edit: (roles: NonNullable<Delegations["roles"]>) => NonNullable<Delegations["roles"]>,
  ): Promise<OfflineMetadata> =>
    editedTargets(scene, "targets", (value) => {
      const { keys, roles = [] } = value.delegations ?? { keys: new Map() };
      return { ...value, delegations: { keys, roles: edit(roles) } };
    });
  const bad = "metadata.refused";
  await refuses(scene, await withRoles((roles) => roles.toReversed()), bad);
  await refuses(scene, await withRoles((roles) => roles.slice(1)), bad);
  const terminating = { terminating: true };
  await refuses(
    scene,
    await withRoles((roles) => roles.map((one) => ({ ...one, ...terminating }))),
    bad,
  );
  const everywhere = { paths: ["*"] };
  await refuses(
    scene,
    await withRoles((roles) => roles.map((one) => ({ ...one, ...everywhere }))),
    bad,
  );
  const strange = { keyIds: [mallory.key.keyId] };
  await refuses(
    scene,
    await withRoles((roles) => roles.map((one) => ({ ...one, ...strange }))),
    "key.not-held",
  );
  const both = { threshold: 2 };
  await refuses(scene, await withRoles((roles) => roles.map((one) => ({ ...one, ...both }))), bad);
  const page = { length: 1, hashes: new Map([["sha256", "ab".repeat(32)]]) };
  const own = new Map([["simple/demo/index.json", page]]);
  await refuses(
    scene,
    await editedTargets(scene, "targets", (value) => ({ ...value, targets: own })),
    bad,
  );
  await refuses(
    scene,
    await editedTargets(scene, "claimed", (value) => ({ ...value, targets: own })),
    bad,
  );
  await scene.signer.submitOffline(await withRoles((roles) => roles));
});

test("submitOffline() refuses a root under which nothing could be published any more", async () => {
  const scene = await aScene();
  const { clock, signer, world } = scene;
  const common = nextMetadata({ version: 2, now: clock.now(), lifetimeMs: DAY });
  const current = parseSigned((await signer.currentOffline()).metadata.root, rootDecoder).value;
  const keys = new Map([...current.keys, [mallory.key.keyId, mallory.key]]);
  const taken = { keyIds: [mallory.key.keyId], threshold: 1 };
  for (const role of ["timestamp", "snapshot", "targets"] as const) {
    const roles = { ...current.roles, [role]: taken };
    const tree = rootToJson({ ...current, ...common, keys, roles });
    const signing = { now: clock.now(), signers: world.offline.root };
    const { bytes } = await signRole("root", common, tree, signing);
    const code = role === "targets" ? "tuf.threshold" : "key.not-held";
    await refuses(scene, { root: bytes }, code);
  }
});

test("submitOffline() refuses an offline role a key that lies at the signer, whatever it is there for", async () => {
  const scene = await aScene();
  const { clock, signer, world } = scene;
  const { offline, online } = world;
  const fresh = generateRepositoryKeys(createSeededRandom(2).bytes).online;
  world.keyFiles.set(keyFile("deny", "next"), fresh.deny);
  world.keyFiles.set(keyFile("snapshot", "retired"), fresh.snapshot);
  await signer.renewDue();
  const signing = (signers: readonly TufSigner[]) => ({
    now: clock.now(),
    lifetimeMs: 365 * DAY,
    signers,
  });
  for (const held of [online.bins, online.timestamp, fresh.deny, fresh.snapshot]) {
    const both = [...offline.root, held];
    const added = await signNextSimRoot(
      signer,
      (root) => withRootKeys(root, "root", both),
      signing(both),
    );
    await refuses(scene, { root: added }, "metadata.refused");
    const targets = await signNextSimTargets(
      signer,
      "targets",
      (value) => withDelegatedKeys(value, "claimed", [held]),
      signing([offline.targets]),
    );
    await refuses(
      scene,
      { targets, ...(await next(scene, "claimed", { signers: [held] })) },
      "metadata.refused",
    );
  }
  await signer.submitOffline(await next(scene, "root"));
});

test("submitOffline() refuses a root whose floor no file reaches, or that gives one to another role", async () => {
  const scene = await aScene();
  const { clock, signer, world } = scene;
  const common = nextMetadata({ version: 2, now: clock.now(), lifetimeMs: DAY });
  const current = parseSigned((await signer.currentOffline()).metadata.root, rootDecoder).value;
  const withFloor = async (role: string, lowest: number): Promise<OfflineMetadata> => {
    const floor = new Map([[role, lowest]]);
    const signing = { now: clock.now(), signers: world.offline.root };
    const tree = rootToJson({ ...current, ...common, floor });
    return { root: (await signRole("root", common, tree, signing)).bytes };
  };
  for (const role of ["targets", "claimed"] as const) {
    await refuses(scene, await withFloor(role, 2), "metadata.refused");
  }
  await refuses(scene, await withFloor("unclaimed", 1), "metadata.refused");
  // Together with what reaches it.
  await signer.submitOffline({
    ...(await withFloor("targets", 2)),
    ...(await next(scene, "targets")),
  });
  const client = await createWorldClient(world);
  const view = await client.refresh();
  assert.equal(view.root.value.floor?.get("targets"), 2);
  assert.notEqual(await client.findPage(view, demo), "absent");
  // It stays in force: claimed 1 is enough, but no targets below.
  await signer.submitOffline(await next(scene, "claimed"));
});

test("the keys of root and targets can be changed, and clients of before follow", async () => {
  const scene = await aScene();
  const { clock, signer, world } = scene;
  const client = await createWorldClient(world);
  await client.refresh();
  const common = nextMetadata({ version: 2, now: clock.now(), lifetimeMs: DAY });
  const current = parseSigned((await signer.currentOffline()).metadata.root, rootDecoder).value;
  const keys = new Map([...current.keys, [mallory.key.keyId, mallory.key]]);
  const own = { keyIds: [mallory.key.keyId], threshold: 1 };
  const roles = { ...current.roles, root: own, targets: own };
  const signers = [...world.offline.root, mallory];
  const tree = rootToJson({ ...current, ...common, keys, roles });
  const { bytes: root } = await signRole("root", common, tree, { now: clock.now(), signers });
  const bothKeys = { signers: [world.offline.targets, mallory] };
  await refuses(
    scene,
    { root, ...(await next(scene, "targets", { signers: [mallory] })) },
    "tuf.threshold",
  );
  await signer.submitOffline({ root, ...(await next(scene, "targets", bothKeys)) });
  const view = await client.refresh();
  assert.equal(view.root.value.version, 2);
  assert.notEqual(await client.findPage(view, demo), "absent");
});

test("status() says what a ceremony has to renew", async () => {
  const { clock, signer } = await aScene();
  const due = (): readonly string[] =>
    signer
      .status()
      .roles.filter((role) => role.offline && role.due)
      .map(({ role }) => role);
  assert.deepEqual(due(), []);
  clock.advance(183 * DAY);
  assert.deepEqual(due(), ["root", "targets", "claimed"]);
  assert.ok(signer.status().roles.every((role) => !role.offline || !role.expired));
  clock.advance(183 * DAY);
  assert.ok(signer.status().roles.every((role) => !role.offline || role.expired));
});

test("status() says who may sign each role, and which keys the signer holds", async () => {
  const { clock, signer, world } = await aScene();
  const { heldKeys, roles } = signer.status();
  const idOf = ({ key }: TufSigner): string => key.keyId;
  const expected = new Map<string, readonly string[]>([
    ["root", world.offline.root.map(idOf)],
    ["targets", [idOf(world.offline.targets)]],
    ["claimed", [idOf(world.offline.claimed)]],
    ...Object.entries(world.online).map(([name, one]) => [name, [idOf(one)]] as const),
  ]);
  for (const { keyIds, role, signedAt, threshold } of roles) {
    assert.deepEqual([keyIds, threshold], [expected.get(role), 1], role);
    assert.equal(signedAt, formatInstant(clock.now()));
  }
  assert.equal(roles.length, expected.size);
  assert.deepEqual(
    heldKeys,
    Object.entries(world.online).map(([name, one]) => {
      return { name, keyId: idOf(one), state: "current" };
    }),
  );
});
