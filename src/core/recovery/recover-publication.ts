/**
 * The batch after a break-in (PEP 458, "In the event of a key compromise"): offline roles under keys that nobody stole,
 * new online keys, chosen projects as a good copy has them, every role renewed under versions that no thief is likely to
 * have given, and every page under a new serial, so that an index takes it over whatever it was told. One batch, so that
 * no crash leaves half of it; done again, it finds that nothing is left to do.
 */
import type { SignerConfig } from "#formats/config/config.ts";
import { offlineRoles } from "#formats/door/offline-metadata.ts";
import type { OfflineMetadata, OfflineRole } from "#formats/door/offline-metadata.ts";
import { parseSigned } from "#formats/tuf/envelope.ts";
import type { Metadata } from "#formats/tuf/metadata.ts";
import { root as rootDecoder } from "#formats/tuf/root.ts";
import { targets as targetsDecoder } from "#formats/tuf/targets.ts";
import { equalBytes } from "#crypto/constant-time.ts";
import { RefusedError } from "#core/errors.ts";
import type { Clock } from "#core/ports.ts";
import { KeyHolder } from "#core/publication/key-holder.ts";
import type { KeyRing } from "#core/publication/key-ring.ts";
import type { KeyStore } from "#core/publication/key-store.ts";
import { acceptRecovered, offlineRoleFile } from "#core/publication/offline-set.ts";
import type { OfflineSet } from "#core/publication/offline-set.ts";
import { publishWork, signingTime } from "#core/publication/publish-work.ts";
import { rebuildPage, republish } from "#core/publication/republish.ts";
import { floorAbove, reissuedPages } from "#core/publication/restored-state.ts";
import { wantedBinKey } from "#core/publication/role-signers.ts";
import { noWork } from "#core/publication/sign-batch.ts";
import type { BatchWork } from "#core/publication/sign-batch.ts";
import type { PageRecord } from "#core/publication/signer-store.ts";
import { namedByState, nextVersion, readWorkingState } from "#core/publication/working-state.ts";
import type { WorkingState } from "#core/publication/working-state.ts";
import type { WritePorts } from "#core/publication/write-batch.ts";
import { publicPagePath, publicTimestampPath } from "#core/tuf/layout.ts";
import { clientLimits } from "#core/tuf/limits.ts";
import { checkCastOff } from "./cast-off.ts";
import type { RestoredProject } from "./restored-project.ts";

export type RecoveryPorts = WritePorts & {
  readonly clock: Clock;
  readonly keys: KeyStore;
  readonly notice?: (sentence: string) => void;
};

export type Recovery = {
  /** Ids of the keys that nothing may name afterwards, under whatever id. */
  readonly castOff: readonly string[];
  /** Signed in a ceremony; those that are in force already are left aside. */
  readonly offline: OfflineMetadata;
  /** Read before anything is written, to its end. */
  readonly restored: Iterable<RestoredProject> | AsyncIterable<RestoredProject>;
};

export type Recovered = {
  /** False: all of it had been published before. */
  readonly published: boolean;
  readonly before: WorkingState;
  readonly after: WorkingState;
};

/** The state a recovery starts from. Throws RefusedError `signer.not-initialised` or `recovery.restore-first`. */
export async function readStateToRecover({
  clock,
  publicTree,
  store,
}: Pick<RecoveryPorts, "clock" | "publicTree" | "store">): Promise<WorkingState> {
  const stored = await store.readState();
  if (stored.roles.size === 0) {
    throw new RefusedError("signer.not-initialised", "Cannot recover: nothing was ever published");
  }
  if (stored.restored) {
    throw new RefusedError(
      "recovery.restore-first",
      "Cannot recover from a backup that was brought back and never published: start the signer once, so that it takes over what it finds, end it, and recover then",
    );
  }
  const pointer = await publicTree.read(publicTimestampPath, clientLimits.timestampSizeMax);
  return await readWorkingState(store, stored, pointer, clock());
}

/**
 * `token`: the lease. Throws RefusedError, TrustError or FormatError for what must not be published, having done nothing,
 * and UnavailableError when it is not known what was done: then call it again.
 */
export async function recoverPublication(
  ports: RecoveryPorts,
  config: SignerConfig,
  token: number,
  recovery: Recovery,
): Promise<Recovered> {
  await ports.steps.reached("recovery.begun");
  const before = await readStateToRecover(ports);
  const holder = new KeyHolder(ports);
  const ring = await holder.read(namedByState(before));
  const now = signingTime(ports.clock(), before);
  const work = await recoveryWork(ports, ring, before, recovery, now);
  await ports.steps.reached("recovery.decided");
  const signed = work && (await publishWork({ ...ports, ring }, config, token, before, work, now));
  const after = await republish(ports, token, signed ?? before);
  await holder.settle(namedByState(after));
  return { published: work !== undefined, before, after };
}

/** undefined where nothing is left to do. */
async function recoveryWork(
  ports: RecoveryPorts,
  ring: KeyRing,
  state: WorkingState,
  recovery: Recovery,
  now: Date,
): Promise<BatchWork | undefined> {
  const offered = newOffline(state.offline, recovery.offline);
  const roles = offlineRoles.filter((role) => offered[role] !== undefined);
  const set = acceptRecovered(state.offline, offered, nextVersions(state), ring, now);
  const binKeyIds = [wantedBinKey(ring, state.binKeyIds).key.keyId];
  checkCastOff(set, binKeyIds, recovery.castOff, state.offline);
  const restored = new Map<string, RestoredProject>();
  for await (const project of recovery.restored) restored.set(project.project, project);
  const areBinsNew = !state.binKeyIds.includes(binKeyIds[0] ?? "");
  if (roles.length === 0 && restored.size === 0 && !areBinsNew) return undefined;
  const names = await ports.publicTree.list("tuf");
  const versionMin = floorAbove(state, names, now);
  const pages = await allPages(ports, state, restored, versionMin);
  return {
    ...noWork,
    renew: "all",
    versionMin,
    pages,
    pageFiles: filesOf(
      ports,
      pages.filter(({ project }) => restored.has(project)),
    ),
    newProjects: [...restored.values()].filter(({ isNew }) => isNew).length,
    rebound: [...restored.values()].flatMap(({ bindings }) => bindings),
    ...(roles.length > 0 && {
      offline: { set, files: roles.map((role) => offlineRoleFile(role, set[role], now)) },
    }),
  };
}

/** Whether all of these files are in force already. */
export function offlineInForce({ offline }: WorkingState, files: OfflineMetadata): boolean {
  return Object.keys(newOffline(offline, files)).length === 0;
}

/**
 * Without those that are in force, or have been since: a recovery that was cut short is begun again with the same files.
 * What they were to cast off is looked at in any case.
 */
function newOffline(held: OfflineSet, offered: OfflineMetadata): OfflineMetadata {
  const fresh = offlineRoles.flatMap((role) => {
    const bytes = offered[role];
    if (bytes === undefined || equalBytes(bytes, held[role].bytes)) return [];
    const { version } = parseSigned<Metadata>(
      bytes,
      role === "root" ? rootDecoder : targetsDecoder,
      role,
    ).value;
    return version < held[role].value.version ? [] : [[role, bytes] as const];
  });
  return Object.fromEntries(fresh);
}

function nextVersions(state: WorkingState): Readonly<Record<OfflineRole, number>> {
  return {
    root: nextVersion(state, "root"),
    targets: nextVersion(state, "targets"),
    claimed: nextVersion(state, "claimed"),
  };
}

/** All pages under new serials, the restored ones as they were in the good copy. */
async function allPages(
  { store }: RecoveryPorts,
  state: WorkingState,
  restored: ReadonlyMap<string, RestoredProject>,
  serialMin: number,
): Promise<readonly PageRecord[]> {
  const reissued = await reissuedPages(store, state, serialMin);
  const known = new Set(reissued.map(({ project }) => project));
  const pages: PageRecord[] = reissued.map((page) => {
    const good = restored.get(page.project);
    return good === undefined ? page : { ...good.page, serial: page.serial };
  });
  for (const { page, project } of restored.values()) {
    if (!known.has(project)) pages.push({ ...page, serial: serialMin + pages.length });
  }
  return pages;
}

/** Made from what was committed, one by one: what was put back may be large. */
async function* filesOf(
  ports: RecoveryPorts,
  pages: readonly PageRecord[],
): AsyncGenerator<{ readonly path: string; readonly pieces: readonly Uint8Array[] }> {
  for (const page of pages) {
    const path = publicPagePath(page.project, page.sha256);
    yield { path, pieces: [await rebuildPage(ports, page)] };
  }
}
