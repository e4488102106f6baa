/**
 * An index whose keys change: the real publisher and real ceremonies in memory, between the fixed people of
 * ceremony-people.ts. Its roles live for twenty years, because other clients read the machine's clock.
 */
import assert from "node:assert/strict";
import type { CeremonyFile } from "#formats/ceremony/ceremony-file.ts";
import type { Lifetimes } from "#formats/config/config.ts";
import { normaliseProjectName } from "#formats/python/project-name.ts";
import { checkProposal } from "#core/ceremony/check-proposal.ts";
import type { CeremonyEdit } from "#core/ceremony/edit.ts";
import { openCeremony } from "#core/ceremony/open-ceremony.ts";
import { proposeFirst, proposeNext } from "#core/ceremony/propose.ts";
import { missingSignatures } from "#core/ceremony/signatures.ts";
import type { Publisher } from "#core/publication/publisher.ts";
import type { TufSigner } from "#core/tuf/editor.ts";
import { onlineKeyNames } from "#core/tuf/layout.ts";
import type { OnlineKeyName } from "#core/tuf/layout.ts";
import { keyFile } from "#stores/memory/key-store.ts";
import { cardOf, keyOf, signedBy, usualFirst, usualPolicy } from "#world/ceremony-people.ts";
import { createSeededRandom } from "#world/seeded-random.ts";
import { createSimClock, DAY } from "#world/sim-clock.ts";
import { createSignerWorld, createSimSigner, storeSdist } from "#world/sim-signer.ts";
import type { SignerWorld } from "#world/sim-signer.ts";

const lifetimeMs: number = 20 * 365 * DAY;
const start = "2026-01-02T00:00:00Z";

export class RotatingIndex {
  readonly world: SignerWorld;
  readonly #publisher: Publisher;
  /** Of each online role: what it was first, and what came after. */
  readonly #generation = new Map<OnlineKeyName, number>();

  private constructor(world: SignerWorld, publisher: Publisher) {
    this.world = world;
    this.#publisher = publisher;
  }

  static async start(binsBitLength: number): Promise<RotatingIndex> {
    const clock = createSimClock(start);
    const created = await createSignerWorld(clock.now, createSeededRandom(7).bytes, {
      binsBitLength,
      lifetimes: longLifetimes(),
    });
    const keyFiles = new Map<string, TufSigner>();
    for (const name of onlineKeyNames)
      keyFiles.set(keyFile(name, "current"), keyOf(`online ${name}`));
    const policy = { ...usualPolicy, lifetimes: longLifetimes() };
    const proposal = proposeFirst({ ...usualFirst(), policy }, clock.now());
    const { after } = openCeremony(await signedBy(proposal, "ada", "bob"));
    const first = {
      root: after.root.bytes,
      targets: after.targets.bytes,
      claimed: after.claimed.bytes,
    };
    const world = { ...created, keyFiles, first };
    const publisher = createSimSigner(world);
    await publisher.start();
    return new RotatingIndex(world, publisher);
  }

  async stop(): Promise<void> {
    await this.#publisher.stop();
  }

  get bins(): number {
    return this.#publisher.status().bins;
  }

  async upload(project: string, version: string): Promise<void> {
    const result = await this.#publisher.submit(storeSdist(this.world, project, version));
    assert.equal(result.outcome, "published");
  }

  /** Until there are so many projects, named by their numbers. */
  async uploadMany(from: number, to: number): Promise<void> {
    const numbers = Array.from({ length: to - from }, (_, at) => from + at);
    await Promise.all(numbers.map((number) => this.upload(`filler-${number}`, "1.0")));
  }

  /** The newest page's SHA-256. */
  async pageHash(project: string): Promise<string | undefined> {
    const pages = await this.#publisher.readPages(0, 5_000);
    return pages.find((page) => page.project === normaliseProjectName(project))?.sha256;
  }

  /** Proposed, found good, signed by these people, and submitted. */
  async hold(signers: readonly string[], ...edits: readonly CeremonyEdit[]): Promise<void> {
    const policy = { ...usualPolicy, lifetimes: longLifetimes() };
    const { metadata: current, nextVersions } = await this.#publisher.currentOffline();
    const proposal = proposeNext({ policy, current, nextVersions }, edits, this.world.clock());
    assert.deepEqual(checkProposal(proposal, this.world.clock()), []);
    const signed: CeremonyFile = await signedBy(proposal, ...signers);
    assert.deepEqual(missingSignatures(openCeremony(signed)), []);
    await this.#publisher.submitOffline(signed.next);
  }

  /** A new key for an online role: made ahead, named by a ceremony, or for bins by the signer itself. */
  async rotate(name: OnlineKeyName): Promise<void> {
    const next = this.#nextKeyName(name);
    this.world.keyFiles.set(keyFile(name, "next"), keyOf(next));
    if (name === "bins") return await this.#publisher.renewDue();
    const card = cardOf(next, "online", name);
    const signers = name === "timestamp" || name === "snapshot" ? ["ada", "bob"] : ["ada"];
    await this.hold(signers, { kind: "online-key", name, card });
  }

  /** The key in force, and the one before it. */
  keysOf(name: OnlineKeyName): { readonly current: TufSigner; readonly former: TufSigner } {
    const generation = this.#generation.get(name) ?? 1;
    return {
      current: keyOf(keyName(name, generation)),
      former: keyOf(keyName(name, generation - 1)),
    };
  }

  #nextKeyName(name: OnlineKeyName): string {
    const generation = (this.#generation.get(name) ?? 1) + 1;
    this.#generation.set(name, generation);
    return keyName(name, generation);
  }
}

function keyName(name: OnlineKeyName, generation: number): string {
  return generation === 1 ? `online ${name}` : `online ${name} ${generation}`;
}

function longLifetimes(): Lifetimes {
  return {
    timestamp: lifetimeMs,
    snapshot: lifetimeMs,
    bins: lifetimeMs,
    unclaimed: lifetimeMs,
    recentlyClaimed: lifetimeMs,
    deny: lifetimeMs,
    claimed: lifetimeMs,
    targets: lifetimeMs,
    root: lifetimeMs,
  };
}
