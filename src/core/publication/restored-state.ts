/**
 * After a restored backup (design 10): what was published since the backup is forgotten here but not elsewhere. Clients
 * hold later versions, indexes later serials, and the public tree may still hold the files. So every online role jumps
 * to a version nobody can have seen, every page gets a new serial, offline roles that the tree still has are taken back
 * after the client's own checks, and file names on forgotten pages stay bound to their bytes: such a file is on no page
 * any more, the same bytes may come again, other bytes may not.
 *
 * Where the public tree is lost too, names uploaded after the backup are free again, and an offline role that was
 * renewed after the backup has to be renewed once more: its next version is above the floor.
 */
import { sha256Hex } from "#crypto/hash.ts";
import { FormatError } from "#formats/format-error.ts";
import { doorLimits } from "#formats/door/limits.ts";
import { pageLimits } from "#formats/python/limits.ts";
import { isProjectName } from "#formats/python/project-name.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import { parsePage } from "#formats/python/simple-page.ts";
import type { Page } from "#formats/python/simple-page.ts";
import { RefusedError, TrustError } from "#core/errors.ts";
import { pagePrefix, publicPagePath, publicRolePath } from "#core/tuf/layout.ts";
import { clientLimits } from "#core/tuf/limits.ts";
import type { RoleFile } from "#core/tuf/editor.ts";
import type { FileBinding } from "./decide-changes.ts";
import type { KeyRing } from "./key-ring.ts";
import { publicationLimits } from "./limits.ts";
import { adoptOffline, offlineRoleFile } from "./offline-set.ts";
import type { FoundOffline, OfflineSet } from "./offline-set.ts";
import type { PublicTree } from "./public-tree.ts";
import { noWork } from "./sign-batch.ts";
import type { BatchWork } from "./sign-batch.ts";
import type { PageRecord, SignerStore } from "./signer-store.ts";
import type { WorkingState } from "./working-state.ts";

export type RestorePorts = {
  readonly store: SignerStore;
  readonly publicTree: PublicTree;
  readonly ring: KeyRing;
  /** One sentence for the operator's log. */
  readonly notice: (sentence: string) => void;
};

/** Versions go up by at least this, also where neither clock nor public tree can be relied on. */
const versionStride = 1_000_000;

/** The work of the first batch after a restore. */
export async function restoreWork(
  ports: RestorePorts,
  state: WorkingState,
  now: Date,
): Promise<BatchWork> {
  const names = await ports.publicTree.list("tuf");
  const versionFloor = floorAbove(state, names, now);
  const bindings = await lostBindings(ports);
  const offline = await foundOffline(ports, state, names, now);
  const pages = await reissuedPages(ports.store, state, versionFloor);
  ports.notice(
    `Restored: versions and serials go on from ${versionFloor}; ${bindings.length} file names were found on pages that the backup does not know`,
  );
  return { ...noWork, renew: "all", versionFloor, bindings, pages, ...(offline && { offline }) };
}

/**
 * Milliseconds since 1970: more than any number of batches that can have been signed until now. A second restore of the
 * same backup thereby also gets other versions than the first.
 */
export function floorAbove(state: WorkingState, names: readonly string[], now: Date): number {
  let floor = now.getTime();
  for (const { version } of state.roles.values()) floor = Math.max(floor, version + versionStride);
  for (const name of names) floor = Math.max(floor, (roleFileOf(name)?.version ?? 0) + 1);
  return Math.max(floor, state.serial + versionStride);
}

const roleFilePattern = /^([1-9][0-9]{0,14})\.([a-z0-9-]+)\.json$/;

function roleFileOf(name: string): { readonly role: string; readonly version: number } | undefined {
  const [, version, role] = roleFilePattern.exec(name) ?? [];
  if (version === undefined || role === undefined) return undefined;
  return { role, version: Number(version) };
}

/** Names on public pages that the store does not know, each bound to the bytes it was published with. */
async function lostBindings({ publicTree, store }: RestorePorts): Promise<readonly FileBinding[]> {
  const lost = new Map<string, FileBinding>();
  for (const project of await publicTree.list("targets/simple")) {
    if (!isProjectName(project)) continue;
    const hashes = await store.readPageHashes(project);
    for (const name of await publicTree.list(`targets/simple/${project}`)) {
      const page = await readForgottenPage(publicTree, hashes, project, name);
      for (const { filename, sha256, size, version } of page?.files ?? []) {
        if (lost.has(filename)) continue;
        lost.set(filename, { filename, project, version, sha256, size, lost: true });
      }
    }
  }
  const known = await store.readBindings([...lost.keys()]);
  return [...lost.values()].filter(({ filename }) => !known.has(filename));
}

/** A page that is in the tree but not in the store, if it is what its name says. */
async function readForgottenPage(
  publicTree: PublicTree,
  known: ReadonlySet<string>,
  project: ProjectName,
  name: string,
): Promise<Page | undefined> {
  const sha256 = name.slice(0, -".index.json".length);
  if (publicPagePath(project, sha256) !== `targets/simple/${project}/${name}`) return undefined;
  if (known.has(sha256)) return undefined;
  try {
    const bytes = await publicTree.read(publicPagePath(project, sha256), pageLimits.sizeMax);
    if (bytes === undefined || sha256Hex(bytes) !== sha256) return undefined;
    const page = parsePage(bytes);
    return page.name === project ? page : undefined;
  } catch (error) {
    // Too long for any client, or no page.
    if (error instanceof TrustError || error instanceof FormatError) return undefined;
    throw error;
  }
}

async function foundOffline(
  ports: RestorePorts,
  { offline: held }: WorkingState,
  names: readonly string[],
  now: Date,
): Promise<{ readonly set: OfflineSet; readonly files: readonly RoleFile[] } | undefined> {
  try {
    const found = await readOffline(ports.publicTree, held, names);
    if (found.roots.length === 0 && !found.targets && !found.claimed) return undefined;
    const { roots, set } = adoptOffline(held, found, ports.ring);
    const files: RoleFile[] = roots.map((root) => offlineRoleFile("root", root, now));
    for (const role of ["targets", "claimed"] as const) {
      if (found[role] !== undefined) files.push(offlineRoleFile(role, set[role], now));
    }
    for (const { role, version } of files) ports.notice(`Restored: took back ${role} ${version}`);
    return { set, files };
  } catch (error) {
    // They are in force for others: what goes on without them would be refused, and numbered as they are.
    if (!isUnbelievable(error) || isKeyMissing(error)) throw error;
    ports.notice(`Restored: left newer offline metadata aside: ${error.message}`);
    return undefined;
  }
}

async function readOffline(
  publicTree: PublicTree,
  held: OfflineSet,
  names: readonly string[],
): Promise<FoundOffline> {
  const newest = (role: "targets" | "claimed"): number => {
    const versions = names.map(roleFileOf).filter((file) => file?.role === role);
    return versions.reduce((most, file) => Math.max(most, file?.version ?? 0), 0);
  };
  const readNewer = async (role: "targets" | "claimed"): Promise<Uint8Array | undefined> => {
    const version = newest(role);
    if (version <= held[role].value.version) return undefined;
    return await publicTree.read(publicRolePath(role, version), doorLimits.metadataSizeMax);
  };
  const { rootRotationsMax, rootSizeMax } = clientLimits;
  const roots: Uint8Array[] = [];
  for (let version = held.root.value.version + 1; ; version++) {
    const bytes = await publicTree.read(publicRolePath("root", version), rootSizeMax);
    if (bytes === undefined) break;
    if (roots.length === rootRotationsMax) {
      throw new TrustError("tuf.length", `More than ${rootRotationsMax} newer roots are there`);
    }
    roots.push(bytes);
  }
  const targets = await readNewer("targets");
  const claimed = await readNewer("claimed");
  return { roots, ...(targets && { targets }), ...(claimed && { claimed }) };
}

/** Every page under a new serial, so that an index takes it over whatever it held. */
export async function reissuedPages(
  store: SignerStore,
  state: WorkingState,
  floor: number,
): Promise<readonly PageRecord[]> {
  const pages: PageRecord[] = [];
  for (let after = 0; ;) {
    const some = await store.readPagesAfter(after, state.serial, publicationLimits.pagesMax);
    const last = some.at(-1);
    if (last === undefined) return pages;
    after = last.serial;
    for (const page of some) {
      const record = await store.readProjectAt(page.project, page.serial);
      if (record === undefined) continue;
      const { status, statusReason } = record;
      pages.push({
        ...page,
        serial: floor + pages.length,
        prefix: pagePrefix(page.project),
        status,
        ...(statusReason !== undefined && { statusReason }),
        changed: [],
      });
    }
  }
}

function isKeyMissing(error: Error): boolean {
  return error instanceof RefusedError && error.code === "key.not-held";
}

function isUnbelievable(error: unknown): error is Error {
  return (
    error instanceof TrustError || error instanceof FormatError || error instanceof RefusedError
  );
}
