/**
 * One batch, signed in memory (ADR 2): from what was decided to every file and row that follows from it, and to the
 * state afterwards. Nothing is written here. A batch touches the bins that changed, snapshot and timestamp, and what is
 * due for renewal.
 */
import { binNames, nameOfBin } from "#formats/tuf/succinct-roles.ts";
import type { SignerConfig } from "#formats/config/config.ts";
import type { PagePointer } from "#formats/door/change.ts";
import { invariant } from "#core/errors.ts";
import { binNumber, binOfPrefix, isBinName, prefixesOfBin } from "#core/tuf/layout.ts";
import type { RoleFile, Signing, TufSigner } from "#core/tuf/editor.ts";
import {
  binRoles,
  signBin,
  signEmptyRole,
  signSnapshot,
  signTimestamp,
  signUnclaimed,
} from "#core/tuf/online-roles.ts";
import type { FileBinding } from "./decide-changes.ts";
import { namedKeys } from "./key-ring.ts";
import type { KeyRing } from "./key-ring.ts";
import { publicationLimits } from "./limits.ts";
import { keysNamedBy } from "./offline-set.ts";
import type { OfflineSet } from "./offline-set.ts";
import type { PublicFile } from "./page-batch.ts";
import { isOnlineRole, lifetimeMs, roleDueAt } from "./role-life.ts";
import { overlapEnd, roleSigners, unsignedRoles, wantedBinKey } from "./role-signers.ts";
import type { RoleSigners } from "./role-signers.ts";
import { isDelegated } from "./role-table.ts";
import type { RoleTable } from "./role-table.ts";
import type { BinFile, Commit, PageRecord, SignerStore } from "./signer-store.ts";
import { nextVersion, versionOf } from "./working-state.ts";
import type { WorkingState } from "./working-state.ts";

export type BatchWork = {
  readonly pages: readonly PageRecord[];
  /** Asked for once the batch is committed, in order. */
  readonly pageFiles: PublicFiles;
  /** How many of the pages are a project's first. */
  readonly newProjects: number;
  readonly bindings: readonly FileBinding[];
  readonly rebound?: readonly FileBinding[];
  readonly changes: Commit["changes"];
  /** Files of offline roles that are new, ascending by version, and the set they make. */
  readonly offline?: { readonly set: OfflineSet; readonly files: readonly RoleFile[] };
  /** Which online roles get a new file although their content stays. Under other keys, all that lack their signature. */
  readonly renew: "all" | "due" | "none";
  /** After a restored backup. */
  readonly versionFloor?: number;
  /** After a break-in: online roles get at least this version, in this batch. */
  readonly versionMin?: number;
};

/** Few are held in memory; many are made from what was committed, one by one (ADR 3). */
export type PublicFiles = Iterable<PublicFile> | AsyncIterable<PublicFile>;

export const noWork: BatchWork = {
  pages: [],
  pageFiles: [],
  newProjects: 0,
  bindings: [],
  changes: [],
  renew: "none",
};

export type SignedBatch = {
  readonly commit: Commit;
  readonly pageFiles: PublicFiles;
  /** In the order in which they are written: what names another file comes after it. */
  readonly roles: readonly RoleFile[];
  readonly snapshot: RoleFile | undefined;
  readonly timestamp: RoleFile | undefined;
  /** Written last, in this order: until then clients judge the rest by the root before. */
  readonly roots: readonly RoleFile[];
  readonly next: WorkingState;
};

export type BatchPorts = { readonly store: SignerStore; readonly ring: KeyRing };

export async function signBatch(
  ports: BatchPorts,
  config: SignerConfig,
  before: WorkingState,
  work: BatchWork,
  now: Date,
): Promise<SignedBatch> {
  const plan = planBatch(ports.ring, config, before, work, now);
  const { state } = plan;
  const offline = work.offline?.files ?? [];
  const roots = offline.filter(({ role }) => role === "root");
  const bins = await signBins(ports, plan);
  const others = [
    ...offline.filter(({ role }) => role !== "root"),
    ...(await signTargetsRoles(plan)),
  ];
  const roles = [...bins.map(({ file }) => file), ...others];
  const listed = state.roles.with(roles.map(versionOf));
  const snapshot = await signNextSnapshot(plan, listed, roles.length > 0);
  const timestamp = await signNextTimestamp(plan, snapshot, roots.length > 0);
  const rest = [snapshot, timestamp, ...roots].filter((file) => file !== undefined);
  const files = [...others, ...rest];
  const { bindings, changes, pageFiles, pages } = work;
  const rare = {
    ...(work.versionFloor !== undefined && { versionFloor: work.versionFloor }),
    ...(work.rebound !== undefined && { rebound: work.rebound }),
  };
  const batch = state.batch + 1;
  return {
    commit: {
      ...{ batch, signedAt: now, roles: files, pages, bindings, changes, ...rare },
      bins: bins.map(({ record }) => record),
    },
    pageFiles,
    roles,
    snapshot,
    timestamp,
    roots,
    next: {
      ...state,
      roles: listed.with(rest.map(versionOf)),
      offline: work.offline?.set ?? state.offline,
      bitLength: plan.bitLength,
      binKeyIds: [plan.binKey.key.keyId],
      signedBy: signedByAfter(state, files, plan.signers),
      overlapUntil: plan.overlapUntil,
      serial: plan.serial,
      batch,
      projects: plan.projects,
      signedAt: now,
      pointer: timestamp?.bytes ?? state.pointer,
    },
  };
}

type Plan = {
  readonly state: WorkingState;
  readonly work: BatchWork;
  /** Afterwards. */
  readonly serial: number;
  readonly projects: number;
  readonly bitLength: number;
  readonly binKey: TufSigner;
  readonly overlapUntil: Date;
  /** Online roles whose next file is wanted whatever else changes. */
  readonly due: ReadonlySet<string>;
  readonly signers: RoleSigners;
  readonly signing: (role: string) => Signing;
};

function planBatch(
  ring: KeyRing,
  config: SignerConfig,
  before: WorkingState,
  work: BatchWork,
  now: Date,
): Plan {
  const state = { ...before, versionFloor: work.versionFloor ?? before.versionFloor };
  const set = work.offline?.set ?? state.offline;
  const hasNewRoot = work.offline?.files.some(({ role }) => role === "root") ?? false;
  const overlapUntil = hasNewRoot ? overlapEnd(now, now) : state.overlapUntil;
  // Uploads do not wait for all bins to be signed anew.
  const held = work.renew === "none" ? namedKeys(ring, "bins", state.binKeyIds)[0] : undefined;
  const binKey = held ?? wantedBinKey(ring, state.binKeyIds);
  const named = keysNamedBy(set, [binKey.key.keyId]);
  const signers = roleSigners(ring, named, now < overlapUntil);
  const due = new Set(dueRoles(state, config, work.renew, now));
  if (work.renew !== "none") {
    for (const role of unsignedRoles(ring, named, state.signedBy)) due.add(role);
  }
  const serial = Math.max(work.pages.at(-1)?.serial ?? 0, state.serial, work.versionFloor ?? 0);
  const projects = state.projects + work.newProjects;
  const bitLength = grownBitLength(state.bitLength, projects);
  const signing = (role: string): Signing => ({
    version: Math.max(nextVersion(state, role), work.versionMin ?? 0),
    now,
    lifetimeMs: lifetimeMs(role, config.lifetimes),
    signers: signers(role),
  });
  return {
    ...{ state, work, serial, projects, bitLength, binKey },
    overlapUntil,
    due,
    signers,
    signing,
  };
}

type SignedBin = { readonly file: RoleFile; readonly record: BinFile };

/** One is read and written while others are being signed, which happens beside this thread. */
async function signBins(ports: BatchPorts, plan: Plan): Promise<readonly SignedBin[]> {
  const { bitLength, serial, signing, work } = plan;
  const changed = Map.groupBy(work.pages, ({ prefix }) => binOfPrefix(prefix, bitLength));
  const signed: Promise<SignedBin>[] = [];
  for (const [bin, role] of changedBins(plan)) {
    const pages = await readBin(ports.store, bin, bitLength, changed.get(bin) ?? []);
    const next = signBin(role, pages, signing(role)).then(({ file, signatures }) => {
      return { file, record: { ...versionOf(file), bitLength, serial, signatures } };
    });
    // A failure is thrown below, unless reading another one fails first.
    next.catch(() => undefined);
    signed.push(next);
  }
  return await Promise.all(signed);
}

async function signTargetsRoles(plan: Plan): Promise<readonly RoleFile[]> {
  const { binKey, bitLength, due, signing } = plan;
  const roles: RoleFile[] = [];
  for (const role of ["deny", "recently-claimed"]) {
    if (due.has(role)) roles.push(await signEmptyRole(role, signing(role)));
  }
  if (due.has("unclaimed") || areBinsReplaced(plan)) {
    roles.push(await signUnclaimed(signing("unclaimed"), { key: binKey.key, bitLength }));
  }
  return roles;
}

async function signNextSnapshot(
  { bitLength, due, signing }: Plan,
  listed: RoleTable,
  hasChanged: boolean,
): Promise<RoleFile | undefined> {
  if (!hasChanged && !due.has("snapshot")) return undefined;
  return await signSnapshot(listed.snapshotLines(bitLength), signing("snapshot"));
}

/** Whatever becomes public moves the pointer. */
async function signNextTimestamp(
  { due, signing, state }: Plan,
  snapshot: RoleFile | undefined,
  isRootNew: boolean,
): Promise<RoleFile | undefined> {
  if (snapshot === undefined && !due.has("timestamp") && !isRootNew) return undefined;
  const current = snapshot === undefined ? state.roles.get("snapshot") : versionOf(snapshot);
  invariant(current !== undefined, "a timestamp names a snapshot");
  return await signTimestamp(current, signing("timestamp"));
}

function signedByAfter(
  { signedBy }: WorkingState,
  files: readonly RoleFile[],
  signers: RoleSigners,
): WorkingState["signedBy"] {
  const next = new Map(signedBy);
  for (const { role } of files) {
    if (!isOnlineRole(role) || isBinName(role)) continue;
    next.set(
      role,
      signers(role).map(({ key }) => key.keyId),
    );
  }
  return next;
}

/** Online roles whose next file is wanted now, whatever else changes. */
function dueRoles(
  state: WorkingState,
  config: SignerConfig,
  renew: BatchWork["renew"],
  now: Date,
): ReadonlySet<string> {
  if (renew === "none") return new Set();
  const current = [...state.roles.values()].filter(
    ({ role }) => isOnlineRole(role) && isDelegated(role, state.bitLength),
  );
  if (renew === "all") return new Set([...current.map(({ role }) => role), ...onlineSingles]);
  const due = current
    .map((file) => ({ role: file.role, at: roleDueAt(file, config.lifetimes).getTime() }))
    .filter(({ at }) => at <= now.getTime())
    .toSorted((a, b) => a.at - b.at || (a.role < b.role ? -1 : 1))
    // Timestamp and snapshot come with every batch that signs anything.
    .slice(0, publicationLimits.renewalsMax);
  return new Set(due.map(({ role }) => role));
}

/** Missing before the first publication. */
const onlineSingles: readonly string[] = [
  "deny",
  "recently-claimed",
  "unclaimed",
  "snapshot",
  "timestamp",
];

/** Design 5: the number doubles when a bin holds more than 64 projects on average. */
function grownBitLength(bitLength: number, projects: number): number {
  const { binBitLengthMax, binProjectsMax } = publicationLimits;
  let grown = bitLength;
  while (grown < binBitLengthMax && projects > binProjectsMax * 2 ** grown) grown += 1;
  return grown;
}

/** The bins are others than before, or have another key. */
function areBinsReplaced({ binKey, bitLength, state }: Plan): boolean {
  return bitLength !== state.bitLength || !state.binKeyIds.includes(binKey.key.keyId);
}

/** Number and name of each bin that needs a new file. */
function changedBins(plan: Plan): ReadonlyMap<number, string> {
  const { binKey, bitLength, due, work } = plan;
  const layout = binRoles(binKey.key, bitLength);
  if (areBinsReplaced(plan)) return new Map([...binNames(layout)].entries());
  const bins = new Map<number, string>();
  for (const { prefix } of work.pages) {
    const bin = binOfPrefix(prefix, bitLength);
    bins.set(bin, nameOfBin(layout, bin));
  }
  for (const role of due) {
    if (isBinName(role)) bins.set(binNumber(role), role);
  }
  return bins;
}

/** The bin's pages after the batch; `changed` are those of its own. */
async function readBin(
  store: SignerStore,
  bin: number,
  bitLength: number,
  changed: readonly PageRecord[],
): Promise<readonly PagePointer[]> {
  const { first, last } = prefixesOfBin(bin, bitLength);
  const projects = new Set<string>(changed.map(({ project }) => project));
  const pages = await store.readPagesByPrefix(first, last);
  return [...pages.filter(({ project }) => !projects.has(project)), ...changed];
}
