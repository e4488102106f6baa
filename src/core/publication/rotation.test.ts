/**
 * Every key, threshold and life is changed while clients ask: at each step of the publication, through caches that
 * keep what they may, with nothing known, or after months. None of them is refused.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY, MINUTE } from "#world/sim-clock.ts";
import { RotationClients, aRotationScene, demo, rotate, rotations } from "#world/rotations.ts";
import type { Rotation, RotationScene } from "#world/rotations.ts";
import { createWorldClient } from "#world/sim-signer.ts";

/** Done while all clients look at each step. */
async function rotateWatched(scene: RotationScene, rotation: Rotation): Promise<RotationClients> {
  const clients = await RotationClients.create(scene);
  const steps = new Set<string>();
  scene.replaceSigner({
    steps: {
      async reached(step) {
        steps.add(step);
        await clients.look("1.0");
      },
    },
  });
  await scene.signer.start();
  scene.makeNext(...rotation.online);
  await rotate(scene, rotation);
  assert.ok(steps.has("batch.pointer-replaced"));
  return clients;
}

/** The keys in force are the new ones, and have the plain names. */
function checkSettled({ fresh, old, signer, world }: RotationScene, { online }: Rotation): void {
  const held = signer.status().heldKeys;
  for (const name of online) {
    const [before, now] = [old.online[name], fresh.online[name]];
    assert.deepEqual(
      held.filter((key) => key.name === name),
      [
        { name, keyId: now.key.keyId, state: "current" },
        { name, keyId: before.key.keyId, state: "retired" },
      ],
    );
    assert.equal(world.keyFiles.get(`${name} current`), now);
    assert.equal(world.keyFiles.get(`${name} retired`), before);
  }
  assert.ok(held.every(({ state }) => state !== "next"));
}

for (const rotation of rotations) {
  test(`no client notices that this is changed: ${rotation.name}`, async () => {
    const scene = await aRotationScene(rotation);
    const sleeper = await createWorldClient(scene.world);
    await sleeper.refresh();
    const clients = await rotateWatched(scene, rotation);
    checkSettled(scene, rotation);
    await clients.look("1.0");
    scene.replaceSigner();
    await scene.signer.start();
    for (let minutes = 20; minutes <= 120; minutes += 20) {
      scene.clock.advance(20 * MINUTE);
      await scene.upload(`2.${minutes}`);
      await clients.look("1.0", `2.${minutes}`);
    }
    for (let days = 0; days < 150; days += 10) {
      scene.clock.advance(10 * DAY);
      await scene.signer.renewDue();
    }
    await clients.look("2.120");
    const page = await sleeper.readPage(demo);
    assert.ok(page !== "absent" && page.versions.includes("2.120"));
    assert.deepEqual(scene.world.tree.faults, []);
    assert.deepEqual(scene.world.notices, []);
  });
}

test("a client that slept through five changes of every key follows, and so does one that comes then", async () => {
  const scene = await aRotationScene();
  const sleeper = await createWorldClient(scene.world);
  await sleeper.refresh();
  const everyKey = rotations.find(({ name }) => name === "every key there is");
  assert.ok(everyKey !== undefined);
  for (let time = 1; time <= 5; time++) {
    scene.makeNext(...everyKey.online);
    await rotate(scene, everyKey);
    for (let days = 0; days < 60; days += 5) {
      scene.clock.advance(5 * DAY);
      await scene.signer.renewDue();
    }
    await scene.upload(`${time}.1`);
    scene.goOn();
  }
  for (const client of [sleeper, await createWorldClient(scene.world)]) {
    const page = await client.readPage(demo);
    assert.ok(page !== "absent" && page.versions.includes("5.1"));
    assert.equal((await client.refresh()).root.value.version, 6);
  }
});
