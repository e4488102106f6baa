/** The keys of a proposal: enough, each once, by different people, and each where its kind belongs. */
import { publicKeyIdentity } from "#crypto/public-key.ts";
import type { Signers } from "#core/tuf/threshold.ts";
import { holderOf, isOnline, keyedRoles, namingFile, signersOf } from "./open-ceremony.ts";
import type { Ceremony, KeyedRole, OfflineFiles } from "./open-ceremony.ts";
import { refusal } from "./refusal.ts";
import type { CeremonyRefusal } from "./refusal.ts";

export function keyRefusals(ceremony: Ceremony): readonly CeremonyRefusal[] {
  // A role whose keys nobody proposes to change is not what this ceremony is refused for.
  const changed = keyedRoles.filter((role) => ceremony.next[namingFile(role)] !== undefined);
  return [
    ...changed.flatMap((role) => usableRefusals(ceremony, role)),
    ...changed.flatMap((role) => thresholdRefusals(ceremony, role)),
    ...changed.flatMap((role) => personRefusals(ceremony, role)),
    ...changed.flatMap((role) => kindRefusals(ceremony, role)),
    ...placeRefusals(ceremony),
    ...twinRefusals(ceremony),
    ...handoverRefusals(ceremony),
  ];
}

function usableRefusals({ after }: Ceremony, role: KeyedRole): readonly CeremonyRefusal[] {
  const signers = signersOf(after, role);
  const unusable = signers.keyIds.filter((keyId) => identityOf(signers, keyId) === undefined);
  const identities = identitiesOf(signers);
  const refusals = unusable.map((keyId) =>
    refusal("ceremony.key-unusable", `${role}: nobody could verify with the key sha256:${keyId}`),
  );
  if (identities.size + unusable.length < signers.keyIds.length) {
    refusals.push(refusal("ceremony.key-twice", `${role} would have one key twice`));
  }
  return refusals;
}

function thresholdRefusals({ after, file }: Ceremony, role: KeyedRole): readonly CeremonyRefusal[] {
  const signers = signersOf(after, role);
  const { threshold } = signers;
  const count = identitiesOf(signers).size;
  const wrong: string[] = [];
  if (threshold > count) wrong.push(`${role} would need ${threshold} of ${count} keys`);
  if (isOnline(role)) {
    if (threshold !== 1) wrong.push(`${role} would need ${threshold} keys, the signer has one`);
  } else if (threshold < file.policy.thresholds[role]) {
    const least = file.policy.thresholds[role];
    wrong.push(`${role} would need ${threshold} keys, and the policy asks for ${least} at least`);
  }
  return wrong.map((sentence) => refusal("ceremony.threshold", sentence));
}

/** Two keys of one person count as two: with a threshold above one, fewer people than it says could sign. */
function personRefusals({ after }: Ceremony, role: KeyedRole): readonly CeremonyRefusal[] {
  const { keyIds, threshold } = signersOf(after, role);
  if (isOnline(role) || threshold < 2) return [];
  const people = new Set<string>();
  const refusals: CeremonyRefusal[] = [];
  for (const keyId of keyIds) {
    const holder = holderOf(after, role, keyId);
    if (holder === undefined) continue;
    const person = personOf(holder.name);
    if (people.has(person)) {
      const sentence = `${role}: one person, ${JSON.stringify(holder.name)}, would count twice towards ${threshold}`;
      refusals.push(refusal("ceremony.holder", sentence));
    }
    people.add(person);
  }
  return refusals;
}

/** The same person, however they spelled it on their cards. */
function personOf(name: string): string {
  return name.normalize("NFKC").toLowerCase().split(/\s+/u).join(" ").trim();
}

function kindRefusals({ after }: Ceremony, role: KeyedRole): readonly CeremonyRefusal[] {
  const refusals: CeremonyRefusal[] = [];
  for (const keyId of signersOf(after, role).keyIds) {
    const kind = holderOf(after, role, keyId)?.kind;
    if (kind === undefined || (kind === "online") === isOnline(role)) continue;
    const sentence = isOnline(role)
      ? `${role} is signed by the signer, and sha256:${keyId} is an offline key`
      : `${role} is signed offline, and sha256:${keyId} is a key of the signer`;
    refusals.push(refusal("ceremony.key-place", sentence));
  }
  return refusals;
}

/** Roles by the identity of their keys. */
type Places = {
  readonly offline: ReadonlyMap<string, KeyedRole>;
  readonly online: ReadonlyMap<string, KeyedRole>;
};

/** By the key itself, whatever its card says: no key is both online and offline, nor moves from one to the other. */
function placeRefusals({ after, current, next }: Ceremony): readonly CeremonyRefusal[] {
  if (next.root === undefined && next.targets === undefined) return [];
  const before = placesOf(current);
  const now = placesOf(after);
  const refusals: CeremonyRefusal[] = [];
  const refuse = (offline: KeyedRole, online: KeyedRole): void => {
    const sentence = `${offline} is signed offline and ${online} by the signer, with one and the same key`;
    refusals.push(refusal("ceremony.key-place", sentence));
  };
  for (const [identity, role] of now.online) {
    const moved = before.online.has(identity) ? undefined : before.offline.get(identity);
    const other = now.offline.get(identity) ?? moved;
    if (other !== undefined) refuse(other, role);
  }
  for (const [identity, role] of now.offline) {
    const moved = before.offline.has(identity) ? undefined : before.online.get(identity);
    if (moved !== undefined && !now.online.has(identity)) refuse(role, moved);
  }
  return refusals;
}

function placesOf(files: OfflineFiles | undefined): Places {
  const places = { offline: new Map<string, KeyedRole>(), online: new Map<string, KeyedRole>() };
  if (files === undefined) return places;
  for (const role of keyedRoles) {
    const place = isOnline(role) ? places.online : places.offline;
    for (const identity of identitiesOf(signersOf(files, role))) place.set(identity, role);
  }
  return places;
}

/** One key for two roles of the signer's is stolen for both, and cannot be rotated for one. */
function twinRefusals({ after, next }: Ceremony): readonly CeremonyRefusal[] {
  if (next.root === undefined && next.targets === undefined) return [];
  const seen = new Map<string, KeyedRole>();
  const refusals: CeremonyRefusal[] = [];
  for (const role of keyedRoles.filter(isOnline)) {
    for (const identity of identitiesOf(signersOf(after, role))) {
      const twin = seen.get(identity);
      if (twin !== undefined) {
        refusals.push(refusal("ceremony.key-twice", `${twin} and ${role} would share one key`));
      }
      seen.set(identity, role);
    }
  }
  return refusals;
}

/**
 * The next root is signed by the holders of the one before. Where fewer of them stay than must sign, those who go decide
 * whether it comes into force, and who goes has often lost the key. In two steps nobody depends on them.
 */
function handoverRefusals({ current, next }: Ceremony): readonly CeremonyRefusal[] {
  if (current === undefined || next.root === undefined) return [];
  const before = signersOf(current, "root");
  const staying = identitiesOf({ ...next.root.value.roles.root, keys: next.root.value.keys });
  const kept = [...identitiesOf(before)].filter((identity) => staying.has(identity)).length;
  if (kept >= before.threshold) return [];
  return [
    refusal(
      "ceremony.root-stuck",
      `root would keep ${kept} of its keys, and ${before.threshold} of them must sign it: without those who go it could not come into force. First add the new keys, then remove the old ones in a ceremony of its own`,
    ),
  ];
}

function identitiesOf(signers: Signers): ReadonlySet<string> {
  return new Set(signers.keyIds.flatMap((keyId) => identityOf(signers, keyId) ?? []));
}

function identityOf({ keys }: Signers, keyId: string): string | undefined {
  const key = keys.get(keyId)?.publicKey;
  return key && publicKeyIdentity(key);
}
