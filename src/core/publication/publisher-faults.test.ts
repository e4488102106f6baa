/**
 * A story of publication, told again and again with something going wrong at another place each time: the process
 * dies at a step, or the store or the public tree fails, having done the work or not. Afterwards: what was acknowledged
 * is there, what was not is there whole or not at all, no version ever had two contents, and clients verify.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Change, ChangeResult } from "#formats/door/change.ts";
import { normaliseProjectName } from "#formats/python/project-name.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import { signNextOffline } from "#core/tuf/offline-roles.ts";
import { UnavailableError } from "#core/errors.ts";
import { FaultPlan, faultyStore, faultyTree } from "#world/faulty-ports.ts";
import type { Fault } from "#world/faulty-ports.ts";
import { DAY, HOUR, createSimClock } from "#world/sim-clock.ts";
import type { SimClock } from "#world/sim-clock.ts";
import { createSeededRandom } from "#world/seeded-random.ts";
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
import type { Publisher, PublisherPorts } from "./publisher.ts";
import { batchSteps } from "./steps.ts";
import type { PublicationStep } from "./steps.ts";

class Killed extends Error {}

/** Kills the process at the n-th step. */
class Killer {
  readonly #at: number;
  readonly reached: PublicationStep[] = [];

  constructor(at: number = Number.POSITIVE_INFINITY) {
    this.#at = at;
  }

  readonly steps: PublisherPorts["steps"] = {
    reached: (step) => {
      this.reached.push(step);
      if (this.reached.length === this.#at) throw new Killed(step);
    },
  };

  get isSpent(): boolean {
    return this.reached.length >= this.#at;
  }
}

type Act = (tale: Tale) => Promise<unknown>;

/** The world, the signer that runs, and what it has acknowledged. */
class Tale {
  readonly clock: SimClock;
  readonly world: SignerWorld;
  readonly client: TreeClient;
  readonly acknowledged = new Map<string, Change>();
  /** Ids: from now on it may have happened. */
  readonly asked = new Set<string>();
  readonly #ports: () => Partial<PublisherPorts>;
  signer: Publisher;
  isStarted = false;

  constructor(
    clock: SimClock,
    world: SignerWorld,
    client: TreeClient,
    ports: () => Partial<PublisherPorts>,
  ) {
    this.clock = clock;
    this.world = world;
    this.client = client;
    this.#ports = ports;
    this.signer = createSimSigner(world, ports());
  }

  async start(): Promise<void> {
    if (this.isStarted) return;
    await this.signer.start();
    this.isStarted = true;
  }

  /** A new process on what the old one left. */
  async restart(): Promise<void> {
    this.isStarted = false;
    this.signer = createSimSigner(this.world, this.#ports());
    await this.start();
  }

  async submit(...changes: readonly Change[]): Promise<void> {
    const answers = await Promise.allSettled(
      changes.map(async (change) => {
        this.asked.add(change.id);
        const result: ChangeResult = await this.signer.submit(change);
        assert.equal(result.outcome, "published", JSON.stringify(result));
        this.acknowledged.set(change.id, change);
      }),
    );
    for (const answer of answers) if (answer.status === "rejected") throw answer.reason;
  }
}

const alpha = normaliseProjectName("alpha");

function story(world: SignerWorld): readonly Act[] {
  const file = { project: alpha, filename: "alpha-1.0.tar.gz" };
  const one = storeSdist(world, "alpha", "1.0");
  const many = ["alpha", "beta", "gamma"].map((name) => storeSdist(world, name, "2.0"));
  return [
    (tale) => tale.start(),
    (tale) => tale.submit(one),
    (tale) => tale.submit(...many),
    (tale) => tale.submit({ kind: "yank-file", id: "yank", ...file, yanked: "broken" }),
    async (tale) => {
      tale.clock.advance(2 * HOUR);
      await tale.signer.renewDue();
    },
    (tale) => tale.submit({ kind: "remove-file", id: "remove", ...file }),
    async (tale) => {
      const { metadata, nextVersions } = await tale.signer.currentOffline();
      const signed = async (role: "claimed" | "root" | "targets"): Promise<Uint8Array> => {
        const signers = [world.offline[role]].flat();
        const signing = { now: tale.clock.now(), lifetimeMs: 365 * DAY, signers };
        const version = nextVersions[role];
        return (await signNextOffline(role, metadata[role], { version, ...signing })).bytes;
      };
      if (nextVersions.root > 2) return;
      await tale.signer.submitOffline({
        root: await signed("root"),
        targets: await signed("targets"),
        claimed: await signed("claimed"),
      });
    },
    async (tale) => {
      tale.clock.advance(20 * DAY);
      await tale.signer.renewDue();
    },
    (tale) => tale.submit(storeSdist(world, "alpha", "3.0")),
  ];
}

/** What every project's page lists once the story is over. */
const ending: ReadonlyMap<ProjectName, readonly string[]> = new Map([
  [alpha, ["2.0", "3.0"]],
  [normaliseProjectName("beta"), ["2.0"]],
  [normaliseProjectName("gamma"), ["2.0"]],
]);

/** `ports` is asked once for each process. `mend`: what to do after a failure. */
async function tell(
  ports: (world: SignerWorld) => Partial<PublisherPorts>,
  mend: (tale: Tale, error: unknown) => Promise<void>,
): Promise<Tale> {
  const clock = createSimClock("2026-01-02T00:00:00Z");
  const world = await createSignerWorld(clock.now, createSeededRandom(1).bytes, {
    binsBitLength: 1,
  });
  const client = await createWorldClient(world);
  const tale = new Tale(clock, world, client, () => ports(world));
  for (const act of story(world)) {
    for (let tries = 0; ; tries++) {
      assert.ok(tries < 4, "a fault is mended by doing it again");
      try {
        await act(tale);
        break;
      } catch (error) {
        // What is signed again now has other bytes, and would show.
        clock.advance(1_500);
        await mend(tale, error);
        await checkTale(tale);
      }
    }
    await checkTale(tale);
  }
  for (const [project, versions] of ending) {
    const page = await client.readPage(project);
    assert.ok(page !== "absent");
    assert.deepEqual(page.versions, versions);
  }
  return tale;
}

/** Nothing acknowledged is missing; no name ever had two contents; old and new clients verify. */
async function checkTale({ acknowledged, asked, client, world }: Tale): Promise<void> {
  assert.deepEqual(world.tree.faults, []);
  const view = await client.refresh();
  const fresh = await createWorldClient(world);
  for (const one of [await fresh.refresh(), view]) {
    const { targets, snapshot } = one;
    for (const [role, { version }] of snapshot.value.meta) {
      assert.ok(world.tree.has(`tuf/${version}.${role}.json`), `${role} ${version}`);
    }
    assert.ok(targets.value.version >= 1);
  }
  for (const change of acknowledged.values()) {
    if (change.kind !== "add-file") continue;
    const isRemoved = change.filename === "alpha-1.0.tar.gz" && asked.has("remove");
    if (isRemoved) continue;
    const page = await client.findPage(view, change.project);
    assert.ok(page !== "absent", change.id);
    assert.ok(
      page.files.some(({ filename }) => filename === change.filename),
      change.id,
    );
  }
}

test("killed at each step and started again, a signer loses nothing it has acknowledged", async () => {
  const honest = new Killer();
  await tell(
    () => ({ steps: honest.steps }),
    async (_, error) => {
      throw error;
    },
  );
  const hit = new Set<string>();
  for (let at = 1; at <= honest.reached.length; at++) {
    const killer = new Killer(at);
    await tell(
      () => ({ steps: killer.steps }),
      async (tale, error) => {
        assert.ok(error instanceof Killed, String(error));
        hit.add(error.message);
        await tale.restart();
      },
    );
    assert.ok(killer.isSpent);
  }
  const missed = [...new Set([...batchSteps, ...honest.reached])].filter((step) => !hit.has(step));
  assert.deepEqual(missed, [], "every step was died at");
});

test("killed while it mends, it is mended the next time", async () => {
  for (const [first, second] of [
    [45, 3],
    [48, 2],
    [52, 3],
    [60, 2],
  ] as const) {
    const killers = [new Killer(first), new Killer(second), new Killer()];
    let process = 0;
    await tell(
      () => ({ steps: (killers[process++] ?? new Killer()).steps }),
      async (tale, error) => {
        assert.ok(error instanceof Killed, String(error));
        await tale.restart().catch(async () => await tale.restart());
      },
    );
  }
});

async function callCount(): Promise<number> {
  const plan = new FaultPlan();
  await tell(
    (world) => faultyPorts(world, plan),
    async (_, error) => {
      throw error;
    },
  );
  return plan.calls.length;
}

function faultyPorts(world: SignerWorld, plan: FaultPlan): Partial<PublisherPorts> {
  return {
    store: faultyStore(memoryStore(world), plan),
    publicTree: faultyTree(memoryTree(world), plan),
  };
}

/** A failing disk kills nobody: the same process goes on as soon as it is asked again. */
async function tellWithFault(fault: Fault): Promise<void> {
  const plan = new FaultPlan(fault);
  await tell(
    (world) => faultyPorts(world, plan),
    async (tale, error) => {
      assert.ok(error instanceof UnavailableError, String(error));
      assert.equal(error.code, "storage.failed");
      assert.ok(plan.isSpent);
      // The program does so within a second; at first it is started again.
      if (tale.isStarted) await tale.signer.renewDue();
      else await tale.restart();
    },
  );
}

test("a store or tree that fails without doing its work stops nothing for good", async () => {
  const calls = await callCount();
  for (let call = 1; call <= calls; call++) await tellWithFault({ call, applied: false });
});

test("a store or tree that fails although it did its work misleads nobody", async () => {
  const calls = await callCount();
  for (let call = 1; call <= calls; call++) await tellWithFault({ call, applied: true });
});
