/**
 * A recovery, told again and again with something going wrong at another place: the process dies at a step, or store,
 * tree or key folder fail, having done the work or not. At any time clients verify and see the state of before or the
 * good one, and no version ever has two contents. Then it is begun again, or the signer is simply started.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { normaliseProjectName } from "#formats/python/project-name.ts";
import { UnavailableError } from "#core/errors.ts";
import type { PublicationStep } from "#core/publication/steps.ts";
import { onlineKeyNames } from "#core/tuf/layout.ts";
import { FaultPlan, faultyStore, faultyTree } from "#world/faulty-ports.ts";
import type { Fault } from "#world/faulty-ports.ts";
import { HOUR, createSimClock } from "#world/sim-clock.ts";
import { createSeededRandom } from "#world/seeded-random.ts";
import { comparedPorts, holdCeremony, memoryRecoveryPorts, restoreAll } from "#world/recovery.ts";
import type { Rotated } from "#world/recovery.ts";
import {
  createSignerWorld,
  createSimSigner,
  createWorldClient,
  memoryStore,
  memoryTree,
  storeSdist,
} from "#world/sim-signer.ts";
import type { SignerWorld } from "#world/sim-signer.ts";
import type { TreeClient } from "#world/tree-client.ts";
import { readStateToRecover, recoverPublication } from "./recover-publication.ts";
import type { RecoveryPorts } from "./recover-publication.ts";

class Killed extends Error {}

const alpha = normaliseProjectName("alpha");
const good = ["alpha-1.0.tar.gz"];
const robbed = ["alpha-1.0.tar.gz", "alpha-6.6.tar.gz"];

type Tale = {
  readonly world: SignerWorld;
  readonly client: TreeClient;
  readonly rotated: Rotated;
  readonly copy: Map<string, Uint8Array>;
};

async function aTale(): Promise<Tale> {
  const clock = createSimClock("2026-01-02T00:00:00Z");
  const random = createSeededRandom(1).bytes;
  const world = await createSignerWorld(clock.now, random, { binsBitLength: 1 });
  const client = await createWorldClient(world);
  const signer = createSimSigner(world);
  await signer.start();
  await signer.submit(storeSdist(world, "alpha", "1.0"));
  const copy = new Map(world.tree);
  await signer.submit(storeSdist(world, "alpha", "6.6"));
  await signer.stop();
  clock.advance(HOUR);
  const state = await readStateToRecover(memoryRecoveryPorts(world));
  const rotated = await holdCeremony(world, state, onlineKeyNames, random);
  return { world, client, rotated, copy };
}

async function recover(tale: Tale, ports: Partial<RecoveryPorts>): Promise<void> {
  const { copy, rotated, world } = tale;
  const own = memoryRecoveryPorts(world, ports);
  const token = await own.store.takeLease("recovery", world.clock());
  const restored = restoreAll(await comparedPorts(world, copy));
  await recoverPublication(own, world.config, token, { ...rotated, restored });
}

/** What a client and a new one see: both verify, and neither sees anything but before or after. */
async function checkClients({ client, world }: Tale): Promise<void> {
  assert.deepEqual(world.tree.faults, []);
  for (const one of [client, await createWorldClient(world)]) {
    const page = await one.readPage(alpha);
    assert.ok(page !== "absent");
    const files = page.files.map(({ filename }) => filename);
    assert.ok(
      [good, robbed].some((list) => list.join() === files.join()),
      files.join(),
    );
  }
}

async function checkEnd(tale: Tale): Promise<void> {
  const { client, rotated, world } = tale;
  await checkClients(tale);
  const page = await client.readPage(alpha);
  assert.deepEqual(page !== "absent" && page.files.map(({ filename }) => filename), good);
  const { offline } = await readStateToRecover(memoryRecoveryPorts(world));
  assert.deepEqual(offline.root.bytes, rotated.offline.root);
  const signer = createSimSigner(world);
  await signer.start();
  assert.equal((await signer.submit(storeSdist(world, "alpha", "2.0"))).outcome, "published");
  await client.readPage(alpha);
  assert.deepEqual(world.tree.faults, []);
}

async function stepsOf(): Promise<readonly PublicationStep[]> {
  const steps: PublicationStep[] = [];
  await recover(await aTale(), { steps: { reached: (step) => void steps.push(step) } });
  return steps;
}

function killAt(at: number): RecoveryPorts["steps"] {
  let count = 0;
  return {
    reached(step) {
      count += 1;
      if (count === at) throw new Killed(step);
    },
  };
}

for (const mend of ["the same command again", "a signer that is started instead"] as const) {
  test(`killed at each step, mended by ${mend}`, async () => {
    const steps = await stepsOf();
    for (const step of [
      "recovery.begun",
      "recovery.decided",
      "batch.committed",
      "batch.pointer-replaced",
      "batch.root-written",
      "keys.retired",
      "keys.settled",
    ] as const) {
      assert.ok(steps.includes(step), step);
    }
    for (let at = 1; at <= steps.length; at++) {
      const tale = await aTale();
      await assert.rejects(recover(tale, { steps: killAt(at) }), Killed);
      await checkClients(tale);
      if (mend === "the same command again") {
        await recover(tale, {});
        await checkEnd(tale);
        continue;
      }
      const signer = createSimSigner(tale.world);
      await signer.start();
      await signer.stop();
      await checkClients(tale);
      // Before the commit nothing has happened; from then on the signer brings it to its end by itself.
      if (at <= steps.indexOf("batch.committed")) await recover(tale, {});
      await checkEnd(tale);
    }
  });
}

async function failAt(fault: Fault): Promise<number> {
  const tale = await aTale();
  const plan = new FaultPlan(fault);
  const ports = {
    store: faultyStore(memoryStore(tale.world), plan),
    publicTree: faultyTree(memoryTree(tale.world), plan),
  };
  try {
    await recover(tale, ports);
  } catch (error) {
    assert.ok(error instanceof UnavailableError, String(error));
    await checkClients(tale);
    await recover(tale, {});
  }
  await checkEnd(tale);
  return plan.calls.length;
}

for (const applied of [false, true]) {
  const how = applied ? "although it did its work" : "without doing its work";
  test(`a store or tree that fails ${how} leaves a recovery that can be begun again`, async () => {
    const calls = await failAt({ call: 0, applied });
    assert.ok(calls > 10);
    for (let call = 1; call <= calls; call++) await failAt({ call, applied });
  });
}
