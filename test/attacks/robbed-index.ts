/**
 * The index of the compromise tables: a real signer over memory, whose keys can be stolen and, by a recovery, replaced.
 * Its honest life goes on meanwhile: it publishes, renews what is due, and answers who asks it.
 */
import assert from "node:assert/strict";
import type { Lifetimes } from "#formats/config/config.ts";
import { parseConfig } from "#formats/config/config.ts";
import type { CurrentOfflineMetadata, OfflineMetadata } from "#formats/door/offline-metadata.ts";
import { normaliseProjectName } from "#formats/python/project-name.ts";
import { binName } from "#formats/tuf/succinct-roles.ts";
import type { Publisher } from "#core/publication/publisher.ts";
import type { TufSigner } from "#core/tuf/editor.ts";
import { onlineKeyNames, pageTarget } from "#core/tuf/layout.ts";
import { keyFile } from "#stores/memory/key-store.ts";
import { binRoles } from "#core/tuf/online-roles.ts";
import { createSeededRandom } from "#world/seeded-random.ts";
import type { SeededRandom } from "#world/seeded-random.ts";
import { createSimClock } from "#world/sim-clock.ts";
import type { SimClock } from "#world/sim-clock.ts";
import type { Answer } from "#world/sim-network.ts";
import { notFound } from "#world/sim-index.ts";
import { createSignerWorld, createSimSigner, storeSdist } from "#world/sim-signer.ts";
import type { SignerWorld } from "#world/sim-signer.ts";
import { anchorOf, createInstallers } from "./installers.ts";
import type { Anchor, Around, Installers } from "./installers.ts";
import type { KeyName, NewKeys, Operated } from "./recovery.ts";
import { Thief } from "./thief.ts";

export type RobbedOptions = {
  readonly lifetimes?: Partial<Lifetimes>;
  /** 2^n bins; one unless said. */
  readonly binsBitLength?: number;
  readonly root?: { readonly keys: number; readonly threshold: number };
};

export class RobbedIndex implements Around, Operated {
  readonly clock: SimClock;
  readonly random: SeededRandom;
  readonly lifetimes: Lifetimes;
  world: SignerWorld;
  signer: Publisher;
  /** What new clients are shipped with. */
  anchor: Anchor;

  private constructor(clock: SimClock, random: SeededRandom, world: SignerWorld) {
    this.clock = clock;
    this.random = random;
    this.world = world;
    this.lifetimes = world.config.lifetimes;
    this.signer = createSimSigner(world);
    this.anchor = { version: 1, bytes: world.first.root };
  }

  /** With version 1.0 of the projects "victim" and "bystander", in two bins. */
  static async open(options: RobbedOptions = {}): Promise<RobbedIndex> {
    const { binsBitLength = 1, lifetimes, root } = options;
    const clock = createSimClock("2026-11-21T08:00:00Z");
    const random = createSeededRandom(458);
    const defaults = parseConfig("").signer.lifetimes;
    const config = { binsBitLength, lifetimes: { ...defaults, ...lifetimes } };
    const world = await createSignerWorld(clock.now, random.bytes, config, root);
    const index = new RobbedIndex(clock, random, world);
    await index.signer.start();
    assert.notEqual(index.binOf("victim"), index.binOf("bystander"));
    await index.publishes("victim", "1.0");
    await index.publishes("bystander", "1.0");
    return index;
  }

  async publishes(name: string, version: string): Promise<void> {
    const { outcome } = await this.signer.submit(storeSdist(this.world, name, version));
    assert.equal(outcome, "published");
  }

  /** Time passes, and the signer renews what it can renew by itself. */
  async passes(ms: number): Promise<void> {
    this.clock.advance(ms);
    await this.signer.renewDue();
  }

  binOf(name: string): string {
    const roles = binRoles(this.world.online.bins.key, this.world.config.binsBitLength);
    return binName(roles, pageTarget(normaliseProjectName(name)));
  }

  /** Three who have installed both projects honestly. */
  async installers(): Promise<Installers> {
    return await createInstallers(this, ["victim", "bystander"]);
  }

  /** A thief with these keys, and a copy of the index as it is now. */
  robbedOf(...names: readonly KeyName[]): Thief {
    return new Thief(this.world.tree, new Map(names.map((name) => [name, this.keysOf(name)])));
  }

  /** Those in force. */
  readonly keysOf = (name: KeyName): readonly TufSigner[] => {
    const { keyFiles, offline } = this.world;
    if (name === "root") return offline.root;
    if (name === "targets" || name === "claimed") return [offline[name]];
    const key = keyFiles.get(keyFile(name, "current"));
    assert.ok(key, `the signer holds a key of ${name}`);
    return [key];
  };

  readonly currentOffline = (): Promise<CurrentOfflineMetadata> => this.signer.currentOffline();

  /** Online keys go into the signer's key folder, offline roles through its door; the rest is its own rotation. */
  readonly adopts = async (offline: OfflineMetadata, keys: NewKeys): Promise<void> => {
    for (const name of onlineKeyNames) {
      for (const key of keys.get(name) ?? []) this.world.keyFiles.set(keyFile(name, "next"), key);
    }
    if (Object.keys(offline).length > 0) await this.signer.submitOffline(offline);
    // It looks for new keys whenever it renews.
    else await this.signer.renewDue();
    this.world = withOfflineKeys(this.world, keys);
  };

  /** New clients are shipped with the newest root from now on. */
  async shipsNewestRoot(): Promise<void> {
    this.anchor = anchorOf((await this.currentOffline()).metadata.root);
  }

  readonly answer: Answer = async ({ url }) => {
    const path = decodeURIComponent(url.pathname).slice(1);
    const [folder, , sha256 = ""] = path.split("/");
    const { files, tree } = this.world;
    const body = folder === "files" ? files.get(sha256) : tree.get(path);
    return body === undefined ? notFound : { status: 200, body };
  };
}

function withOfflineKeys(world: SignerWorld, keys: NewKeys): SignerWorld {
  const { claimed, root, targets } = world.offline;
  const offline = {
    root: keys.get("root") ?? root,
    targets: keys.get("targets")?.[0] ?? targets,
    claimed: keys.get("claimed")?.[0] ?? claimed,
  };
  return { ...world, offline };
}
