/**
 * Root replaces keys because a thief has driven versions up, and the client dies on the way (specification 5.3.11): at
 * each call of its store, done or not done. Afterwards a mirror that hides the new root gets no older version believed,
 * and the honest index is believed again.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FaultPlan } from "#world/faulty-ports.ts";
import type { Fault } from "#world/faulty-ports.ts";
import { answer, honestTufWorld } from "#world/tuf-client.ts";
import type { SimTufClient, SimTufWorld } from "#world/tuf-client.ts";
import { actor } from "#world/tuf-repository.ts";

type Rotation = "snapshot" | "timestamp";

/** The client trusts version 99 of a thief; the index has replaced one key and goes on after its own version 2. */
async function drivenUpWorld(rotation: Rotation): Promise<SimTufWorld & { older: Uint8Array }> {
  const world = await honestTufWorld();
  const { client, repository } = world;
  await repository.publish("snapshot", "timestamp");
  const older = repository.files.get("timestamp.json");
  assert.ok(older);
  repository.snapshot.version = 98;
  repository.timestamp.version = 98;
  await repository.publish("snapshot", "timestamp");
  await client.refresh();
  repository.snapshot.version = 2;
  repository.timestamp.version = 2;
  repository.keys[rotation].signers = [actor(`new ${rotation}`)];
  await repository.publish("root", "snapshot", "timestamp");
  return { ...world, older };
}

/** A mirror replays a timestamp of before, and hides root 2 from a client that has not kept it. */
async function refusesOlder(client: SimTufClient, older: Uint8Array): Promise<void> {
  const { answers } = client.repository;
  const { root, ...before } = await client.trusted();
  answers.set("2.root.json", answer(undefined, 404));
  answers.set("timestamp.json", answer(older));
  // What the new key has not signed is refused for that; without the new root, the versions protect.
  const codes: readonly unknown[] =
    root === 1 ? ["tuf.rollback"] : ["tuf.rollback", "tuf.threshold"];
  await assert.rejects(client.refresh(), (error: Error & { code?: string }) =>
    codes.includes(error.code),
  );
  if (root === 1) assert.deepEqual(await client.trusted(), { root, ...before });
  answers.clear();
}

/** Whether there was such a call. */
async function tell(rotation: Rotation, fault: Fault): Promise<boolean> {
  const { client, older, repository } = await drivenUpWorld(rotation);
  client.restart(new FaultPlan(fault));
  const isHit = await fails(client);
  client.restart();
  await refusesOlder(client, older);
  client.restart();
  const view = await client.refresh();
  assert.deepEqual([view.root, view.timestamp, view.snapshot].map(versionOf), [2, 3, 3]);
  assert.deepEqual(await client.trusted(), { root: 2, timestamp: 3, snapshot: 3, targets: 1 });
  // And from then on versions protect as before.
  const replayed = repository.files.get("timestamp.json");
  await repository.publish("snapshot", "timestamp");
  await client.refresh();
  repository.answers.set("timestamp.json", answer(replayed));
  client.restart();
  await client.refuses("tuf.rollback");
  return isHit;
}

async function fails(client: SimTufClient): Promise<boolean> {
  try {
    await client.refresh();
    return false;
  } catch (error) {
    assert.match(String(error), /a fault that was asked for/);
    return true;
  }
}

function versionOf({ value }: { readonly value: { readonly version: number } }): number {
  return value.version;
}

for (const rotation of ["snapshot", "timestamp"] as const) {
  for (const applied of [false, true]) {
    const how = applied ? "done" : "not done";
    test(`a crash at any call, ${how}, while root replaces the ${rotation} key`, async () => {
      let calls = 0;
      while (await tell(rotation, { call: calls + 1, applied })) calls++;
      // Root, three roles, root 2, two that are forgotten, the new timestamp and snapshot.
      assert.equal(calls, 9);
    });
  }
}

test("the same updater goes on after its store failed while root replaced a key", async () => {
  for (const applied of [false, true]) {
    for (let call = 1; call <= 9; call++) {
      const { client } = await drivenUpWorld("snapshot");
      client.restart(new FaultPlan({ call, applied }));
      assert.equal(await fails(client), true);
      const view = await client.refresh();
      assert.deepEqual([view.timestamp, view.snapshot].map(versionOf), [3, 3]);
      client.restart();
      assert.equal((await client.updater.openStored()).timestamp.value.version, 3);
    }
  }
});

test("a rotation counts also where roots that change nothing follow before the next start", async () => {
  const { client, repository } = await drivenUpWorld("timestamp");
  await repository.publish("root", "root");
  // Calls 5 to 7 keep root 2 and forget; 8 keeps root 3.
  client.restart(new FaultPlan({ call: 9, applied: true }));
  assert.equal(await fails(client), true);
  assert.equal((await client.trusted())["root"], 4);
  client.restart();
  await client.refresh();
  await repository.publish("snapshot", "timestamp");
  await client.refresh();
  client.restart();
  assert.equal((await client.updater.openStored()).timestamp.value.version, 4);
});

test("a rotation counts through roots that change nothing, also where forgetting failed", async () => {
  const { client, repository } = await drivenUpWorld("timestamp");
  // Root 2 is kept, and the driven up versions are still on disk.
  client.restart(new FaultPlan({ call: 6, applied: false }));
  assert.equal(await fails(client), true);
  await repository.publish("root");
  // Two roots and three roles are read; root 3 is kept, the new timestamp is not.
  client.restart(new FaultPlan({ call: 7, applied: false }));
  assert.equal(await fails(client), true);
  assert.equal((await client.trusted())["root"], 3);
  client.restart();
  const view = await client.refresh();
  assert.deepEqual([view.timestamp, view.snapshot].map(versionOf), [3, 3]);
});
