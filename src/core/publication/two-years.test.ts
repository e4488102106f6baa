import assert from "node:assert/strict";
import { test } from "node:test";
import { normaliseProjectName } from "#formats/python/project-name.ts";
import { offlineRoles } from "#formats/door/offline-metadata.ts";
import type { OfflineMetadata } from "#formats/door/offline-metadata.ts";
import { signNextOffline } from "#core/tuf/offline-roles.ts";
import { DAY, HOUR, createSimClock } from "#world/sim-clock.ts";
import { createSeededRandom } from "#world/seeded-random.ts";
import {
  createSignerWorld,
  createSimSigner,
  createWorldClient,
  storeSdist,
} from "#world/sim-signer.ts";
import type { SignerWorld } from "#world/sim-signer.ts";
import type { Publisher } from "./publisher.ts";

/** As a ceremony does once a day where the offline keys are at hand. */
async function renewOfflineDue(signer: Publisher, world: SignerWorld): Promise<number> {
  const due = new Set(
    signer
      .status()
      .roles.filter((role) => role.due)
      .map(({ role }) => role),
  );
  const wanted = offlineRoles.filter((role) => due.has(role));
  if (wanted.length === 0) return 0;
  const { metadata, nextVersions } = await signer.currentOffline();
  const files = new Map<string, Uint8Array>();
  for (const role of wanted) {
    const signing = { version: nextVersions[role], now: world.clock(), lifetimeMs: 365 * DAY };
    const signers = [world.offline[role]].flat();
    files.set(role, (await signNextOffline(role, metadata[role], { ...signing, signers })).bytes);
  }
  const signed: OfflineMetadata = Object.fromEntries(files);
  await signer.submitOffline(signed);
  return wanted.length;
}

test("for two years installs go on, with restarts, days off and few uploads", async () => {
  const clock = createSimClock("2026-01-01T00:00:00Z");
  const random = createSeededRandom(2);
  const world = await createSignerWorld(clock.now, random.bytes);
  let signer = createSimSigner(world);
  await signer.start();
  const projects = ["alpha", "beta", "gamma"].map(normaliseProjectName);
  for (const project of projects) await signer.submit(storeSdist(world, project, "0"));
  const old = await createWorldClient(world);
  let renewals = 0;
  let largest = 0;
  for (let hours = 0; hours < 2 * 365 * 24; hours += 6) {
    clock.advance(6 * HOUR);
    if (random.below(200) === 0) {
      await signer.stop();
      clock.advance(random.below(6) * DAY);
      signer = createSimSigner(world);
      await signer.start();
    }
    await signer.renewDue();
    if (hours % 24 === 0) renewals += await renewOfflineDue(signer, world);
    const project = random.pick(projects);
    if (random.below(40) === 0) await signer.submit(storeSdist(world, project, `${hours}`));
    // A client of the first day, and one that comes now: both verify.
    const page = await old.readPage(project);
    assert.notEqual(page, "absent");
    if (hours % 240 === 0)
      assert.deepEqual(await (await createWorldClient(world)).readPage(project), page);
    largest = Math.max(largest, world.tree.size);
  }
  assert.deepEqual(world.tree.faults, []);
  assert.equal(renewals, 12, "root, targets and claimed, four times each");
  assert.ok(largest < 250, `${largest} files: what is replaced is swept`);
});
