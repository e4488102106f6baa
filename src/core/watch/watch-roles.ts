/**
 * Early warning (design 5): what somebody has to do about roles and keys, found before clients notice. Every lookup
 * passes `claimed`, so one role that expires stops every install. Pure: from the signer's own words and the time.
 */
import { parseInstant } from "#formats/bytes/instant.ts";
import { terminalText } from "#formats/bytes/terminal-text.ts";
import type { KeyStatus, RoleStatus, SignerStatus } from "#formats/door/signer-status.ts";
import { describeSpan } from "./time-span.ts";

export type RoleWarning = {
  /** "note" is worth knowing, "warning" needs a plan, "fault" needs mending now. */
  readonly level: "note" | "warning" | "fault";
  readonly code:
    | "key.alone"
    | "key.misplaced"
    | "key.not-held"
    | "key.one-holder"
    | "key.unused"
    | "role.expired"
    | "role.expiring"
    | "role.late";
  /** The role's name; for a key that no role names, the online key's. */
  readonly role: string;
  readonly message: string;
};

export type WatchedRoles = Pick<SignerStatus, "heldKeys" | "keys" | "roles">;

/** Enough to judge keys by. */
export type WatchedKeys = Pick<SignerStatus, "heldKeys" | "keys"> & {
  readonly roles: readonly RoleSigners[];
};

type RoleSigners = Pick<RoleStatus, "keyIds" | "offline" | "role" | "threshold">;

/** The most urgent first; otherwise in the order of the roles. */
export function watchRoles(status: WatchedRoles, now: Date): readonly RoleWarning[] {
  return byUrgency([
    ...status.roles.flatMap((role) => watchLife(role, now)),
    ...watchRoleKeys(status),
  ]);
}

/** The same without the roles' lives. */
export function watchRoleKeys(status: WatchedKeys): readonly RoleWarning[] {
  const named = status.roles.flatMap((role) => watchKeys(role, status));
  return byUrgency([...named, ...watchUnused(status)]);
}

function byUrgency(found: readonly RoleWarning[]): readonly RoleWarning[] {
  return found.toSorted((a, b) => urgency[b.level] - urgency[a.level]);
}

const urgency = { note: 0, warning: 1, fault: 2 } as const;

/** Of a role's life, what is left when somebody should plan, and when it cannot wait. */
const lifeLeft = {
  // The signer renews at half life by itself: less means that it does not get to it.
  online: { warning: 0.4, fault: 0.2 },
  offline: { warning: 0.5, fault: 0.125 },
} as const;

function watchLife(status: RoleStatus, now: Date): readonly RoleWarning[] {
  const { expires, offline, role, signedAt, version } = status;
  const leftMs = parseInstant(expires).at.getTime() - now.getTime();
  const subject = `${role} ${version}`;
  if (leftMs <= 0) {
    const message = `${subject} expired at ${expires}: clients refuse the index. ${remedy(offline)}`;
    return [{ level: "fault", code: "role.expired", role, message }];
  }
  const life = parseInstant(expires).at.getTime() - parseInstant(signedAt).at.getTime();
  const limits = offline ? lifeLeft.offline : lifeLeft.online;
  if (leftMs > life * limits.warning) return [];
  const level = leftMs > life * limits.fault ? "warning" : "fault";
  const code = offline ? "role.expiring" : "role.late";
  const message = `${subject} lives ${describeSpan(leftMs)} more (until ${expires}). ${remedy(offline)}`;
  return [{ level, code, role, message }];
}

function remedy(isOffline: boolean): string {
  return isOffline
    ? "Its keys lie offline: renew it by a ceremony, or with `holdfast renew`"
    : "The signer should have renewed it: see whether it runs, and its log";
}

function watchKeys(status: RoleSigners, all: WatchedKeys): readonly RoleWarning[] {
  const held = new Set(all.heldKeys.map(({ keyId }) => keyId));
  const names = new Set(status.keyIds);
  const keys = all.keys.filter(({ keyId }) => names.has(keyId));
  return status.offline
    ? [...watchMisplaced(status, keys, held), ...watchHolders(status, keys)]
    : watchHeld(status, held);
}

/** A key that root, targets or claims rest on, in reach of whoever breaks into a server. */
function watchMisplaced(
  { role }: RoleSigners,
  keys: readonly KeyStatus[],
  held: ReadonlySet<string>,
): readonly RoleWarning[] {
  return keys.flatMap((key): readonly RoleWarning[] => {
    if (held.has(key.keyId)) {
      const message = `The signer holds the key ${describeKey(key)} of ${role}, which must lie offline: replace it by a ceremony`;
      return [{ level: "fault", code: "key.misplaced", role, message }];
    }
    if (key.holder?.kind !== "online") return [];
    const message = `The key ${describeKey(key)} of ${role}, an offline role, is said to be held online`;
    return [{ level: "warning", code: "key.misplaced", role, message }];
  });
}

function watchHolders(
  { role, threshold }: RoleSigners,
  keys: readonly KeyStatus[],
): readonly RoleWarning[] {
  if (role === "root" && threshold === 1) {
    const message =
      "One key of root alone can replace every other key: with a threshold of two or more, one that is stolen cannot";
    return [{ level: "note", code: "key.alone", role, message }];
  }
  const counts = Map.groupBy(keys, ({ holder }) => holder?.name);
  const alone = [...counts].find(
    ([name, theirs]) => name !== undefined && threshold > 1 && theirs.length >= threshold,
  );
  if (alone === undefined) return [];
  const message = `${terminalText(alone[0] ?? "")} holds ${alone[1].length} keys of ${role}, and ${threshold} are enough: one person can sign it alone`;
  return [{ level: "warning", code: "key.one-holder", role, message }];
}

function watchHeld(
  { keyIds, role, threshold }: RoleSigners,
  held: ReadonlySet<string>,
): readonly RoleWarning[] {
  const count = keyIds.filter((keyId) => held.has(keyId)).length;
  if (count >= threshold) return [];
  const message = `The signer holds ${count} of the ${threshold} keys that ${role} needs: it cannot be renewed. Put the key's file into the signer's key folder`;
  return [{ level: "fault", code: "key.not-held", role, message }];
}

function watchUnused({ heldKeys }: WatchedKeys): readonly RoleWarning[] {
  const meaning = {
    next: "waits for the ceremony that puts it in force",
    retired: "was replaced: remove its file once no rotation is under way",
  } as const;
  return heldKeys.flatMap(({ keyId, name, state }): readonly RoleWarning[] => {
    if (state === "current") return [];
    const message = `The signer's ${state} key ${shortKeyId(keyId)} for ${name} ${meaning[state]}`;
    return [{ level: "note", code: "key.unused", role: name, message }];
  });
}

/** As people compare it on two screens: the fingerprint is `sha256:` and all of the id. */
export function shortKeyId(keyId: string): string {
  return keyId.slice(0, 16);
}

function describeKey({ holder, keyId }: KeyStatus): string {
  return holder === undefined
    ? shortKeyId(keyId)
    : `${shortKeyId(keyId)} (${terminalText(holder.name)})`;
}
