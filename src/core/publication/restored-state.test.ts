import assert from "node:assert/strict";
import { mkdtemp, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { normaliseProjectName } from "#formats/python/project-name.ts";
import { publicPagePath } from "#core/tuf/layout.ts";
import { signNextOffline } from "#core/tuf/offline-roles.ts";
import { openFolderPublicTree } from "#stores/folder/public-tree.ts";
import { backupSignerDisk } from "#stores/memory/signer-store.ts";
import type { SignerDisk } from "#stores/memory/signer-store.ts";
import { DAY, HOUR, createSimClock } from "#world/sim-clock.ts";
import type { SimClock } from "#world/sim-clock.ts";
import { createSeededRandom } from "#world/seeded-random.ts";
import { TreeAuditor } from "#world/tree-client.ts";
import type { TreeClient } from "#world/tree-client.ts";
import {
  createSignerWorld,
  createSimSigner,
  createWorldClient,
  storeSdist,
} from "#world/sim-signer.ts";
import type { SignerWorld } from "#world/sim-signer.ts";
import type { PublicTree } from "./public-tree.ts";
import type { Publisher } from "./publisher.ts";

const demo = normaliseProjectName("demo");
const later = normaliseProjectName("later");

type Scene = {
  readonly clock: SimClock;
  readonly world: SignerWorld;
  readonly client: TreeClient;
  /** As it was with demo 1.0 only. */
  readonly backup: SignerDisk;
  readonly signer: Publisher;
};

/** demo 1.0 is in the backup; demo 2.0, later 1.0 and new offline roles are not. A client has seen all of it. */
async function aScene(): Promise<Scene> {
  const clock = createSimClock("2026-01-02T00:00:00Z");
  const world = await createSignerWorld(clock.now, createSeededRandom(1).bytes);
  const client = await createWorldClient(world);
  const signer = createSimSigner(world);
  await signer.start();
  await signer.submit(storeSdist(world, "demo", "1.0"));
  const backup = backupSignerDisk(world.disk);
  clock.advance(HOUR);
  await signer.submit(storeSdist(world, "demo", "2.0"));
  await signer.submit(storeSdist(world, "later", "1.0"));
  await client.readPage(demo);
  return { clock, world, client, backup, signer };
}

async function renewOffline({ clock, world }: Scene, signer: Publisher): Promise<void> {
  const { metadata, nextVersions } = await signer.currentOffline();
  const signed = async (role: "claimed" | "root" | "targets"): Promise<Uint8Array> => {
    const signers = [world.offline[role]].flat();
    const version = nextVersions[role];
    const signing = { version, now: clock.now(), lifetimeMs: 365 * DAY, signers };
    return (await signNextOffline(role, metadata[role], signing)).bytes;
  };
  await signer.submitOffline({
    root: await signed("root"),
    targets: await signed("targets"),
    claimed: await signed("claimed"),
  });
}

async function restore({ world }: Scene, disk: SignerDisk): Promise<Publisher> {
  world.disk = backupSignerDisk(disk);
  const signer = createSimSigner(world);
  await signer.start();
  return signer;
}

/** The public tree is lost with the rest; what was ever in it stays known. */
function loseTree(world: SignerWorld): void {
  for (const path of [...world.tree.keys()]) world.tree.delete(path);
}

async function versionsOf(client: TreeClient): Promise<readonly string[] | "absent"> {
  const page = await client.readPage(demo);
  return page === "absent" ? page : page.versions;
}

for (const isTreeLost of [false, true]) {
  const where = isTreeLost ? "without" : "with";
  test(`after a restore ${where} the public tree clients go on by themselves`, async () => {
    const scene = await aScene();
    const { client, world } = scene;
    await scene.signer.stop();
    if (isTreeLost) loseTree(world);
    const signer = await restore(scene, scene.backup);
    assert.deepEqual(await versionsOf(client), ["1.0"]);
    assert.equal(await client.readPage(later), "absent");
    assert.equal((await signer.submit(storeSdist(world, "demo", "3.0"))).outcome, "published");
    assert.deepEqual(await versionsOf(client), ["1.0", "3.0"]);
    assert.deepEqual(await versionsOf(await createWorldClient(world)), ["1.0", "3.0"]);
    assert.deepEqual(world.tree.faults, [], "no version has two contents");
    assert.equal(world.notices.length, 1);
  });
}

test("pages get serials above all that an index may have seen", async () => {
  const scene = await aScene();
  const { serial } = scene.signer.status();
  const signer = await restore(scene, scene.backup);
  const pages = await signer.readPages(serial, 10);
  assert.deepEqual(
    pages.map(({ project }) => project),
    ["demo"],
  );
  const result = await signer.submit(storeSdist(scene.world, "new", "1.0"));
  assert.ok(result.outcome === "published");
  assert.ok(result.page.serial > (pages[0]?.serial ?? 0));
});

test("names on forgotten pages stay bound to their bytes while the public tree is there", async () => {
  const scene = await aScene();
  const { world } = scene;
  const signer = await restore(scene, scene.backup);
  const other = await signer.submit(storeSdist(world, "demo", "2.0", "other bytes"));
  assert.equal(other.outcome === "refused" && other.code, "upload.filename-reused");
  const same = await signer.submit({ ...storeSdist(world, "demo", "2.0"), id: "again" });
  assert.equal(same.outcome, "published");
  assert.deepEqual(await versionsOf(scene.client), ["1.0", "2.0"]);
});

test("names on forgotten pages are free again where the public tree is lost", async () => {
  const scene = await aScene();
  const { world } = scene;
  loseTree(world);
  const signer = await restore(scene, scene.backup);
  const other = await signer.submit(storeSdist(world, "demo", "2.0", "other bytes"));
  assert.equal(other.outcome, "published");
});

test("a second restore of the same backup signs no version again", async () => {
  const scene = await aScene();
  const { client, clock, world } = scene;
  for (let time = 0; time < 3; time++) {
    loseTree(world);
    clock.advance(1_000);
    const signer = await restore(scene, scene.backup);
    await signer.submit(storeSdist(world, "demo", `5.${time}`));
    assert.deepEqual(await versionsOf(client), ["1.0", `5.${time}`]);
  }
  assert.deepEqual(world.tree.faults, []);
});

test("a copy that does not know that it is one is found out by the public tree", async () => {
  const scene = await aScene();
  const { client, world } = scene;
  world.disk = { ...backupSignerDisk(scene.backup), restored: false };
  const signer = createSimSigner(world);
  await signer.start();
  await signer.submit(storeSdist(world, "demo", "3.0"));
  assert.deepEqual(await versionsOf(client), ["1.0", "3.0"]);
  assert.deepEqual(world.tree.faults, []);
});

test("a foreign file in the pointer's place is no sign of a restore", async () => {
  const scene = await aScene();
  const { client, world } = scene;
  await scene.signer.stop();
  const forged = JSON.stringify({ signatures: [], signed: { version: 9_999 } });
  Map.prototype.set.call(world.tree, "tuf/timestamp.json", new TextEncoder().encode(forged));
  const signer = createSimSigner(world);
  await signer.start();
  assert.deepEqual(world.notices, []);
  assert.deepEqual(await versionsOf(client), ["1.0", "2.0"]);
});

test("newer offline roles are taken back from the public tree, after the client's checks", async () => {
  const scene = await aScene();
  const { client, signer, world } = scene;
  await renewOffline(scene, signer);
  await renewOffline(scene, signer);
  await client.refresh();
  const restored = await restore(scene, scene.backup);
  const versions = new Map(restored.status().roles.map(({ role, version }) => [role, version]));
  assert.deepEqual(
    ["root", "targets", "claimed"].map((role) => versions.get(role)),
    [3, 3, 3],
  );
  assert.deepEqual(await versionsOf(client), ["1.0"]);
  assert.deepEqual(world.tree.faults, []);
});

test("lost offline roles are due at once, and their next version is above all that was", async () => {
  const scene = await aScene();
  const { client, world } = scene;
  await renewOffline(scene, scene.signer);
  await client.refresh();
  const lost = [...world.tree.keys()].filter((path) => /\.(targets|claimed)\./.test(path));
  for (const path of lost) world.tree.delete(path);
  const signer = await restore(scene, scene.backup);
  await assert.rejects(client.refresh(), { code: "tuf.rollback" });
  const due = signer.status().roles.filter(({ due }) => due);
  assert.deepEqual(
    due.map(({ role }) => role),
    ["targets", "claimed"],
  );
  await renewOffline(scene, signer);
  assert.deepEqual(await versionsOf(client), ["1.0"]);
  assert.deepEqual(
    signer.status().roles.filter(({ due }) => due),
    [],
  );
});

test("forged offline roles in the public tree are left aside", async () => {
  const scene = await aScene();
  const { client, world } = scene;
  const forged = new TextEncoder().encode('{"signatures":[],"signed":{}}');
  world.tree.set("tuf/7.claimed.json", forged);
  await restore(scene, scene.backup);
  assert.deepEqual(await versionsOf(client), ["1.0"]);
  assert.equal(world.notices.filter((notice) => notice.includes("left newer")).length, 1);
});

/** What no client would read to its end: more than any memory, and almost nothing on the disk. */
const hugeSize = 2 ** 40;

/** The public tree on a disk, with files of this size in it. */
async function treeWithHuge(
  t: TestContext,
  world: SignerWorld,
  ...paths: readonly string[]
): Promise<PublicTree> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-restored-"));
  t.after(() => rm(folder, { recursive: true }));
  const tree = openFolderPublicTree(folder);
  for (const [path, bytes] of world.tree) await tree.write(path, [bytes]);
  for (const path of paths) {
    await tree.write(path, []);
    await truncate(join(folder, path), hugeSize);
  }
  return tree;
}

async function restoreOn(publicTree: PublicTree, { backup, world }: Scene): Promise<Publisher> {
  world.disk = backupSignerDisk(backup);
  const signer = createSimSigner(world, { publicTree });
  await signer.start();
  return signer;
}

test("a page in the public tree that is too large to be one is passed over", async (t) => {
  const scene = await aScene();
  const { world } = scene;
  const path = publicPagePath(later, "a".repeat(64));
  const signer = await restoreOn(await treeWithHuge(t, world, path), scene);
  const other = await signer.submit(storeSdist(world, "demo", "2.0", "other bytes"));
  assert.equal(other.outcome === "refused" && other.code, "upload.filename-reused");
  assert.equal((await signer.submit(storeSdist(world, "demo", "3.0"))).outcome, "published");
});

for (const [role, path] of [
  ["root", "tuf/2.root.json"],
  ["targets", "tuf/7.targets.json"],
  ["claimed", "tuf/7.claimed.json"],
] as const) {
  test(`a ${role} in the public tree that is too large is left aside`, async (t) => {
    const scene = await aScene();
    const { world } = scene;
    const signer = await restoreOn(await treeWithHuge(t, world, path), scene);
    assert.ok(world.notices.some((notice) => /left newer .* it has more than/.test(notice)));
    assert.equal((await signer.submit(storeSdist(world, "demo", "3.0"))).outcome, "published");
  });
}

test("more newer roots than a client follows in one go are left aside", async () => {
  const scene = await aScene();
  const { world } = scene;
  const root = world.tree.get("tuf/1.root.json") ?? new Uint8Array();
  for (let version = 2; version <= 300; version += 1) {
    Map.prototype.set.call(world.tree, `tuf/${version}.root.json`, root);
  }
  const signer = await restore(scene, scene.backup);
  assert.ok(world.notices.some((notice) => /left newer .* More than 256/.test(notice)));
  assert.equal((await signer.submit(storeSdist(world, "demo", "3.0"))).outcome, "published");
});

test("a pointer that is too large is nobody's, and says so", async (t) => {
  const scene = await aScene();
  const tree = await treeWithHuge(t, scene.world, "tuf/timestamp.json");
  await assert.rejects(restoreOn(tree, scene), { code: "tuf.length", message: /timestamp\.json/ });
  assert.equal(await tree.readSize("tuf/timestamp.json"), hugeSize);
});

test("a lost database on a public tree of ours goes on above it", async () => {
  const scene = await aScene();
  const { client, world } = scene;
  const fresh = (await createSignerWorld(world.clock, createSeededRandom(1).bytes)).disk;
  world.disk = fresh;
  const signer = createSimSigner(world);
  await signer.start();
  assert.equal(await client.readPage(demo), "absent");
  const other = await signer.submit(storeSdist(world, "demo", "2.0", "other bytes"));
  assert.equal(other.outcome === "refused" && other.code, "upload.filename-reused");
  assert.ok(world.tree instanceof TreeAuditor);
  assert.deepEqual(world.tree.faults, []);
});
