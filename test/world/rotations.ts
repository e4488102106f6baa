/**
 * Every way in which keys, thresholds and lives of a repository are changed in the routine case, each as people do it,
 * and the clients that must not notice.
 */
import assert from "node:assert/strict";
import type { OfflineMetadata, OfflineRole } from "#formats/door/offline-metadata.ts";
import { normaliseProjectName } from "#formats/python/project-name.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import type { Root } from "#formats/tuf/root.ts";
import { onlineKeyNames } from "#core/tuf/layout.ts";
import type { OnlineKeyName } from "#core/tuf/layout.ts";
import type { TufSigner } from "#core/tuf/editor.ts";
import { generateRepositoryKeys } from "#core/publication/first-repository.ts";
import type { Random } from "#core/ports.ts";
import type { Publisher, PublisherPorts } from "#core/publication/publisher.ts";
import { keyFile } from "#stores/memory/key-store.ts";
import { CachedTree } from "./cached-tree.ts";
import type { CacheLives } from "./cached-tree.ts";
import { DAY, MINUTE, SECOND, createSimClock } from "./sim-clock.ts";
import type { SimClock } from "./sim-clock.ts";
import {
  signNextSimRoot,
  signNextSimTargets,
  withDelegatedKeys,
  withRootKeys,
} from "./sim-ceremony.ts";
import type { SimSigning } from "./sim-ceremony.ts";
import { createSeededRandom } from "./seeded-random.ts";
import { createSignerWorld, createSimSigner, storeSdist } from "./sim-signer.ts";
import type { SignerWorld } from "./sim-signer.ts";
import { TreeClient } from "./tree-client.ts";

type Keys = ReturnType<typeof generateRepositoryKeys>;

export class RotationScene {
  readonly clock: SimClock;
  readonly world: SignerWorld;
  readonly #random: Random;
  /** In use before the rotation. */
  old: Keys;
  /** What roles are rotated to: keys that nobody used before. */
  fresh: Keys;
  /** That the files of a ceremony get; they all go up together. */
  version = 2;
  signer: Publisher;

  constructor(clock: SimClock, world: SignerWorld, random: Random, signer: Publisher) {
    this.clock = clock;
    this.world = world;
    this.#random = random;
    this.old = world;
    this.fresh = generateRepositoryKeys(random, 3);
    this.signer = signer;
  }

  /** After a rotation of every key: the next one is from what is in use now to others. */
  goOn(): void {
    const { offline, online } = this.fresh;
    this.old = { online, offline: { ...offline, root: offline.root.slice(0, 1) } };
    this.fresh = generateRepositoryKeys(this.#random, 3);
    this.version++;
  }

  /** A new process on what the old one left, not started yet. */
  replaceSigner(ports: Partial<PublisherPorts> = {}): void {
    this.signer = createSimSigner(this.world, {
      // What is waited for passes.
      wait: async (ms) => this.clock.advance(ms),
      ...ports,
    });
  }

  async upload(version: string): Promise<void> {
    const result = await this.signer.submit(storeSdist(this.world, "demo", version));
    assert.equal(result.outcome, "published", JSON.stringify(result));
    // Caches may hold the timestamp of before for a moment.
    this.clock.advance(SECOND);
  }

  /** Makes the keys ahead, as `makeNextOnlineKeys` does. */
  makeNext(...names: readonly OnlineKeyName[]): void {
    for (const name of names) {
      this.world.keyFiles.set(keyFile(name, "next"), this.fresh.online[name]);
    }
  }

  /** Signs with `signers`, for a year. */
  signing(signers: readonly TufSigner[], lifetimeMs: number = 365 * DAY): SimSigning {
    return { now: this.clock.now(), lifetimeMs, signers };
  }
}

export const demo: ProjectName = normaliseProjectName("demo");

/** A signer that has published a file, and whose ports are those given. */
export async function aRotationScene(
  rotation: Pick<Rotation, "rootKeys"> = {},
  ports: Partial<PublisherPorts> = {},
): Promise<RotationScene> {
  const clock = createSimClock("2026-01-02T00:00:00Z");
  const random = createSeededRandom(1).bytes;
  const root = rotation.rootKeys ?? { keys: 1, threshold: 1 };
  const world = await createSignerWorld(clock.now, random, { binsBitLength: 1 }, root);
  const scene = new RotationScene(clock, world, random, createSimSigner(world, ports));
  scene.replaceSigner(ports);
  await scene.signer.start();
  await scene.upload("1.0");
  return scene;
}

export type Rotation = {
  readonly name: string;
  readonly rootKeys?: { readonly keys: number; readonly threshold: number };
  /** Keys that are replaced and lie at the signer. */
  readonly online: readonly OnlineKeyName[];
  /** What the ceremony signs; nothing where there is none. */
  readonly roles: readonly OfflineRole[];
  readonly files: (scene: RotationScene) => Promise<OfflineMetadata>;
};

/** Does it, or what is left of it; to be asked again after a failure. */
export async function rotate(scene: RotationScene, rotation: Rotation): Promise<void> {
  const { signer } = scene;
  const { nextVersions } = await signer.currentOffline();
  const isPublished = rotation.roles.every((role) => nextVersions[role] > scene.version);
  if (rotation.roles.length > 0 && !isPublished) {
    await signer.submitOffline(await rotation.files(scene));
  }
  await signer.renewDue();
}

type RootEdit = (root: Root, scene: RotationScene) => Root;

async function rootFile(
  scene: RotationScene,
  edit: RootEdit,
  signing: SimSigning = scene.signing(scene.old.offline.root),
): Promise<OfflineMetadata> {
  return { root: await signNextSimRoot(scene.signer, (root) => edit(root, scene), signing) };
}

/** Targets with other keys for these roles. Signed by the keys of targets, and `also`. */
async function targetsFile(
  scene: RotationScene,
  names: readonly ("claimed" | "deny" | "recently-claimed" | "unclaimed")[],
  also: readonly TufSigner[] = [],
): Promise<OfflineMetadata> {
  const { fresh, old, signer } = scene;
  const bytes = await signNextSimTargets(
    signer,
    "targets",
    (targets) =>
      names.reduce((value, name) => {
        const key = name === "claimed" ? fresh.offline.claimed : fresh.online[name];
        return withDelegatedKeys(value, name, [key]);
      }, targets),
    scene.signing([old.offline.targets, ...also]),
  );
  return { targets: bytes };
}

async function claimedFile(
  scene: RotationScene,
  also: readonly TufSigner[] = [],
): Promise<OfflineMetadata> {
  const signing = scene.signing([scene.old.offline.claimed, ...also]);
  return { claimed: await signNextSimTargets(scene.signer, "claimed", (same) => same, signing) };
}

const freshOnline =
  (...names: readonly ("snapshot" | "timestamp")[]): RootEdit =>
  (root, { fresh }) =>
    names.reduce((value, name) => withRootKeys(value, name, [fresh.online[name]]), root);

const freshTargetsKey: RootEdit = (root, { fresh }) =>
  withRootKeys(root, "targets", [fresh.offline.targets]);

const freshRootKey: RootEdit = (root, { fresh }) =>
  withRootKeys(root, "root", fresh.offline.root.slice(0, 1));

function ofOnline(name: "snapshot" | "timestamp"): Rotation {
  return {
    name: `the key of ${name}`,
    online: [name],
    roles: ["root"],
    files: (scene) => rootFile(scene, freshOnline(name)),
  };
}

function ofDelegated(name: "deny" | "recently-claimed" | "unclaimed"): Rotation {
  return {
    name: `the key of ${name}`,
    online: [name],
    roles: ["targets"],
    files: (scene) => targetsFile(scene, [name]),
  };
}

const keyRotations: readonly Rotation[] = [
  ofOnline("timestamp"),
  ofOnline("snapshot"),
  {
    name: "the keys of timestamp and snapshot",
    online: ["timestamp", "snapshot"],
    roles: ["root"],
    files: (scene) => rootFile(scene, freshOnline("timestamp", "snapshot")),
  },
  ofDelegated("deny"),
  ofDelegated("recently-claimed"),
  ofDelegated("unclaimed"),
  { name: "the key of the bins", online: ["bins"], roles: [], files: async () => ({}) },
  {
    name: "all online keys",
    online: onlineKeyNames,
    roles: ["root", "targets"],
    files: async (scene) => ({
      ...(await rootFile(scene, freshOnline("timestamp", "snapshot"))),
      ...(await targetsFile(scene, ["deny", "recently-claimed", "unclaimed"])),
    }),
  },
  {
    name: "the key of root",
    online: [],
    roles: ["root"],
    files: (scene) => {
      const both = [...scene.old.offline.root, ...scene.fresh.offline.root.slice(0, 1)];
      return rootFile(scene, freshRootKey, scene.signing(both));
    },
  },
  {
    name: "the key of targets",
    online: [],
    roles: ["root", "targets"],
    files: async (scene) => ({
      ...(await rootFile(scene, freshTargetsKey)),
      ...(await targetsFile(scene, [], [scene.fresh.offline.targets])),
    }),
  },
  {
    name: "the key of claimed",
    online: [],
    roles: ["targets", "claimed"],
    files: async (scene) => ({
      ...(await targetsFile(scene, ["claimed"])),
      ...(await claimedFile(scene, [scene.fresh.offline.claimed])),
    }),
  },
  {
    name: "every key there is",
    online: onlineKeyNames,
    roles: ["root", "targets", "claimed"],
    files: async (scene) => {
      const { fresh, old } = scene;
      const edit: RootEdit = (root) =>
        freshRootKey(
          freshTargetsKey(freshOnline("timestamp", "snapshot")(root, scene), scene),
          scene,
        );
      const both = [...old.offline.root, ...fresh.offline.root.slice(0, 1)];
      const names = ["deny", "claimed", "recently-claimed", "unclaimed"] as const;
      return {
        ...(await rootFile(scene, edit, scene.signing(both))),
        ...(await targetsFile(scene, names, [fresh.offline.targets])),
        ...(await claimedFile(scene, [fresh.offline.claimed])),
      };
    },
  },
];

/** Of three root keys the third is lost; two must sign. */
const twoOfThree = { keys: 3, threshold: 2 } as const;

const otherChanges: readonly Rotation[] = [
  {
    name: "root from one of three to two of three",
    rootKeys: { keys: 3, threshold: 1 },
    online: [],
    roles: ["root"],
    files: (scene) =>
      rootFile(scene, (root) => withRootKeys(root, "root", scene.old.offline.root, 2)),
  },
  {
    name: "root from two of three to one of three",
    rootKeys: twoOfThree,
    online: [],
    roles: ["root"],
    files: (scene) => {
      const { root: keys } = scene.old.offline;
      const edit: RootEdit = (root) => withRootKeys(root, "root", keys, 1);
      return rootFile(scene, edit, scene.signing(keys.slice(1)));
    },
  },
  {
    name: "targets from one key to two of two",
    online: [],
    roles: ["root", "targets"],
    files: async (scene) => {
      const both = [scene.old.offline.targets, scene.fresh.offline.targets];
      return {
        ...(await rootFile(scene, (root) => withRootKeys(root, "targets", both, 2))),
        ...(await targetsFile(scene, [], [scene.fresh.offline.targets])),
      };
    },
  },
  {
    name: "a root key that was lost",
    rootKeys: twoOfThree,
    online: [],
    roles: ["root"],
    files: (scene) => {
      const left = scene.old.offline.root.slice(0, 2);
      const keys = [...left, ...scene.fresh.offline.root.slice(0, 1)];
      return rootFile(scene, (root) => withRootKeys(root, "root", keys, 2), scene.signing(left));
    },
  },
  {
    name: "when root, targets and claimed expire",
    online: [],
    roles: ["root", "targets", "claimed"],
    files: async (scene) => {
      const { old, signer } = scene;
      const { claimed, root, targets } = old.offline;
      const years = scene.signing([targets], 2 * 365 * DAY);
      const longer = scene.signing([claimed], 3 * 365 * DAY);
      return {
        ...(await rootFile(scene, (same) => same, scene.signing(root, 200 * DAY))),
        targets: await signNextSimTargets(signer, "targets", (same) => same, years),
        claimed: await signNextSimTargets(signer, "claimed", (same) => same, longer),
      };
    },
  },
  {
    name: "the floor of targets and claimed",
    online: [],
    roles: ["root", "targets", "claimed"],
    files: async (scene) => {
      const floor = new Map(["targets", "claimed"].map((role) => [role, 2]));
      return {
        ...(await rootFile(scene, (root) => ({ ...root, floor }))),
        ...(await targetsFile(scene, [])),
        ...(await claimedFile(scene)),
      };
    },
  },
];

export const rotations: readonly Rotation[] = [...keyRotations, ...otherChanges];

const noCache: CacheLives = { pointerMs: 0, absenceMs: 0 };

/** A kind of client and where it reads from. */
export const clientCaches: ReadonlyMap<string, CacheLives> = new Map([
  ["at the index", noCache],
  [
    "behind a cache that keeps the timestamp as long as the index says",
    { ...noCache, pointerMs: SECOND },
  ],
  ["behind a cache that keeps what was not there", { pointerMs: SECOND, absenceMs: 59 * MINUTE }],
]);

/** Clients that know the repository from before, one of each kind, and those that come without knowing anything. */
export class RotationClients {
  readonly #scene: RotationScene;
  readonly #caches: readonly CachedTree[];
  readonly #constant: readonly TreeClient[];

  private constructor(
    scene: RotationScene,
    caches: readonly CachedTree[],
    constant: readonly TreeClient[],
  ) {
    this.#scene = scene;
    this.#caches = caches;
    this.#constant = constant;
  }

  static async create(scene: RotationScene): Promise<RotationClients> {
    const { clock, tree } = scene.world;
    const caches = [...clientCaches.values()].map((lives) => new CachedTree(tree, clock, lives));
    const constant: TreeClient[] = [];
    for (const cache of caches) constant.push(await newClient(scene, cache));
    const clients = new RotationClients(scene, caches, constant);
    await clients.look("1.0");
    return clients;
  }

  /** Nobody is refused, neither who was here before nor who comes now, and all see these versions of the project. */
  async look(...versions: readonly string[]): Promise<void> {
    for (const [at, cache] of this.#caches.entries()) {
      const kind = [...clientCaches.keys()][at] ?? "";
      const known = this.#constant[at];
      for (const client of [known, await newClient(this.#scene, cache)]) {
        assert.ok(client !== undefined);
        const page = await client.readPage(demo).catch((error: unknown) => {
          throw new Error(`Refused ${kind}: ${String(error)}`, { cause: error });
        });
        assert.ok(page !== "absent", kind);
        for (const version of versions) assert.ok(page.versions.includes(version), kind);
      }
    }
  }
}

async function newClient(
  { world }: RotationScene,
  tree: ReadonlyMap<string, Uint8Array>,
): Promise<TreeClient> {
  return await new TreeClient(tree, world.clock).init(world.first.root);
}
