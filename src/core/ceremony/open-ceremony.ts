/**
 * A ceremony file with the TUF files in it read: what is in force, what shall be, and who may sign each. Nothing is
 * believed here; `check-proposal.ts` judges.
 */
import type { CeremonyFile } from "#formats/ceremony/ceremony-file.ts";
import type { NamedOnlineRole } from "#formats/ceremony/online-cards.ts";
import { isOfflineRole, offlineRoles } from "#formats/door/offline-metadata.ts";
import type { OfflineMetadata, OfflineRole } from "#formats/door/offline-metadata.ts";
import { parseSigned } from "#formats/tuf/envelope.ts";
import type { Signed } from "#formats/tuf/envelope.ts";
import type { Holder, HolderKind } from "#formats/tuf/holder.ts";
import { root as rootDecoder } from "#formats/tuf/root.ts";
import type { Root } from "#formats/tuf/root.ts";
import { targets as targetsDecoder } from "#formats/tuf/targets.ts";
import type { Targets } from "#formats/tuf/targets.ts";
import { RefusedError } from "#core/errors.ts";
import { delegatedRoleNames } from "#core/tuf/layout.ts";
import { topLevelSigners } from "#core/tuf/role-checks.ts";
import type { Signers } from "#core/tuf/threshold.ts";

/** One complete set of offline files. */
export type OfflineFiles = {
  readonly root: Signed<Root>;
  readonly targets: Signed<Targets>;
  readonly claimed: Signed<Targets>;
};

export type Ceremony = {
  readonly file: CeremonyFile;
  /** In force; undefined for the first ceremony. */
  readonly current: OfflineFiles | undefined;
  readonly next: Partial<OfflineFiles>;
  /** What will be in force: of each role the next file, or the current one where it does not change. */
  readonly after: OfflineFiles;
};

/** Every role whose keys root or targets names, in the order in which people are shown them. */
export const keyedRoles = [
  "root",
  "targets",
  "claimed",
  "timestamp",
  "snapshot",
  "deny",
  "recently-claimed",
  "unclaimed",
] as const;

export type KeyedRole = (typeof keyedRoles)[number];

/** Throws FormatError for unreadable files, RefusedError `ceremony.incomplete` for a first ceremony that lacks a role. */
export function openCeremony(file: CeremonyFile): Ceremony {
  const current = file.current === undefined ? undefined : readFiles(file.current);
  const next = readFiles(file.next);
  const after = { ...current, ...next };
  return { file, current: current && complete(current), next, after: complete(after) };
}

/** Throws FormatError. */
export function openOfflineFiles(
  metadata: Readonly<Record<OfflineRole, Uint8Array>>,
): OfflineFiles {
  return complete(readFiles(metadata));
}

function readFiles(metadata: OfflineMetadata): Partial<OfflineFiles> {
  const { claimed, root, targets } = metadata;
  return {
    ...(root && { root: parseSigned(root, rootDecoder, "root") }),
    ...(targets && { targets: parseSigned(targets, targetsDecoder, "targets") }),
    ...(claimed && { claimed: parseSigned(claimed, targetsDecoder, "claimed") }),
  };
}

function complete({ claimed, root, targets }: Partial<OfflineFiles>): OfflineFiles {
  if (root !== undefined && targets !== undefined && claimed !== undefined) {
    return { root, targets, claimed };
  }
  const missing = offlineRoles.filter((role) => !{ root, targets, claimed }[role]);
  throw new RefusedError(
    "ceremony.incomplete",
    `Cannot open the ceremony: it is the first one of its index and has no ${missing.join(", no ")}`,
  );
}

/** Who signs `role`, as root or targets says; a role that is named nowhere has nobody. */
export function signersOf(files: OfflineFiles, role: KeyedRole): Signers {
  const { root, targets } = files;
  if (isTopLevel(role)) return topLevelSigners(root.value, role);
  const { delegations } = targets.value;
  const found = delegations?.roles?.find(({ name }) => name === role);
  const { keyIds, threshold } = found ?? { keyIds: [], threshold: 1 };
  return { keyIds, threshold, keys: delegations?.keys ?? new Map() };
}

/** Who holds a key of `role`, as the file that names the key says. */
export function holderOf(files: OfflineFiles, role: KeyedRole, keyId: string): Holder | undefined {
  const { root, targets } = files;
  return (isTopLevel(role) ? root : targets).value.holders?.get(keyId);
}

/** The kinds of keys that belong in an offline role. */
export function isOfflineKind(kind: HolderKind): boolean {
  return kind !== "online";
}

export function isOnline(role: KeyedRole): role is NamedOnlineRole {
  return !isOfflineRole(role);
}

/** Which file names the keys of `role`. */
export function namingFile(role: KeyedRole): "root" | "targets" {
  return isTopLevel(role) ? "root" : "targets";
}

function isTopLevel(
  role: KeyedRole,
): role is Exclude<KeyedRole, (typeof delegatedRoleNames)[number]> {
  return !delegatedRoleNames.some((name) => name === role);
}
