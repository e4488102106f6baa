/**
 * The index of the compromise tables: a real signer over memory, whose keys can be stolen and, by a recovery, replaced.
 * Its honest life goes on meanwhile: it publishes, renews what is due, and answers who asks it.
 */
import assert from "node:assert/strict";
import type { Lifetimes } from "#formats/config/config.ts";
import { parseConfig } from "#formats/config/config.ts";
import { normaliseProjectName } from "#formats/python/project-name.ts";
import { parseSigned } from "#formats/tuf/envelope.ts";
import { root as rootDecoder } from "#formats/tuf/root.ts";
import { binName } from "#formats/tuf/succinct-roles.ts";
import type { Publisher } from "#core/publication/publisher.ts";
import type { TufSigner } from "#core/tuf/editor.ts";
import { pageTarget } from "#core/tuf/layout.ts";
import type { OfflineRoleName, OnlineKeyName } from "#core/tuf/layout.ts";
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
import { createInstaller, createStatelessInstaller } from "./installers.ts";
import type { Anchor, Around, Installer } from "./installers.ts";
import { Thief } from "./thief.ts";

export type RobbedOptions = {
  readonly lifetimes?: Partial<Lifetimes>;
  readonly root?: { readonly keys: number; readonly threshold: number };
};

/** Those whose keys can be stolen, all bins counting as one. */
export type KeyName = OfflineRoleName | OnlineKeyName;

export type Installers = Readonly<Record<"saw" | "missed" | "fresh", Installer>>;

export class RobbedIndex implements Around {
  readonly clock: SimClock;
  readonly random: SeededRandom;
  world: SignerWorld;
  signer: Publisher;
  /** What new clients are shipped with. */
  anchor: Anchor;

  private constructor(clock: SimClock, random: SeededRandom, world: SignerWorld) {
    this.clock = clock;
    this.random = random;
    this.world = world;
    this.signer = createSimSigner(world);
    this.anchor = { version: 1, bytes: world.first.root };
  }

  /** With version 1.0 of the projects "victim" and "bystander", in two bins. */
  static async open({ lifetimes, root }: RobbedOptions = {}): Promise<RobbedIndex> {
    const clock = createSimClock("2026-11-21T08:00:00Z");
    const random = createSeededRandom(458);
    const defaults = parseConfig("").signer.lifetimes;
    const config = { binsBitLength: 1, lifetimes: { ...defaults, ...lifetimes } };
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
    const roles = binRoles(this.world.online.bins.key, 1);
    return binName(roles, pageTarget(normaliseProjectName(name)));
  }

  /** Three who have installed "victim" and "bystander" honestly, as far as they keep anything. */
  async installers(): Promise<Installers> {
    const installers = {
      saw: await createInstaller("saw", this),
      missed: await createInstaller("missed", this),
      fresh: createStatelessInstaller("fresh", this),
    };
    for (const installer of Object.values(installers)) {
      for (const project of ["victim", "bystander"]) {
        assert.equal(await installer.install(project), "1.0", "the honest run");
      }
    }
    return installers;
  }

  /** A thief with these keys, and a copy of the index as it is now. */
  robbedOf(...names: readonly KeyName[]): Thief {
    return new Thief(this.world.tree, new Map(names.map((name) => [name, this.keysOf(name)])));
  }

  /** Those in force. */
  keysOf(name: KeyName): readonly TufSigner[] {
    const { keyFiles, offline } = this.world;
    if (name === "root") return offline.root;
    if (name === "targets" || name === "claimed") return [offline[name]];
    const key = keyFiles.get(keyFile(name, "current"));
    assert.ok(key, `the signer holds a key of ${name}`);
    return [key];
  }

  /** New clients are shipped with the newest root from now on. */
  async shipsNewestRoot(): Promise<void> {
    const { metadata } = await this.signer.currentOffline();
    const { version } = parseSigned(metadata.root, rootDecoder).value;
    this.anchor = { version, bytes: metadata.root };
  }

  readonly answer: Answer = async ({ url }) => {
    const path = decodeURIComponent(url.pathname).slice(1);
    const [folder, , sha256 = ""] = path.split("/");
    const { files, tree } = this.world;
    const body = folder === "files" ? files.get(sha256) : tree.get(path);
    return body === undefined ? notFound : { status: 200, body };
  };
}
