import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY, createSimClock } from "#world/sim-clock.ts";
import type { SimClock } from "#world/sim-clock.ts";
import { createSeededRandom } from "#world/seeded-random.ts";
import { createSignerWorld, createSimSigner, storeSdist } from "#world/sim-signer.ts";
import type { SignerWorld } from "#world/sim-signer.ts";
import { isBinName, publicRolePath } from "#core/tuf/layout.ts";
import { createMemorySignerStore } from "#stores/memory/signer-store.ts";
import { publicationLimits } from "./limits.ts";
import type { Publisher } from "./publisher.ts";
import { rebuildRole } from "./republish.ts";

type Scene = { readonly world: SignerWorld; readonly clock: SimClock; readonly signer: Publisher };

/** Four bins, then eight; each changed by uploads, and renewed. What was replaced is not swept yet. */
async function aGrownIndex(): Promise<Scene> {
  const clock = createSimClock("2026-01-02T00:00:00Z");
  const random = createSeededRandom(3).bytes;
  const world = await createSignerWorld(clock.now, random, { binsBitLength: 2 });
  const signer = createSimSigner(world);
  await signer.start();
  const upload = async (first: number, last: number, version: string): Promise<void> => {
    const names = Array.from({ length: last - first + 1 }, (_, at) => `p${first + at}`);
    await Promise.all(names.map((name) => signer.submit(storeSdist(world, name, version))));
  };
  await upload(1, 4 * publicationLimits.binProjectsMax, "1.0");
  await upload(1, 9, "2.0");
  await upload(1_000, 1_003, "1.0");
  assert.equal(signer.status().bins, 8);
  clock.advance(20 * DAY);
  await signer.renewDue();
  await upload(1, 3, "3.0");
  return { world, clock, signer };
}

test("every bin is made again as it was signed, whatever came after it", async () => {
  const { world } = await aGrownIndex();
  const store = createMemorySignerStore(world.disk);
  let count = 0;
  for (const { role, version } of [...world.disk.roles.values()].flat()) {
    if (!isBinName(role)) continue;
    count += 1;
    assert.equal(await store.readRoleFile(role, version), undefined, "its bytes are not kept");
    const published = world.tree.get(publicRolePath(role, version));
    assert.ok(published !== undefined);
    assert.deepEqual(await rebuildRole({ store }, { role, version }), published, role);
  }
  assert.ok(count > 8 + 4, `only ${count} bins`);
});

test("start() makes bins again that are gone or damaged, and publishes the same batch", async () => {
  const { signer, world } = await aGrownIndex();
  await signer.stop();
  const before = new Map(world.tree);
  const newest = [...world.disk.roles].flatMap(([role, files]) => {
    const version = files.at(-1)?.version;
    return isBinName(role) && version !== undefined ? [publicRolePath(role, version)] : [];
  });
  assert.equal(newest.length, 8);
  // Behind the auditor's back.
  for (const [at, path] of newest.entries()) {
    if (at % 2 === 0) Map.prototype.delete.call(world.tree, path);
    else Map.prototype.set.call(world.tree, path, new Uint8Array(at));
  }
  await createSimSigner(world).start();
  for (const path of newest) assert.deepEqual(world.tree.get(path), before.get(path), path);
  assert.deepEqual(world.tree.get("tuf/timestamp.json"), before.get("tuf/timestamp.json"));
});

test("start() publishes no bin that its pages do not make", async () => {
  const { signer, world } = await aGrownIndex();
  await signer.stop();
  const [project, pages] = [...world.disk.pages][0] ?? assert.fail();
  world.disk.pages.set(
    project,
    // The page itself is made from its entries, and is what it was.
    pages.map((page) => ({ ...page, size: page.size + 1 })),
  );
  const before = new Map(world.tree);
  for (const path of before.keys()) {
    if (/\.bin-[0-9a-f]+\.json$/.test(path)) Map.prototype.delete.call(world.tree, path);
  }
  await assert.rejects(createSimSigner(world).start(), {
    code: "storage.failed",
    message: /^Cannot rebuild bin-[0-7] \d+: its pages do not make the bytes that were signed$/,
  });
  assert.deepEqual(world.tree.get("tuf/timestamp.json"), before.get("tuf/timestamp.json"));
});
