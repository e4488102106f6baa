/** From what the store and the public tree hold to a state in which both agree, whatever happened before. */
import { sha256Hex } from "#crypto/hash.ts";
import { parseSigned } from "#formats/tuf/envelope.ts";
import { timestamp as timestampDecoder } from "#formats/tuf/timestamp.ts";
import type { Timestamp } from "#formats/tuf/timestamp.ts";
import type { Signed } from "#formats/tuf/envelope.ts";
import { FormatError } from "#formats/format-error.ts";
import type { SignerConfig } from "#formats/config/config.ts";
import type { OfflineRole } from "#formats/door/offline-metadata.ts";
import { RefusedError, TrustError } from "#core/errors.ts";
import type { TufSigner } from "#core/tuf/editor.ts";
import { publicTimestampPath } from "#core/tuf/layout.ts";
import { clientLimits } from "#core/tuf/limits.ts";
import { checkThreshold } from "#core/tuf/threshold.ts";
import type { Clock } from "#core/ports.ts";
import { freshKeys } from "./key-ring.ts";
import type { KeyRing } from "./key-ring.ts";
import { publicationLimits } from "./limits.ts";
import { acceptFirstOffline, checkCanSign, offlineRoleFile } from "./offline-set.ts";
import { republish } from "./republish.ts";
import { RoleTable } from "./role-table.ts";
import { restoreWork } from "./restored-state.ts";
import type { RestorePorts } from "./restored-state.ts";
import { publishWork, signingTime } from "./publish-work.ts";
import { noWork } from "./sign-batch.ts";
import type { BatchWork } from "./sign-batch.ts";
import { readWorkingState } from "./working-state.ts";
import type { WorkingState } from "./working-state.ts";
import type { WritePorts } from "./write-batch.ts";

export type OpenPorts = WritePorts & {
  readonly clock: Clock;
  readonly ring: KeyRing;
  readonly firstMetadata: () => Promise<Readonly<Record<OfflineRole, Uint8Array>> | undefined>;
  readonly notice?: (sentence: string) => void;
};

export async function openPublication(
  ports: OpenPorts,
  config: SignerConfig,
  token: number,
): Promise<WorkingState> {
  await ports.steps.reached("resume.begun");
  const stored = await ports.store.readState();
  const pointer = await ports.publicTree.read(publicTimestampPath, clientLimits.timestampSizeMax);
  if (stored.roles.size === 0) return await publishFirst(ports, config, token, pointer);
  const state = await readWorkingState(ports.store, stored, pointer, ports.clock());
  checkCanSign(state.offline, state.binKeyIds, ports.ring);
  const isRestored = stored.restored || (await isBehind(ports, state, pointer));
  if (!isRestored) return await republish(ports, token, state);
  const now = signingTime(ports.clock(), state);
  const work = await restoreWork(restorePorts(ports), state, now);
  return await republish(ports, token, await publishWork(ports, config, token, state, work, now));
}

/** The first publication of all. A public tree that is there already belongs to a store that was lost. */
async function publishFirst(
  ports: OpenPorts,
  config: SignerConfig,
  token: number,
  pointer: Uint8Array | undefined,
): Promise<WorkingState> {
  const metadata = await ports.firstMetadata();
  if (metadata === undefined) {
    throw new RefusedError(
      "signer.not-initialised",
      "Cannot start the signer: there is no first root, targets and claimed metadata; run `holdfast init`",
    );
  }
  const now = ports.clock();
  const set = acceptFirstOffline(metadata, ports.ring);
  checkCanSign(set, [], ports.ring);
  const state: WorkingState = {
    roles: RoleTable.of([]),
    offline: set,
    bitLength: Math.min(config.binsBitLength, publicationLimits.binBitLengthMax),
    binKeyIds: [],
    signedBy: new Map(),
    overlapUntil: now,
    serial: 0,
    batch: 0,
    projects: 0,
    versionFloor: 0,
    signedAt: now,
    rootFingerprint: sha256Hex(metadata.root),
    pointer,
  };
  const files = (["root", "targets", "claimed"] as const).map((role) =>
    offlineRoleFile(role, set[role], now),
  );
  const first: BatchWork = { ...noWork, offline: { set, files }, renew: "all" };
  if (pointer === undefined) return await publishWork(ports, config, token, state, first, now);
  // As after a restore.
  const restored = await restoreWork(restorePorts(ports), state, now);
  const offline = restored.offline ?? { set, files: [] };
  const newer = new Set(offline.files.map(({ role }) => role));
  const kept = files.filter(({ role }) => role === "root" || !newer.has(role));
  const work = { ...restored, offline: { set: offline.set, files: [...kept, ...offline.files] } };
  return await publishWork(ports, config, token, state, work, now);
}

/**
 * Whether the public timestamp is one that our keys signed and our store does not know: then the store is an older copy
 * of itself, even if it does not know that. Anything else at that place is replaced.
 */
async function isBehind(
  ports: OpenPorts,
  state: WorkingState,
  pointer: Uint8Array | undefined,
): Promise<boolean> {
  const { keyIds } = state.offline.root.value.roles.timestamp;
  const signers = freshKeys(ports.ring, "timestamp", keyIds);
  const shown = pointer && openTimestamp(pointer, signers);
  const newest = state.roles.get("timestamp")?.version ?? 0;
  if (shown === undefined || shown.value.version < newest) return false;
  if (shown.value.version > newest) return true;
  const known = await ports.store.readRoleFile("timestamp", newest);
  return known === undefined || sha256Hex(known) !== sha256Hex(shown.bytes);
}

/**
 * By any of these: the newest root may be among what the store forgot. Not by a retired key, with which whoever has stolen
 * it could make us believe that we are a backup.
 */
function openTimestamp(
  bytes: Uint8Array,
  signers: readonly TufSigner[],
): Signed<Timestamp> | undefined {
  try {
    const signed = parseSigned(bytes, timestampDecoder, "timestamp.json");
    const keys = new Map(signers.map(({ key }) => [key.keyId, key]));
    checkThreshold("timestamp.json", signed, { keys, keyIds: [...keys.keys()], threshold: 1 });
    return signed;
  } catch (error) {
    if (error instanceof FormatError || error instanceof TrustError) return undefined;
    throw error;
  }
}

function restorePorts(ports: OpenPorts): RestorePorts {
  const { ring, publicTree, store, notice = () => undefined } = ports;
  return { ring, publicTree, store, notice };
}
