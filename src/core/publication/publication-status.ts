/** What the signer says of its roles, and when the next of them is due. */
import { sha256Hex } from "#crypto/hash.ts";
import { formatInstant } from "#formats/bytes/instant.ts";
import type { SignerConfig } from "#formats/config/config.ts";
import type { RoleStatus, SignerStatus } from "#formats/door/signer-status.ts";
import type { RoleKeys } from "#formats/tuf/role-keys.ts";
import { delegatedRoleNames, isBinName } from "#core/tuf/layout.ts";
import { keyKeepers, signersByRole } from "#core/tuf/role-keepers.ts";
import type { KeyKeeper } from "#core/tuf/role-keepers.ts";
import { heldKeyStatuses } from "./key-ring.ts";
import type { KeyRing } from "./key-ring.ts";
import { signingTime } from "./publish-work.ts";
import { isOnlineRole, roleDueAt } from "./role-life.ts";
import { isDelegated } from "./role-table.ts";
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
  const newestRoot = sha256Hex(state.offline.root.bytes);
  const bins = current.filter(({ role }) => isBinName(role));
  const singles = shownOrder.flatMap((name) => current.filter(({ role }) => role === name));
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
    ...(newestRoot !== state.rootFingerprint && {
      newestRootFingerprint: `sha256:${newestRoot}`,
    }),
    roles: [...roles, ...allBins(binStatuses)],
    keys: [...namedKeepers(state), ...binKeepers(state, ring)],
    heldKeys: heldKeyStatuses(ring, namedByState(state)),
  };
}

/** From what all rests on to what changes with every upload, as people read it; the bins come last. */
const shownOrder = ["root", "timestamp", "snapshot", "targets", ...delegatedRoleNames];

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
  if (isBinName(role)) return { keyIds: binKeyIds, threshold: 1 };
  const named = signersByRole(offline.root.value, offline.targets.value).get(role);
  return named ?? { keyIds: [], threshold: 1 };
}

function namedKeepers({ offline }: WorkingState): readonly KeyKeeper[] {
  return keyKeepers(offline.root.value, offline.targets.value);
}

/** Their key stands in `unclaimed`, which this signer signs itself, so it holds it. */
function binKeepers({ binKeyIds }: WorkingState, ring: KeyRing): readonly KeyKeeper[] {
  const held = ring.keys.filter(({ signer }) => binKeyIds.includes(signer.key.keyId));
  const keepers = held.map(({ signer }) => {
    return { keyId: signer.key.keyId, scheme: signer.publicKey.scheme };
  });
  return [...new Map(keepers.map((keeper) => [keeper.keyId, keeper])).values()];
}

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
