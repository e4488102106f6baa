/**
 * A signer of a simulated world: real rules and real signatures, with store, public tree and file store in memory. What
 * its `disk` holds survives it, so it can be killed and started again; each wish of a test (a fault, a step) comes in
 * by a port.
 */
import { sha256Hex } from "#crypto/hash.ts";
import { parseConfig } from "#formats/config/config.ts";
import type { SignerConfig } from "#formats/config/config.ts";
import type { AddFile } from "#formats/door/change.ts";
import type { OfflineRole } from "#formats/door/offline-metadata.ts";
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import { normaliseProjectName } from "#formats/python/project-name.ts";
import type { Clock, Random } from "#core/ports.ts";
import {
  generateRepositoryKeys,
  initRepository,
  publicOnlineKeys,
} from "#core/publication/first-repository.ts";
import type { OfflineKeys } from "#core/publication/first-repository.ts";
import type { OnlineKeys } from "#core/publication/online-keys.ts";
import type { PublicTree } from "#core/publication/public-tree.ts";
import { createPublisher } from "#core/publication/publisher.ts";
import type { Publisher, PublisherPorts } from "#core/publication/publisher.ts";
import type { SignerStore } from "#core/publication/signer-store.ts";
import type { StoredFiles } from "#core/publication/stored-files.ts";
import { createMemoryKeyStore, keyFilesOf } from "#stores/memory/key-store.ts";
import type { KeyFiles } from "#stores/memory/key-store.ts";
import { TreeAuditor, TreeClient } from "./tree-client.ts";
import { createMemoryPublicTree } from "#stores/memory/public-tree.ts";
import { createMemorySignerStore, emptySignerDisk } from "#stores/memory/signer-store.ts";
import type { SignerDisk } from "#stores/memory/signer-store.ts";

/** What outlives a signer. */
export type SignerWorld = {
  readonly clock: Clock;
  readonly config: SignerConfig;
  readonly offline: OfflineKeys;
  /** The first ones. */
  readonly online: OnlineKeys;
  /** The key folder. */
  readonly keyFiles: KeyFiles;
  readonly first: Readonly<Record<OfflineRole, Uint8Array>>;
  /** Replaced by a test that restores a backup. */
  disk: SignerDisk;
  /** The public tree: what every client can fetch. */
  tree: TreeAuditor;
  /** Stored files by the hash they were stored under. */
  readonly files: Map<string, Uint8Array>;
  /** Core metadata of stored files, by the file's hash. */
  readonly metadata: Map<string, Uint8Array>;
  readonly notices: string[];
};

export async function createSignerWorld(
  clock: Clock,
  random: Random,
  config: Partial<SignerConfig> = {},
  root: { readonly keys: number; readonly threshold: number } = { keys: 1, threshold: 1 },
): Promise<SignerWorld> {
  const { offline, online } = generateRepositoryKeys(random, root.keys);
  const merged = { ...parseConfig("").signer, ...config };
  const keys = { rootThreshold: root.threshold, offline, online: publicOnlineKeys(online) };
  return {
    clock,
    config: merged,
    offline,
    online,
    keyFiles: keyFilesOf(online),
    first: await initRepository(keys, merged.lifetimes, clock()),
    disk: emptySignerDisk(),
    tree: new TreeAuditor(),
    files: new Map(),
    metadata: new Map(),
    notices: [],
  };
}

/** A signer on this world's disk, not started yet. */
export function createSimSigner(
  world: SignerWorld,
  ports: Partial<PublisherPorts> = {},
): Publisher {
  return createPublisher(
    {
      clock: world.clock,
      store: ports.store ?? memoryStore(world),
      publicTree: ports.publicTree ?? memoryTree(world),
      storedFiles: memoryStoredFiles(world),
      keys: createMemoryKeyStore(world.keyFiles),
      steps: { reached: () => undefined },
      firstMetadata: async () => world.first,
      notice: (sentence) => void world.notices.push(sentence),
      ...ports,
    },
    world.config,
  );
}

export function memoryStore(world: SignerWorld): SignerStore {
  return createMemorySignerStore(world.disk);
}

export function memoryTree(world: SignerWorld): PublicTree {
  return createMemoryPublicTree(world.tree);
}

function memoryStoredFiles({ files, metadata }: SignerWorld): StoredFiles {
  return {
    async readHash(sha256) {
      const bytes = files.get(sha256);
      return bytes && { sha256: sha256Hex(bytes), size: bytes.byteLength };
    },
    async readMetadataHash(sha256) {
      const bytes = metadata.get(sha256);
      return bytes && sha256Hex(bytes);
    },
  };
}

/** Stores an sdist of that name with bytes of its own, and the change that asks to publish it. */
export function storeSdist(
  world: SignerWorld,
  name: string,
  version: string,
  content: string = "",
): AddFile {
  const project = normaliseProjectName(name);
  const filename = `${name}-${version}.tar.gz`;
  const bytes = formatUtf8(`${filename} ${content}`);
  const sha256 = sha256Hex(bytes);
  world.files.set(sha256, bytes);
  return {
    kind: "add-file",
    id: `add ${filename} ${sha256.slice(0, 16)}`,
    project,
    filename,
    version,
    sha256,
    size: bytes.byteLength,
    uploadTime: "2026-01-02T03:04:05.678901Z",
    requiresPython: ">=3.9",
  };
}

/** A new client with the world's first root. */
export async function createWorldClient(world: SignerWorld): Promise<TreeClient> {
  return await new TreeClient(world.tree, world.clock).init(world.first.root);
}
