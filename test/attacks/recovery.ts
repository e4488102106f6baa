/**
 * What the operator does when keys are stolen (PEP 458 and PEP 480, "Compromise and recovery"): new keys for what was
 * lost, and the ceremony that names them, with the rules that real ceremonies are held to. What follows from the new
 * files is the index's own doing.
 */
import assert from "node:assert/strict";
import { generateEd25519 } from "#crypto/signer.ts";
import type { KeyCard } from "#formats/ceremony/key-card.ts";
import type { Lifetimes } from "#formats/config/config.ts";
import type {
  CurrentOfflineMetadata,
  OfflineMetadata,
  OfflineRole,
} from "#formats/door/offline-metadata.ts";
import { checkProposal } from "#core/ceremony/check-proposal.ts";
import type { CeremonyEdit } from "#core/ceremony/edit.ts";
import { openCeremony } from "#core/ceremony/open-ceremony.ts";
import { proposeNext } from "#core/ceremony/propose.ts";
import { addSignature, missingSignatures, rolesOfKey } from "#core/ceremony/signatures.ts";
import { tufSigner } from "#core/tuf/editor.ts";
import type { TufSigner } from "#core/tuf/editor.ts";
import { offlineRoleNames } from "#core/tuf/layout.ts";
import type { OfflineRoleName, OnlineKeyName } from "#core/tuf/layout.ts";
import type { SeededRandom } from "#world/seeded-random.ts";
import type { SimClock } from "#world/sim-clock.ts";

/** Those whose keys the index holds, all bins counting as one. */
export type KeyName = OfflineRoleName | OnlineKeyName;

/** Newly made, by whose they are. */
export type NewKeys = ReadonlyMap<KeyName, readonly TufSigner[]>;

/** An index as its operator sees it. */
export type Operated = {
  readonly clock: SimClock;
  readonly random: SeededRandom;
  readonly lifetimes: Lifetimes;
  /** Those in force. */
  readonly keysOf: (name: KeyName) => readonly TufSigner[];
  readonly currentOffline: () => Promise<CurrentOfflineMetadata>;
  /** Publishes these files, and signs with these keys from now on. */
  readonly adopts: (offline: OfflineMetadata, keys: NewKeys) => Promise<void>;
};

/** New keys for these roles. The thief keeps what he took. */
export async function replaceKeys(index: Operated, lost: readonly KeyName[]): Promise<void> {
  const keys: NewKeys = new Map(
    lost.map((name) => [name, index.keysOf(name).map(() => newKey(index))]),
  );
  const leaving = new Map(lost.map((name) => [name, index.keysOf(name)]));
  await welcomeRootKeys(index, keys.get("root") ?? []);
  const edits = lost.flatMap((name) => [
    ...(name === "root" ? [] : addingEdits(name, keys.get(name) ?? [])),
    ...removingEdits(name, leaving.get(name) ?? []),
  ]);
  const newKeys = [...keys.values()].flat();
  const files = edits.length === 0 ? {} : await holdCeremony(index, edits, newKeys);
  await index.adopts(files, keys);
}

/** In a ceremony of its own: no ceremony lets all of root's keys go that could bring the next root into force. */
async function welcomeRootKeys(index: Operated, added: readonly TufSigner[]): Promise<void> {
  if (added.length === 0) return;
  const files = await holdCeremony(index, addingEdits("root", added), added);
  await index.adopts(files, new Map([["root", [...index.keysOf("root"), ...added]]]));
}

/** The ceremony that changes no key: offline roles with a new life. */
export async function renewOffline(
  index: Operated,
  ...roles: readonly OfflineRole[]
): Promise<void> {
  const edits = roles.map((role) => ({ kind: "renew", role }) as const);
  await index.adopts(await holdCeremony(index, edits), new Map());
}

/** Root says that targets and claimed older than those in force count for nothing: `x-floor`. */
export async function raiseFloor(index: Operated): Promise<void> {
  const { nextVersions } = await index.currentOffline();
  const edits = (["targets", "claimed"] as const).map((role) => {
    return { kind: "floor", role, version: nextVersions[role] - 1 } as const;
  });
  await index.adopts(await holdCeremony(index, edits), new Map());
}

/** Proposed, judged, and signed by everybody who has a part in it. */
async function holdCeremony(
  index: Operated,
  edits: readonly CeremonyEdit[],
  newKeys: readonly TufSigner[] = [],
): Promise<OfflineMetadata> {
  const { metadata: current, nextVersions } = await index.currentOffline();
  const { claimed, root, targets } = index.lifetimes;
  const thresholds = { root: 1, targets: 1, claimed: 1 };
  const policy = { lifetimes: { root, targets, claimed }, thresholds };
  const now = index.clock.now();
  let file = proposeNext({ policy, current, nextVersions }, edits, now);
  const held = (["root", "targets", "claimed"] as const).flatMap(index.keysOf);
  for (const signer of [...held, ...newKeys]) {
    if (rolesOfKey(openCeremony(file), signer.key.keyId).length === 0) continue;
    file = (await addSignature(file, signer)).file;
  }
  assert.deepEqual(checkProposal(file, now), []);
  assert.deepEqual(missingSignatures(openCeremony(file)), []);
  return file.next;
}

/** None for the bins: `unclaimed` names their key, and it is signed online. */
function addingEdits(name: KeyName, added: readonly TufSigner[]): readonly CeremonyEdit[] {
  if (name === "bins") return [];
  return added.map((signer, at) =>
    isOfflineName(name)
      ? { kind: "add-key", role: name, card: cardOf(signer, `${name} ${at}`, "file") }
      : { kind: "online-key", name, card: cardOf(signer, name, "online") },
  );
}

/** None for online keys: the new one takes the old one's place. */
function removingEdits(name: KeyName, removed: readonly TufSigner[]): readonly CeremonyEdit[] {
  if (!isOfflineName(name)) return [];
  return removed.map(({ key }) => ({ kind: "remove-key", role: name, keyId: key.keyId }));
}

function isOfflineName(name: KeyName): name is OfflineRoleName {
  return offlineRoleNames.some((offline) => offline === name);
}

function cardOf({ key }: TufSigner, name: string, kind: KeyCard["kind"]): KeyCard {
  return { name, kind, key };
}

export function newKey({ random }: Pick<Operated, "random">): TufSigner {
  return tufSigner(generateEd25519(random.bytes).signer);
}
