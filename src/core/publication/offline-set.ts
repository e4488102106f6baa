/**
 * Newly signed offline roles, judged as a client would (design 5): each is the next version, signed by enough of the
 * keys in force, alive, and of the shape this signer publishes under. Pure. What one refusal would break for every
 * user, an expired or misdirected `claimed`, must not pass here.
 */
import { sha256Hex } from "#crypto/hash.ts";
import { publicKeyIdentity } from "#crypto/public-key.ts";
import { offlineRoles } from "#formats/door/offline-metadata.ts";
import type { OfflineMetadata, OfflineRole } from "#formats/door/offline-metadata.ts";
import { parseSigned } from "#formats/tuf/envelope.ts";
import type { Signed } from "#formats/tuf/envelope.ts";
import type { Metadata } from "#formats/tuf/metadata.ts";
import type { RoleKeys } from "#formats/tuf/role-keys.ts";
import { root as rootDecoder } from "#formats/tuf/root.ts";
import type { Root } from "#formats/tuf/root.ts";
import { targets as targetsDecoder } from "#formats/tuf/targets.ts";
import type { Targets } from "#formats/tuf/targets.ts";
import { RefusedError } from "#core/errors.ts";
import type { RoleFile } from "#core/tuf/editor.ts";
import { delegatedRoleNames, onlineKeyNames } from "#core/tuf/layout.ts";
import type { DelegatedRoleName, OnlineKeyName } from "#core/tuf/layout.ts";
import { delegatedPath } from "#core/tuf/offline-roles.ts";
import {
  checkNotExpired,
  checkNotLower,
  checkVersion,
  quoteName,
  topLevelSigners,
} from "#core/tuf/role-checks.ts";
import { checkThreshold } from "#core/tuf/threshold.ts";
import { acceptRoot, trustRoot } from "#core/tuf/trusted-set.ts";
import { freshBinKey, keyNotHeld, namedKeys } from "./key-ring.ts";
import type { KeyRing, NamedKeys } from "./key-ring.ts";

/** The offline roles in force; each verifies under the one before. */
export type OfflineSet = {
  readonly root: Signed<Root>;
  readonly targets: Signed<Targets>;
  readonly claimed: Signed<Targets>;
};

/** The very first set, expired or not: it can be renewed once it is there. Throws TrustError, FormatError, RefusedError. */
export function acceptFirstOffline(
  metadata: Readonly<Record<OfflineRole, Uint8Array>>,
  ring: KeyRing,
): OfflineSet {
  const { root } = trustRoot(metadata.root);
  const set = {
    root,
    targets: parseSigned(metadata.targets, targetsDecoder, "targets"),
    claimed: parseSigned(metadata.claimed, targetsDecoder, "claimed"),
  };
  for (const file of [root, set.targets, set.claimed]) checkVersion("a first file", file.value, 1);
  checkSet(set, ring);
  return set;
}

/** Files that were accepted before, as the signer's own store has them. Throws only for a damaged store. */
export function openOfflineSet(metadata: Readonly<Record<OfflineRole, Uint8Array>>): OfflineSet {
  return {
    root: parseSigned(metadata.root, rootDecoder, "root"),
    targets: parseSigned(metadata.targets, targetsDecoder, "targets"),
    claimed: parseSigned(metadata.claimed, targetsDecoder, "claimed"),
  };
}

/** The set with what was submitted. Throws TrustError, FormatError or RefusedError; the old set stays as it was. */
export function acceptOffline(
  held: OfflineSet,
  offered: OfflineMetadata,
  nextVersions: Readonly<Record<OfflineRole, number>>,
  ring: KeyRing,
  now: Date,
): OfflineSet {
  const set = judgeOffered(held, offered, ring, now, (role, file) =>
    checkVersion(role, file, nextVersions[role]),
  );
  // Root is written last, so until then clients judge the new targets by the old root.
  checkThreshold(
    "targets, for the root before",
    set.targets,
    topLevelSigners(held.root.value, "targets"),
  );
  return set;
}

/**
 * After a break-in. As `acceptOffline`, but a version may jump, for a thief of the role's keys may have given the next one
 * away; and the keys of targets from before, which may be the stolen ones, need not sign the new: until the new root is
 * public, which takes no longer than writing it, clients that ask in between refuse the new targets.
 */
export function acceptRecovered(
  held: OfflineSet,
  offered: OfflineMetadata,
  nextVersions: Readonly<Record<OfflineRole, number>>,
  ring: KeyRing,
  now: Date,
): OfflineSet {
  return judgeOffered(held, offered, ring, now, (role, { version }) =>
    checkNotLower(role, role, version, nextVersions[role]),
  );
}

/** All that both have in common; `checkNext` judges the version. */
function judgeOffered(
  held: OfflineSet,
  offered: OfflineMetadata,
  ring: KeyRing,
  now: Date,
  checkNext: (role: OfflineRole, file: Metadata) => void,
): OfflineSet {
  const set = offeredSet(held, offered);
  for (const role of offlineRoles) {
    if (offered[role] === undefined) continue;
    checkNext(role, set[role].value);
    checkNotExpired(role, set[role].value, now);
  }
  checkSet(set, ring);
  checkNoneHeld(set, held, ring);
  return set;
}

/** Root is judged by the one before already. */
function offeredSet(held: OfflineSet, { claimed, root, targets }: OfflineMetadata): OfflineSet {
  return {
    root: root === undefined ? held.root : acceptRoot({ root: held.root, past: {} }, root).root,
    targets: targets === undefined ? held.targets : parseSigned(targets, targetsDecoder, "targets"),
    claimed: claimed === undefined ? held.claimed : parseSigned(claimed, targetsDecoder, "claimed"),
  };
}

/** What a public tree still has although a restored store forgot it. */
export type FoundOffline = {
  /** Successors of the root in force, each one version further. */
  readonly roots: readonly Uint8Array[];
  readonly targets?: Uint8Array;
  readonly claimed?: Uint8Array;
};

/** The set with what was found, alive or not, and the roots up to its own. Throws TrustError, FormatError, RefusedError. */
export function adoptOffline(
  held: OfflineSet,
  found: FoundOffline,
  ring: KeyRing,
): { readonly set: OfflineSet; readonly roots: readonly Signed<Root>[] } {
  const roots: Signed<Root>[] = [];
  for (const bytes of found.roots) {
    roots.push(acceptRoot({ root: roots.at(-1) ?? held.root, past: {} }, bytes).root);
  }
  const set = {
    root: roots.at(-1) ?? held.root,
    targets: found.targets ? parseSigned(found.targets, targetsDecoder, "targets") : held.targets,
    claimed: found.claimed ? parseSigned(found.claimed, targetsDecoder, "claimed") : held.claimed,
  };
  for (const role of ["targets", "claimed"] as const) {
    checkNotLower(role, role, set[role].value.version, held[role].value.version);
  }
  checkSet(set, ring);
  return { set, roots };
}

/** Throws RefusedError `key.not-held` unless the signer can go on under these roles. */
export function checkCanSign(set: OfflineSet, binKeyIds: readonly string[], ring: KeyRing): void {
  const named = keysNamedBy(set, binKeyIds);
  for (const name of onlineKeyNames) {
    // The signer delegates to the bins itself, so it may give them another key at any time.
    if (name === "bins" && freshBinKey(ring) !== undefined) continue;
    checkHeld(name, { keyIds: named[name], threshold: 1 }, ring);
  }
}

/** Which keys the roles in force name; those of the bins are named by `unclaimed`. */
export function keysNamedBy(
  { root, targets }: OfflineSet,
  binKeyIds: readonly string[],
): NamedKeys {
  const delegated = (name: DelegatedRoleName): readonly string[] =>
    delegatedKeys(targets.value, name)?.keyIds ?? [];
  return {
    timestamp: root.value.roles.timestamp.keyIds,
    snapshot: root.value.roles.snapshot.keyIds,
    deny: delegated("deny"),
    "recently-claimed": delegated("recently-claimed"),
    unclaimed: delegated("unclaimed"),
    bins: binKeyIds,
  };
}

/** undefined where `targets` does not delegate to it. */
export function delegatedKeys(
  { delegations }: Targets,
  role: DelegatedRoleName,
): RoleKeys | undefined {
  return delegations?.roles?.find(({ name }) => name === role);
}

/** The role's file as publication hands it on. */
export function offlineRoleFile(role: OfflineRole, file: Signed<Metadata>, now: Date): RoleFile {
  const { bytes, value } = file;
  const { expires, version } = value;
  return { role, version, bytes, sha256: sha256Hex(bytes), signedAt: now, expires };
}

function checkSet({ root, targets, claimed }: OfflineSet, ring: KeyRing): void {
  checkThreshold("targets", targets, topLevelSigners(root.value, "targets"));
  checkRoot(root.value, ring);
  checkFloors(root.value, { targets: targets.value.version, claimed: claimed.value.version });
  checkTargets(targets.value, ring);
  const delegation = delegatedKeys(targets.value, "claimed");
  const keys = targets.value.delegations?.keys;
  if (delegation === undefined || keys === undefined) throw shape("targets", "no claimed");
  checkThreshold("claimed", claimed, { ...delegation, keys });
  const { targets: files, delegations } = claimed.value;
  if (files.size > 0 || delegations !== undefined) throw shape("claimed", "it claims a project");
}

/**
 * No key that lies here, under whatever name, comes into an offline role: whoever breaks in has it. Ceremonies know only
 * the keys that metadata names, not the bins', the retired ones and those of before. What is in force already stays.
 */
function checkNoneHeld(set: OfflineSet, before: OfflineSet, ring: KeyRing): void {
  const here = new Set(ring.keys.map(({ signer }) => publicKeyIdentity(signer.publicKey)));
  for (const role of ["root", "targets", "claimed"] as const) {
    const known = offlineKeys(before, role);
    const moved = [...offlineKeys(set, role)].find((key) => here.has(key) && !known.has(key));
    if (moved !== undefined) throw shape(role, "a new key of it lies at the signer");
  }
}

/** By material. */
function offlineKeys({ root, targets }: OfflineSet, role: OfflineRole): ReadonlySet<string> {
  const signers =
    role === "claimed"
      ? {
          keyIds: delegatedKeys(targets.value, "claimed")?.keyIds ?? [],
          keys: targets.value.delegations?.keys,
        }
      : topLevelSigners(root.value, role);
  const keys = signers.keyIds.map((keyId) => signers.keys?.get(keyId)?.publicKey);
  return new Set(keys.flatMap((key) => (key === undefined ? [] : publicKeyIdentity(key))));
}

function checkRoot(root: Root, ring: KeyRing): void {
  if (!root.consistentSnapshot) throw shape("root", "snapshots are not consistent");
  checkHeld("timestamp", root.roles.timestamp, ring);
  checkHeld("snapshot", root.roles.snapshot, ring);
}

/** A floor above what there is, or for a role that has none, would have every client refuse every snapshot. */
function checkFloors(
  { floor = new Map<string, number>() }: Root,
  versions: Readonly<Record<"claimed" | "targets", number>>,
): void {
  for (const [role, lowest] of floor) {
    if (role !== "targets" && role !== "claimed") {
      throw shape(
        "root",
        `its x-floor names ${quoteName(role)}, and only targets and claimed have one`,
      );
    }
    if (versions[role] >= lowest) continue;
    throw shape("root", `its x-floor asks for ${role} ${lowest}, and there is ${versions[role]}`);
  }
}

/** Names, paths and order as design 5 has them: another shape would hide one role behind another. */
function checkTargets(targets: Targets, ring: KeyRing): void {
  const roles = targets.delegations?.roles ?? [];
  const names = roles.map(({ name }) => name);
  if (names.join(" ") !== delegatedRoleNames.join(" ")) {
    throw shape("targets", `it delegates to ${names.join(", ") || "nobody"}`);
  }
  for (const [at, name] of delegatedRoleNames.entries()) {
    const role = roles[at];
    const isRight = role?.terminating === false && role.paths?.join(" ") === delegatedPath(name);
    if (role === undefined || !isRight) throw shape("targets", `it misdirects ${name}`);
    if (name !== "claimed") checkHeld(name, role, ring);
  }
  if (targets.targets.size > 0) throw shape("targets", "it has targets of its own");
}

/** The signer can sign the role alone, or nothing would ever be published again. */
function checkHeld(name: OnlineKeyName, { keyIds, threshold }: RoleKeys, ring: KeyRing): void {
  if (threshold !== 1) {
    throw shape(name, `it asks for ${threshold} keys, and an online role has one`);
  }
  if (namedKeys(ring, name, keyIds).length > 0) return;
  const ids = keyIds.length === 0 ? "for it has none" : keyIds.join(", ");
  throw keyNotHeld(ring, name, `this signer holds none of its keys, ${ids}`);
}

function shape(role: string, reason: string): RefusedError {
  return new RefusedError("metadata.refused", `Cannot publish ${role}: ${reason}`);
}
