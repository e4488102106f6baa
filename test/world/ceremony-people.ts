/** People with keys, and ceremonies between them: fixed keys by name, so that every run is the same. */
import assert from "node:assert/strict";
import type { CeremonyFile, CeremonyPolicy } from "#formats/ceremony/ceremony-file.ts";
import type { KeyCard } from "#formats/ceremony/key-card.ts";
import { isJsonObject } from "#formats/json/value.ts";
import type { Json, JsonObject } from "#formats/json/value.ts";
import type { OfflineRole } from "#formats/door/offline-metadata.ts";
import { offlineRoles } from "#formats/door/offline-metadata.ts";
import { formatEnvelope } from "#formats/tuf/envelope.ts";
import type { HolderKind } from "#formats/tuf/holder.ts";
import { tufSigner } from "#core/tuf/editor.ts";
import type { TufSigner } from "#core/tuf/editor.ts";
import { checkProposal } from "#core/ceremony/check-proposal.ts";
import type { CeremonyEdit } from "#core/ceremony/edit.ts";
import { missingSignatures, addSignature } from "#core/ceremony/signatures.ts";
import { openCeremony } from "#core/ceremony/open-ceremony.ts";
import { proposeFirst, proposeNext } from "#core/ceremony/propose.ts";
import type { FirstProposal } from "#core/ceremony/propose.ts";
import { actor } from "./tuf-repository.ts";

const day = 86_400_000;

export const ceremonyNow: Date = new Date("2026-11-21T10:00:00Z");

export const usualPolicy: CeremonyPolicy = {
  lifetimes: { root: 365 * day, targets: 365 * day, claimed: 365 * day },
  thresholds: { root: 2, targets: 1, claimed: 1 },
};

/** The key of this name; a person may have several ("ada", "ada's spare"). */
export function keyOf(name: string): TufSigner {
  return tufSigner(actor(name));
}

export function cardOf(
  key: string,
  kind: HolderKind = "encrypted-file",
  name: string = key,
): KeyCard {
  return { name, kind, key: keyOf(key).key };
}

/** Root 2 of ada, bob, carol; targets of ada; claimed of bob. */
export function usualFirst(): FirstProposal {
  const online = (name: string): KeyCard => cardOf(`online ${name}`, "online", name);
  return {
    policy: usualPolicy,
    offline: {
      root: { cards: [cardOf("ada"), cardOf("bob"), cardOf("carol")], threshold: 2 },
      targets: { cards: [cardOf("ada")], threshold: 1 },
      claimed: { cards: [cardOf("bob")], threshold: 1 },
    },
    online: {
      timestamp: online("timestamp"),
      snapshot: online("snapshot"),
      deny: online("deny"),
      "recently-claimed": online("recently-claimed"),
      unclaimed: online("unclaimed"),
    },
  };
}

export async function signedBy(
  file: CeremonyFile,
  ...names: readonly string[]
): Promise<CeremonyFile> {
  let signed = file;
  for (const name of names) signed = (await addSignature(signed, keyOf(name))).file;
  return signed;
}

/** In force after this ceremony, with nothing proposed: as `ceremony current` gives it. */
export function published(file: CeremonyFile): CeremonyFile {
  const ceremony = openCeremony(file);
  assert.deepEqual(checkProposal(file, ceremonyNow), []);
  assert.deepEqual(missingSignatures(ceremony), []);
  const { claimed, root, targets } = ceremony.after;
  return {
    policy: file.policy,
    current: { root: root.bytes, targets: targets.bytes, claimed: claimed.bytes },
    nextVersions: {
      root: root.value.version + 1,
      targets: targets.value.version + 1,
      claimed: claimed.value.version + 1,
    },
    next: {},
  };
}

/** An index whose first ceremony is over. */
export async function usualCurrent(): Promise<CeremonyFile> {
  return published(await signedBy(proposeFirst(usualFirst(), ceremonyNow), "ada", "bob"));
}

export async function usualNext(...edits: readonly CeremonyEdit[]): Promise<CeremonyFile> {
  return proposeNext(await usualCurrent(), edits, ceremonyNow);
}

/** The codes of everything that is wrong with it. */
export function refusalCodes(file: CeremonyFile, now: Date = ceremonyNow): readonly string[] {
  return checkProposal(file, now).map(({ code }) => code);
}

/** The file with the signed part of one of its roles changed, and that role's signatures left as they are. */
export function bent(
  file: CeremonyFile,
  role: OfflineRole,
  change: (tree: Map<string, Json>) => JsonObject,
): CeremonyFile {
  const signed = openCeremony(file).next[role];
  assert.ok(signed !== undefined && isJsonObject(signed.tree));
  const bytes = formatEnvelope(change(new Map(signed.tree)), signed.signatures);
  const next = new Map(Object.entries(file.next)).set(role, bytes);
  return { ...file, next: Object.fromEntries(next) };
}

export function rolesInNext({ next }: CeremonyFile): readonly OfflineRole[] {
  return offlineRoles.filter((role) => next[role] !== undefined);
}
