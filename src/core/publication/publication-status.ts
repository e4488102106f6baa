/** What the signer says of its roles, and when the next of them is due. */
import { formatInstant } from "#formats/bytes/instant.ts";
import type { SignerConfig } from "#formats/config/config.ts";
import type { RoleStatus, SignerStatus } from "#formats/door/signer-status.ts";
import type { RoleKeys } from "#formats/tuf/role-keys.ts";
import { isBinName } from "#core/tuf/layout.ts";
import { heldKeyStatuses } from "./key-ring.ts";
import type { KeyRing } from "./key-ring.ts";
import { delegatedKeys } from "./offline-set.ts";
import { signingTime } from "./publish-work.ts";
import { isOnlineRole, roleDueAt } from "./role-life.ts";
import { isDelegated } from "./sign-batch.ts";
import type { RoleVersion } from "./signer-store.ts";
import { namedByState, nextVersion } from "./working-state.ts";
import type { WorkingState } from "./working-state.ts";

/** When the first online role has to be renewed. */
export function nextDueAt(state: WorkingState, { lifetimes }: SignerConfig): Date {
  let earliest: Date | undefined;
  for (const file of state.roles.values()) {
    if (!isOnlineRole(file.role) || !isDelegated(file.role, state.bitLength)) continue;
    const dueAt = roleDueAt(file, lifetimes);
    if (earliest === undefined || dueAt < earliest) earliest = dueAt;
  }
  return earliest ?? state.signedAt;
}

export function publicationStatus(
  state: WorkingState,
  ring: KeyRing,
  config: SignerConfig,
  clock: Date,
  waiting: number,
): SignerStatus {
  const now = signingTime(clock, state);
  const current = [...state.roles.values()].filter(({ role }) =>
    isDelegated(role, state.bitLength),
  );
  const bins = current.filter(({ role }) => isBinName(role));
  const singles = current.filter(({ role }) => !isBinName(role));
  const roles = singles.map((file) => roleStatus(file, state, config, now));
  const binStatuses = bins.map((file) => roleStatus(file, state, config, now));
  return {
    serial: state.serial,
    batch: state.batch,
    waiting,
    projects: state.projects,
    bins: bins.length,
    clockBehindMs: now.getTime() - clock.getTime(),
    rootFingerprint: `sha256:${state.rootFingerprint}`,
    roles: [...roles, ...allBins(binStatuses)],
    heldKeys: heldKeyStatuses(ring, namedByState(state)),
  };
}

function roleStatus(
  file: RoleVersion,
  state: WorkingState,
  config: SignerConfig,
  now: Date,
): RoleStatus {
  const { expires, role, signedAt, version } = file;
  const { keyIds, threshold } = keysOf(role, state);
  const dueAt = roleDueAt(file, config.lifetimes);
  // Restored: clients may know a later version, so a ceremony has to sign one above it.
  const isLow = role !== "root" && version < state.versionFloor;
  return {
    role,
    version,
    threshold,
    keyIds,
    signedAt: formatInstant(signedAt),
    expires: expires.text,
    dueAt: formatInstant(dueAt),
    due: dueAt <= now || isLow,
    expired: expires.at <= now,
    offline: !isOnlineRole(role),
    nextVersion: nextVersion(state, role),
  };
}

/** Who may sign the role, and how many must. */
function keysOf(role: string, { binKeyIds, offline }: WorkingState): RoleKeys {
  switch (role) {
    case "root":
    case "targets":
    case "snapshot":
    case "timestamp":
      return offline.root.value.roles[role];
    case "deny":
    case "claimed":
    case "recently-claimed":
    case "unclaimed":
      return delegatedKeys(offline.targets.value, role) ?? noKeys;
    default:
      return isBinName(role) ? { keyIds: binKeyIds, threshold: 1 } : noKeys;
  }
}

const noKeys: RoleKeys = { keyIds: [], threshold: 1 };

/** One line for all bins: the highest version, the earliest times. */
function allBins(bins: readonly RoleStatus[]): readonly RoleStatus[] {
  const first = bins[0];
  if (first === undefined) return [];
  const earliest = (times: readonly string[]): string => times.toSorted()[0] ?? first.expires;
  const version = bins.reduce((highest, bin) => Math.max(highest, bin.version), 0);
  return [
    {
      role: "bins",
      version,
      threshold: first.threshold,
      keyIds: first.keyIds,
      signedAt: earliest(bins.map(({ signedAt }) => signedAt)),
      expires: earliest(bins.map(({ expires }) => expires)),
      dueAt: earliest(bins.map(({ dueAt }) => dueAt)),
      due: bins.some(({ due }) => due),
      expired: bins.some(({ expired }) => expired),
      offline: false,
      nextVersion: version + 1,
    },
  ];
}
