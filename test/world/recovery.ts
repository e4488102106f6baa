/**
 * A break-in into a simulated signer and what an operator does about it: a thief with keys who signs a tree of their
 * own, an independent copy, offline holders who sign under new keys.
 */
import assert from "node:assert/strict";
import { sha256Hex } from "#crypto/hash.ts";
import { generateEd25519 } from "#crypto/signer.ts";
import type { CeremonyPolicy } from "#formats/ceremony/ceremony-file.ts";
import type { KeyCard } from "#formats/ceremony/key-card.ts";
import type { OfflineMetadata } from "#formats/door/offline-metadata.ts";
import { checkProposal } from "#core/ceremony/check-proposal.ts";
import { openCeremony } from "#core/ceremony/open-ceremony.ts";
import { addSignature, missingSignatures, rolesOfKey } from "#core/ceremony/signatures.ts";
import type { Random } from "#core/ports.ts";
import type { OfflineKeys } from "#core/publication/first-repository.ts";
import type { WorkingState } from "#core/publication/working-state.ts";
import { chooseProjects } from "#core/recovery/choose-projects.ts";
import type { ComparedPorts } from "#core/recovery/compare-trees.ts";
import { openCopiedTree } from "#core/recovery/copied-tree.ts";
import { proposeRecovery, stolenKeyIds } from "#core/recovery/propose-recovery.ts";
import type { RecoveryPorts } from "#core/recovery/recover-publication.ts";
import type { FileCopies } from "#core/recovery/file-copies.ts";
import type { RestoredProject } from "#core/recovery/restored-project.ts";
import { recoveryNeeds } from "#core/recovery/stolen-keys.ts";
import type { KeyOwner } from "#core/recovery/stolen-keys.ts";
import { tufSigner } from "#core/tuf/editor.ts";
import type { TufSigner } from "#core/tuf/editor.ts";
import type { OnlineKeyName } from "#core/tuf/layout.ts";
import { createMemoryKeyStore, keyFile } from "#stores/memory/key-store.ts";
import { createMemoryPublicTree } from "#stores/memory/public-tree.ts";
import { backupSignerDisk } from "#stores/memory/signer-store.ts";
import { memoryStore, memoryTree } from "./sim-signer.ts";
import type { SignerWorld } from "./sim-signer.ts";
import { TreeAuditor } from "./tree-client.ts";

/** The same index in a thief's hands: what they publish there, with the keys, is not seen in `world`. */
export function stealWorld(world: SignerWorld): SignerWorld {
  const disk = { ...backupSignerDisk(world.disk), restored: false };
  const tree = new TreeAuditor();
  for (const [path, bytes] of world.tree) tree.set(path, bytes);
  return { ...world, disk, tree, keyFiles: new Map(world.keyFiles), notices: [] };
}

export function memoryRecoveryPorts(
  world: SignerWorld,
  ports: Partial<RecoveryPorts> = {},
): RecoveryPorts {
  return {
    clock: world.clock,
    store: memoryStore(world),
    publicTree: memoryTree(world),
    keys: createMemoryKeyStore(world.keyFiles),
    steps: { reached: () => undefined },
    notice: (sentence) => void world.notices.push(sentence),
    ...ports,
  };
}

export async function comparedPorts(
  world: SignerWorld,
  copy: Map<string, Uint8Array>,
): Promise<Omit<ComparedPorts, "published">> {
  const copyReader = createMemoryPublicTree(copy);
  return {
    store: memoryStore(world),
    copy: await openCopiedTree(copyReader, world.first.root, { olderRoots: true }),
    copyReader,
    publishedReader: createMemoryPublicTree(world.tree),
  };
}

/** Every project that is not as the copy has it, put back. */
export async function* restoreAll(
  ports: Omit<ComparedPorts, "published">,
): AsyncGenerator<RestoredProject> {
  for await (const { restored } of chooseProjects(ports, { kind: "all" })) yield restored;
}

export function memoryFileCopies({ files }: SignerWorld): FileCopies {
  return {
    async look(_, { sha256, size }) {
      const bytes = files.get(sha256);
      if (bytes === undefined) return "missing";
      return sha256Hex(bytes) === sha256 && bytes.byteLength === size ? "whole" : "damaged";
    },
  };
}

/** Keys beside those in use, as `holdfast recover plan` makes them. */
export function makeNextKeys(
  { keyFiles }: SignerWorld,
  names: readonly OnlineKeyName[],
  random: Random,
): ReadonlyMap<OnlineKeyName, TufSigner> {
  const made = new Map<OnlineKeyName, TufSigner>();
  for (const name of names) {
    const signer = tufSigner(generateEd25519(random).signer);
    keyFiles.set(keyFile(name, "next"), signer);
    made.set(name, signer);
  }
  return made;
}

export type Rotated = {
  /** Signed by everybody who must. */
  readonly offline: OfflineMetadata;
  readonly castOff: readonly string[];
  /** The offline keys that hold from now on. */
  readonly keys: OfflineKeys;
};

/** The ceremony of a recovery, with new keys for whatever of the offline roles was stolen. */
export async function holdCeremony(
  world: SignerWorld,
  state: WorkingState,
  stolen: readonly KeyOwner[],
  random: Random,
  /** In place of new ones. */
  given: ReadonlyMap<KeyOwner, readonly TufSigner[]> = new Map(),
): Promise<Rotated> {
  const needs = recoveryNeeds(stolen);
  const online = makeNextKeys(world, needs.online, random);
  const fresh = new Map<KeyOwner, readonly TufSigner[]>(
    [...online].map(([name, signer]) => [name, [signer]]),
  );
  for (const role of needs.offline) {
    const count = role === "root" ? world.offline.root.length : 1;
    fresh.set(
      role,
      given.get(role) ??
        Array.from({ length: count }, () => tufSigner(generateEd25519(random).signer)),
    );
  }
  const cards = new Map(
    [...fresh].map(([owner, signers]) => [owner, signers.map((one) => cardOf(owner, one))]),
  );
  let file = proposeRecovery(state, needs, cards, policyOf(world), world.clock());
  assert.deepEqual(checkProposal(file, world.clock()), []);
  const { claimed, root, targets } = world.offline;
  const signers = [...root, targets, claimed, ...needs.offline.flatMap((role) => fresh.get(role))];
  for (const signer of signers) {
    if (signer === undefined || rolesOfKey(openCeremony(file), signer.key.keyId).length === 0) {
      continue;
    }
    ({ file } = await addSignature(file, signer));
  }
  assert.deepEqual(missingSignatures(openCeremony(file)), []);
  const castOff = [...stolenKeyIds(state, stolen)].flatMap(([owner, keyIds]) =>
    owner === "root" ? [] : keyIds,
  );
  const keys = {
    root: [...root, ...(fresh.get("root") ?? [])],
    targets: fresh.get("targets")?.[0] ?? targets,
    claimed: fresh.get("claimed")?.[0] ?? claimed,
  };
  return { offline: file.next, castOff, keys };
}

export function policyOf({ config }: SignerWorld): CeremonyPolicy {
  const { claimed, root, targets } = config.lifetimes;
  return {
    lifetimes: { claimed, root, targets },
    thresholds: { claimed: 1, root: 1, targets: 1 },
  };
}

function cardOf(owner: KeyOwner, { key }: TufSigner): KeyCard {
  const kind = owner === "root" || owner === "targets" || owner === "claimed" ? "file" : "online";
  return { name: `${owner} ${key.keyId.slice(0, 8)}`, kind, key };
}
