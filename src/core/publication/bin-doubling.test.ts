/**
 * Bins double while clients ask: between any two steps of the batch that doubles them, from 8 to 16 and from 16 to 32,
 * where their names grow by a digit. Nobody is refused, and no page is missing for a moment.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createSimClock, DAY } from "#world/sim-clock.ts";
import type { SimClock } from "#world/sim-clock.ts";
import { createSeededRandom } from "#world/seeded-random.ts";
import {
  createSignerWorld,
  createSimSigner,
  createWorldClient,
  storeSdist,
} from "#world/sim-signer.ts";
import type { SignerWorld } from "#world/sim-signer.ts";
import { TreeAuditor } from "#world/tree-client.ts";
import type { TreeClient } from "#world/tree-client.ts";
import { normaliseProjectName } from "#formats/python/project-name.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import { parseSigned } from "#formats/tuf/envelope.ts";
import { targets as targetsDecoder } from "#formats/tuf/targets.ts";
import { publicRolePath } from "#core/tuf/layout.ts";
import type { TrustedView } from "#core/tuf/trusted-set.ts";
import { backupSignerDisk } from "#stores/memory/signer-store.ts";
import { publicationLimits } from "./limits.ts";
import type { Publisher, PublisherPorts } from "./publisher.ts";
import type { PublicationStep } from "./steps.ts";

class Killed extends Error {}

/** As many projects as the bins hold before there are more bins: the next one doubles them. */
async function fullWorld(
  bitLength: number,
  clock: SimClock = createSimClock("2026-01-02T00:00:00Z"),
): Promise<SignerWorld> {
  const random = createSeededRandom(bitLength).bytes;
  const world = await createSignerWorld(clock.now, random, { binsBitLength: bitLength });
  const signer = createSimSigner(world);
  await signer.start();
  const count = publicationLimits.binProjectsMax * 2 ** bitLength;
  const changes = Array.from({ length: count }, (_, at) => storeSdist(world, `p${at}`, "1.0"));
  await Promise.all(changes.map((change) => signer.submit(change)));
  assert.equal(signer.status().bins, 2 ** bitLength);
  await signer.stop();
  return world;
}

/** The same index once more. */
function copyOf(world: SignerWorld): SignerWorld {
  const tree = new TreeAuditor();
  for (const [path, bytes] of world.tree) tree.set(path, bytes);
  const disk = { ...backupSignerDisk(world.disk), restored: false };
  return { ...world, tree, disk, keyFiles: new Map(world.keyFiles), notices: [] };
}

function projectsOf(world: SignerWorld): readonly ProjectName[] {
  return [...world.disk.pages.keys()];
}

/** Clients of three kinds, asked again and again; whoever is refused throws. */
class Askers {
  readonly #world: SignerWorld;
  readonly #returning: TreeClient;
  readonly #projects: readonly ProjectName[];
  /** Of each time somebody asked. */
  readonly #views: TrustedView[] = [];
  #turn = 0;

  private constructor(world: SignerWorld, returning: TreeClient) {
    this.#world = world;
    this.#returning = returning;
    this.#projects = projectsOf(world);
  }

  static async start(world: SignerWorld): Promise<Askers> {
    const askers = new Askers(world, await createWorldClient(world));
    await askers.ask();
    return askers;
  }

  get turns(): number {
    return this.#turn;
  }

  /** One that comes again, one that has just come, and one in the middle of what it looks up in the views it has. */
  readonly ask = async (): Promise<void> => {
    const view = await this.#returning.refresh();
    const fresh = await createWorldClient(this.#world);
    await this.#find(this.#returning, view);
    await this.#find(fresh, await fresh.refresh());
    for (const earlier of [this.#views.at(0), this.#views.at(-1)]) {
      if (earlier !== undefined) await this.#find(this.#returning, earlier);
    }
    this.#views.push(view);
  };

  /** Another project each time, so that bins are asked for that nobody has yet. */
  async #find(client: TreeClient, view: TrustedView): Promise<void> {
    const project = this.#projects[(this.#turn++ * 31) % this.#projects.length];
    assert.ok(project !== undefined);
    assert.notEqual(await client.findPage(view, project), "absent", project);
  }

  async findAll(): Promise<TrustedView> {
    const view = await this.#returning.refresh();
    for (const project of this.#projects) {
      assert.notEqual(await this.#returning.findPage(view, project), "absent", project);
    }
    return view;
  }
}

async function signerOf(
  world: SignerWorld,
  reached: PublisherPorts["steps"]["reached"],
): Promise<Publisher> {
  let isStarted = false;
  const steps = {
    reached: async (step: PublicationStep): Promise<void> => {
      if (isStarted) await reached(step);
    },
  };
  const signer = createSimSigner(world, { steps });
  await signer.start();
  isStarted = true;
  return signer;
}

function binsIn({ snapshot }: TrustedView): readonly string[] {
  return Array.from(snapshot.value.meta, ([name]) => name).filter((name) =>
    name.startsWith("bin-"),
  );
}

function namesOf(count: number, digits: number): readonly string[] {
  return Array.from({ length: count }, (_, at) => `bin-${at.toString(16).padStart(digits, "0")}`);
}

const doublings = [
  { bits: 3, after: namesOf(16, 1) },
  { bits: 4, after: [...namesOf(16, 1), ...namesOf(32, 2)].toSorted() },
];

for (const { bits, after } of doublings) {
  test(`${2 ** bits} bins become ${2 ** (bits + 1)} under clients that ask between any two steps`, async () => {
    const world = await fullWorld(bits);
    const askers = await Askers.start(world);
    const seen: PublicationStep[] = [];
    const signer = await signerOf(world, async (step) => {
      seen.push(step);
      await askers.ask();
    });
    const before = binsIn(await askers.findAll());
    assert.deepEqual(before, namesOf(2 ** bits, 1));
    const result = await signer.submit(storeSdist(world, "one-more", "1.0"));
    assert.equal(result.outcome, "published");
    assert.equal(signer.status().bins, 2 ** (bits + 1));
    const written = seen.filter((step) => step === "batch.role-written").length;
    assert.equal(written, 2 ** (bits + 1) + 1, "every bin, and unclaimed");
    assert.ok(seen.includes("batch.committed") && seen.at(-1) === "batch.published");
    await askers.ask();
    const view = await askers.findAll();
    assert.deepEqual(binsIn(view), after);
    const client = await createWorldClient(world);
    assert.notEqual(await client.readPage(normaliseProjectName("one-more")), "absent");
    assert.deepEqual(world.tree.faults, []);
  });

  test(`a signer that dies while ${2 ** bits} bins become ${2 ** (bits + 1)} leaves clients served, and goes on`, async () => {
    const full = await fullWorld(bits);
    const steps = await stepsOfDoubling(copyOf(full));
    for (let at = 0; at < steps; at += 7) {
      const world = copyOf(full);
      const askers = await Askers.start(world);
      let left = at;
      const dying = await signerOf(world, (step) => {
        if (left-- === 0) throw new Killed(step);
      });
      const change = storeSdist(world, "one-more", "1.0");
      await assert.rejects(dying.submit(change), Killed);
      await askers.ask();
      const next = await signerOf(world, askers.ask);
      await askers.ask();
      assert.equal((await next.submit(change)).outcome, "published");
      assert.equal(next.status().bins, 2 ** (bits + 1));
      await askers.ask();
      assert.deepEqual(world.tree.faults, []);
    }
  });
}

async function stepsOfDoubling(world: SignerWorld): Promise<number> {
  let count = 0;
  const signer = await signerOf(world, () => void count++);
  await signer.submit(storeSdist(world, "one-more", "1.0"));
  return count;
}

test("bins of before stay listed with the version they had, and are not renewed", async () => {
  const clock = createSimClock("2026-01-02T00:00:00Z");
  const world = await fullWorld(4, clock);
  const client = await createWorldClient(world);
  const before = await client.refresh();
  const signer = await signerOf(world, () => {});
  await signer.submit(storeSdist(world, "one-more", "1.0"));
  let after = await client.refresh();
  const version = after.snapshot.value.meta.get("unclaimed")?.version ?? 0;
  const bytes = world.tree.get(publicRolePath("unclaimed", version)) ?? new Uint8Array();
  const { delegations } = parseSigned(bytes, targetsDecoder).value;
  assert.equal(delegations?.succinct?.bitLength, 5);
  // Every bin that is looked up is renewed by then.
  clock.advance(20 * DAY);
  await signer.renewDue();
  after = await client.refresh();
  for (const [names, isRenewed] of [
    [namesOf(16, 1), false],
    [namesOf(32, 2), true],
  ] as const) {
    for (const name of names) {
      const listed = after.snapshot.value.meta.get(name)?.version ?? 0;
      const first = before.snapshot.value.meta.get(name)?.version ?? 1;
      assert.equal(listed > first, isRenewed, name);
    }
  }
});
