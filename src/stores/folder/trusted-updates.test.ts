/**
 * The updater on a real folder, as processes use it: several at once, and one that dies between any two files. Whatever
 * happens, no older version is believed afterwards, and the honest repository is.
 */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { FaultPlan, faultyTrust } from "#world/faulty-ports.ts";
import type { Fault } from "#world/faulty-ports.ts";
import { createSimClock } from "#world/sim-clock.ts";
import { answer } from "#world/tuf-client.ts";
import { SimTufRepository, actor } from "#world/tuf-repository.ts";
import type { Fetch } from "#core/ports.ts";
import type { TrustedView } from "#core/tuf/trusted-set.ts";
import { createUpdater } from "#core/tuf/updater.ts";
import type { Updater } from "#core/tuf/updater.ts";
import { createPlainTrustedStore } from "./plain-trusted-store.ts";
import { createFolderTrustedStore } from "./trusted-store.ts";

type Scene = { readonly folder: string; readonly repository: SimTufRepository };

const { now } = createSimClock("2026-01-01T00:00:00Z");

/** A folder that trusts version 1 of everything. */
async function aScene(t: TestContext): Promise<Scene> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-updates-"));
  t.after(() => rm(folder, { recursive: true }));
  const repository = new SimTufRepository();
  repository.delegate("targets", { name: "a" });
  repository.addTarget("a", "x", "content");
  await repository.publishAll();
  const root = repository.files.get("1.root.json") ?? assert.fail();
  await createFolderTrustedStore(folder).writeRoot(1, root);
  const scene = { folder, repository };
  await find(aProcess(scene));
  return scene;
}

type ProcessOptions = { readonly fetch?: Fetch; readonly plan?: FaultPlan };

function aProcess(
  { folder, repository }: Scene,
  { fetch = repository.fetch, plan = new FaultPlan() }: ProcessOptions = {},
): Updater {
  const store = faultyTrust(createPlainTrustedStore(folder), plan);
  const metadataUrl = new URL("https://repository.example/tuf/");
  return createUpdater({ clock: now, fetch, store }, { metadataUrl });
}

async function find(updater: Updater): Promise<TrustedView> {
  const view = await updater.refresh();
  assert.ok((await updater.findTarget(view, "x")) !== "absent");
  return view;
}

function versionsOf({ root, snapshot, targets, timestamp }: TrustedView): readonly number[] {
  return [root, timestamp, snapshot, targets].map(({ value }) => value.version);
}

/** Asked for this file, a slow process waits until `release` is called. */
function slowAt(repository: SimTufRepository, file: string) {
  const waits = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const fetch: Fetch = async (request, limits) => {
    const response = await repository.fetch(request, limits);
    if (request.url.pathname.endsWith(`/${file}`)) {
      waits.resolve();
      await released.promise;
    }
    return response;
  };
  return { fetch, waits: waits.promise, release: released.resolve };
}

for (const file of ["2.root.json", "timestamp.json", "2.snapshot.json", "2.targets.json"]) {
  test(`a slow process that holds ${file} takes nobody back`, async (t) => {
    const scene = await aScene(t);
    const { repository } = scene;
    await repository.publish("root", "a", "targets", "snapshot", "timestamp");
    const old = repository.files.get("timestamp.json");
    const slow = slowAt(repository, file);
    const late = find(aProcess(scene, { fetch: slow.fetch }));
    await slow.waits;
    await repository.publish("a", "targets", "snapshot", "timestamp");
    assert.deepEqual(versionsOf(await find(aProcess(scene))), [2, 3, 3, 3]);
    slow.release();
    await late;
    // Before anybody could mend it by asking again: what is kept still fits together.
    assert.deepEqual(versionsOf(await aProcess(scene).openStored()), [2, 3, 3, 3]);
    repository.answers.set("timestamp.json", answer(old));
    await assert.rejects(aProcess(scene).refresh(), { code: "tuf.rollback" });
    repository.answers.clear();
    const view = await find(aProcess(scene));
    assert.deepEqual(versionsOf(view), [2, 3, 3, 3]);
    assert.deepEqual(versionsOf(await aProcess(scene).openStored()), [2, 3, 3, 3]);
  });
}

test("a slow process that missed a change of keys does not bring driven up versions back", async (t) => {
  const scene = await aScene(t);
  const { repository } = scene;
  repository.snapshot.version = 98;
  repository.timestamp.version = 98;
  await repository.publish("snapshot", "timestamp");
  const slow = slowAt(repository, "99.snapshot.json");
  const late = find(aProcess(scene, { fetch: slow.fetch }));
  await slow.waits;
  repository.snapshot.version = 1;
  repository.timestamp.version = 1;
  repository.keys.timestamp.signers = [actor("new timestamp")];
  repository.keys.snapshot.signers = [actor("new snapshot")];
  await repository.publish("root", "snapshot", "timestamp");
  assert.deepEqual(versionsOf(await find(aProcess(scene))), [2, 2, 2, 1]);
  slow.release();
  await late;
  assert.deepEqual(versionsOf(await aProcess(scene).openStored()), [2, 2, 2, 1]);
  await repository.publish("timestamp");
  assert.deepEqual(versionsOf(await find(aProcess(scene))), [2, 3, 2, 1]);
});

/** Whether there was such a call. */
async function tell(t: TestContext, fault: Fault, rotates: boolean): Promise<boolean> {
  const scene = await aScene(t);
  const { repository } = scene;
  const older = repository.files.get("timestamp.json");
  await repository.publish("timestamp");
  await find(aProcess(scene));
  if (rotates) repository.keys.timestamp.signers = [actor("new timestamp")];
  await repository.publish("root", "a", "targets", "snapshot", "timestamp");
  const isHit = await find(aProcess(scene, { plan: new FaultPlan(fault) })).then(
    () => false,
    (error: unknown) => {
      assert.match(String(error), /a fault that was asked for/);
      return true;
    },
  );
  repository.answers.set("timestamp.json", answer(older));
  // What a new key has not signed is refused for that.
  const code = rotates ? "tuf.threshold" : "tuf.rollback";
  await assert.rejects(aProcess(scene).refresh(), { code });
  repository.answers.clear();
  assert.deepEqual(versionsOf(await find(aProcess(scene))), [2, 3, 2, 2]);
  assert.deepEqual(versionsOf(await aProcess(scene).openStored()), [2, 3, 2, 2]);
  return isHit;
}

for (const rotates of [false, true]) {
  for (const applied of [false, true]) {
    const what = rotates ? "a change of keys" : "an update of everything";
    test(`a crash at any call, ${applied ? "done" : "not done"}, in ${what}`, async (t) => {
      let calls = 0;
      while (await tell(t, { call: calls + 1, applied }, rotates)) calls++;
      assert.ok(calls >= 10, `${calls} calls`);
    });
  }
}
