/**
 * The ceremony of a recovery: what root, targets and claimed shall say so that no stolen key counts any more (PEP 458,
 * "In the event of a key compromise", steps 1, 2 and 4). A ceremony file like any other, which its holders see, judge
 * and sign with `holdfast ceremony`.
 */
import type { CeremonyFile, CeremonyPolicy } from "#formats/ceremony/ceremony-file.ts";
import type { KeyCard } from "#formats/ceremony/key-card.ts";
import type { OfflineRole } from "#formats/door/offline-metadata.ts";
import { RefusedError } from "#core/errors.ts";
import { proposeNext } from "#core/ceremony/propose.ts";
import type { CeremonyEdit } from "#core/ceremony/edit.ts";
import { namedByState, nextVersion } from "#core/publication/working-state.ts";
import type { WorkingState } from "#core/publication/working-state.ts";
import type { KeyOwner, RecoveryNeeds } from "./stolen-keys.ts";

/** New keys; of an online role exactly one. */
export type NewCards = ReadonlyMap<KeyOwner, readonly KeyCard[]>;

/**
 * Root's own keys are only added to: where all of them are new, those who go would decide whether the root comes into
 * force at all (`ceremony.root-stuck`). They are taken away in a second ceremony. Throws RefusedError `recovery.plan`
 * for keys that are missing, and as `proposeNext` does.
 */
export function proposeRecovery(
  state: WorkingState,
  needs: RecoveryNeeds,
  cards: NewCards,
  policy: CeremonyPolicy,
  now: Date,
): CeremonyFile {
  const { claimed, root, targets } = state.offline;
  const nextVersions = recoveryVersions(state, needs, now);
  const edits = [
    ...needs.ceremony.map((role): CeremonyEdit => ({ kind: "renew", role })),
    ...needs.stolen.flatMap((owner) => keyEdits(state, owner, cards.get(owner) ?? [])),
  ];
  const afterwards = (role: "claimed" | "targets"): number =>
    needs.ceremony.includes(role) ? nextVersions[role] : state.offline[role].value.version;
  if (needs.ceremony.includes("root")) {
    for (const role of ["targets", "claimed"] as const) {
      edits.push({ kind: "floor", role, version: afterwards(role) });
    }
  }
  const current = { root: root.bytes, targets: targets.bytes, claimed: claimed.bytes };
  return proposeNext({ policy, current, nextVersions }, edits, now);
}

/** Takes the old keys of root away once the new ones are in force. */
export function proposeRootRemoval(
  state: WorkingState,
  oldKeyIds: readonly string[],
  policy: CeremonyPolicy,
  now: Date,
): CeremonyFile {
  const { claimed, root, targets } = state.offline;
  const current = { root: root.bytes, targets: targets.bytes, claimed: claimed.bytes };
  const edits = oldKeyIds.map((keyId): CeremonyEdit => ({
    kind: "remove-key",
    role: "root",
    keyId,
  }));
  const nextVersions = {
    root: nextVersion(state, "root"),
    targets: nextVersion(state, "targets"),
    claimed: nextVersion(state, "claimed"),
  };
  return proposeNext({ policy, current, nextVersions }, edits, now);
}

/** The ids of the keys that must count for nothing afterwards. */
export function stolenKeyIds(
  state: WorkingState,
  stolen: readonly KeyOwner[],
): ReadonlyMap<KeyOwner, readonly string[]> {
  return new Map(stolen.map((owner) => [owner, keyIdsOf(state, owner)]));
}

/** Files of the next number may have been given away under the stolen key: caches keep what they got first. */
function recoveryVersions(
  state: WorkingState,
  { offline }: RecoveryNeeds,
  now: Date,
): Readonly<Record<OfflineRole, number>> {
  const version = (role: "claimed" | "targets"): number => {
    const next = nextVersion(state, role);
    return offline.includes(role) ? Math.max(next, now.getTime()) : next;
  };
  return {
    root: nextVersion(state, "root"),
    targets: version("targets"),
    claimed: version("claimed"),
  };
}

function keyEdits(
  state: WorkingState,
  owner: KeyOwner,
  cards: readonly KeyCard[],
): readonly CeremonyEdit[] {
  switch (owner) {
    case "bins":
      // The signer delegates to the bins itself.
      return [];
    case "root":
    case "targets":
    case "claimed": {
      const threshold = thresholdOf(state, owner);
      if (cards.length < threshold) throw tooFewCards(owner, threshold, cards.length);
      const added = cards.map((card): CeremonyEdit => ({ kind: "add-key", role: owner, card }));
      if (owner === "root") return added;
      const removed = keyIdsOf(state, owner).map((keyId): CeremonyEdit => ({
        kind: "remove-key",
        role: owner,
        keyId,
      }));
      return [...added, ...removed];
    }
    default: {
      const [card] = cards;
      if (card === undefined) throw tooFewCards(owner, 1, 0);
      return [{ kind: "online-key", name: owner, card }];
    }
  }
}

function keyIdsOf(state: WorkingState, owner: KeyOwner): readonly string[] {
  const { root, targets } = state.offline;
  if (owner === "root" || owner === "targets") return root.value.roles[owner].keyIds;
  if (owner !== "claimed") return namedByState(state)[owner];
  return targets.value.delegations?.roles?.find(({ name }) => name === owner)?.keyIds ?? [];
}

function thresholdOf(state: WorkingState, owner: OfflineRole): number {
  const { root, targets } = state.offline;
  if (owner !== "claimed") return root.value.roles[owner].threshold;
  return targets.value.delegations?.roles?.find(({ name }) => name === owner)?.threshold ?? 1;
}

function tooFewCards(owner: KeyOwner, needed: number, found: number): RefusedError {
  return new RefusedError(
    "recovery.plan",
    `Cannot plan: ${owner} needs ${needed} new keys and ${found} are here; name their cards with --card ${owner}=FILE`,
  );
}
