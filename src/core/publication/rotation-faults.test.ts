/**
 * Rotations while something goes wrong: the process dies at each step, renames of key files among them, or the store,
 * the public tree or the key folder fails, having done the work or not. No client is refused, no key that is needed is
 * lost, and in the end the rotation is what it would have been.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { UnavailableError } from "#core/errors.ts";
import { createMemoryKeyStore } from "#stores/memory/key-store.ts";
import { FaultPlan, faultyKeys, faultyStore, faultyTree } from "#world/faulty-ports.ts";
import { MINUTE } from "#world/sim-clock.ts";
import { RotationClients, aRotationScene, rotate, rotations } from "#world/rotations.ts";
import type { Rotation, RotationScene } from "#world/rotations.ts";
import { memoryStore, memoryTree } from "#world/sim-signer.ts";
import type { PublisherPorts } from "./publisher.ts";
import type { PublicationStep } from "./steps.ts";

class Killed extends Error {}

/** Dies at the n-th step. */
function killer(at: number): {
  readonly steps: PublisherPorts["steps"];
  readonly reached: string[];
} {
  const reached: PublicationStep[] = [];
  const steps: PublisherPorts["steps"] = {
    reached(step) {
      reached.push(step);
      if (reached.length === at) throw new Killed(step);
    },
  };
  return { steps, reached };
}

/** As the rotation ends when nothing goes wrong: the new keys are in force and lie in their places. */
function checkRotated({ fresh, old, signer, world }: RotationScene, rotation: Rotation): void {
  const { heldKeys, roles } = signer.status();
  for (const name of rotation.online) {
    const [retired, current] = [old.online[name], fresh.online[name]];
    assert.equal(world.keyFiles.get(`${name} current`), current, name);
    assert.equal(world.keyFiles.get(`${name} retired`), retired, name);
    assert.equal(world.keyFiles.get(`${name} next`), undefined, name);
    assert.deepEqual(roles.find(({ role }) => role === name)?.keyIds, [current.key.keyId]);
    const states = heldKeys.filter((key) => key.name === name).map(({ state }) => state);
    assert.deepEqual(states, ["current", "retired"]);
  }
  for (const role of rotation.roles) {
    assert.equal(roles.find((one) => one.role === role)?.version, 2, "published once");
  }
  assert.deepEqual(world.tree.faults, []);
}

/** All look at what is public now; then the rest of the rotation, and the hour in which caches may be behind. */
async function goOn(
  scene: RotationScene,
  rotation: Rotation,
  clients: RotationClients,
): Promise<void> {
  await clients.look("1.0");
  scene.replaceSigner();
  await scene.signer.start();
  await rotate(scene, rotation);
  await clients.look("1.0");
  checkRotated(scene, rotation);
  scene.clock.advance(58 * MINUTE);
  await scene.upload("2.0");
  await clients.look("1.0", "2.0");
}

async function countSteps(rotation: Rotation): Promise<readonly string[]> {
  const scene = await aRotationScene(rotation);
  const { reached, steps } = killer(Number.POSITIVE_INFINITY);
  scene.replaceSigner({ steps });
  scene.makeNext(...rotation.online);
  await scene.signer.start();
  await rotate(scene, rotation);
  checkRotated(scene, rotation);
  return reached;
}

for (const rotation of rotations) {
  test(`killed at each step and started again, the signer ends this: ${rotation.name}`, async () => {
    const reached = await countSteps(rotation);
    for (let at = 1; at <= reached.length; at++) {
      const scene = await aRotationScene(rotation);
      const clients = await RotationClients.create(scene);
      scene.makeNext(...rotation.online);
      scene.replaceSigner({ steps: killer(at).steps });
      const run = scene.signer.start().then(() => rotate(scene, rotation));
      await assert.rejects(run, Killed);
      await goOn(scene, rotation, clients);
    }
    if (rotation.online.length === 0) return;
    for (const step of ["keys.retired", "keys.settled"]) {
      const count = reached.filter((one) => one === step).length;
      assert.equal(count, rotation.online.length, "it died at each rename");
    }
  });
}

const everyKey = rotations.filter(({ name }) => name === "every key there is");

function faultyPorts({ world }: RotationScene, plan: FaultPlan): Partial<PublisherPorts> {
  return {
    store: faultyStore(memoryStore(world), plan),
    publicTree: faultyTree(memoryTree(world), plan),
    keys: faultyKeys(createMemoryKeyStore(world.keyFiles), plan),
  };
}

async function rotateWithFault(rotation: Rotation, plan: FaultPlan): Promise<void> {
  const scene = await aRotationScene(rotation);
  const clients = await RotationClients.create(scene);
  scene.makeNext(...rotation.online);
  scene.replaceSigner(faultyPorts(scene, plan));
  for (let tries = 0, isDone = false; !isDone; tries++) {
    assert.ok(tries < 4, "a fault is mended by asking again");
    try {
      // A start that failed is tried again by whoever started it.
      if (tries === 0) await scene.signer.start();
      await rotate(scene, rotation);
      isDone = true;
    } catch (error) {
      assert.ok(error instanceof UnavailableError, String(error));
      await clients.look("1.0");
      if (!(await isStarted(scene))) await scene.signer.start();
    }
  }
  await scene.signer.renewDue();
  checkRotated(scene, rotation);
  await clients.look("1.0");
}

async function isStarted({ signer }: RotationScene): Promise<boolean> {
  try {
    await signer.currentOffline();
    return true;
  } catch {
    return false;
  }
}

for (const applied of [false, true]) {
  const title = applied ? "although it did its work" : "without doing its work";
  test(`a store, tree or key folder that fails ${title} stops no rotation for good`, async () => {
    for (const rotation of everyKey) {
      const honest = new FaultPlan();
      await rotateWithFault(rotation, honest);
      assert.ok(honest.calls.includes("moveKey"));
      for (let call = 1; call <= honest.calls.length; call++) {
        await rotateWithFault(rotation, new FaultPlan({ call, applied }));
      }
    }
  });
}
