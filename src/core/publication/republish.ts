/**
 * After a start, or a failure whose outcome is not known: what was committed is made public again, wherever a public
 * copy is missing or is not the one that was signed. The store is the truth; nothing is signed here.
 */
import { sha256Hex } from "#crypto/hash.ts";
import { addMilliseconds } from "#formats/bytes/instant.ts";
import type { PagePointer } from "#formats/door/change.ts";
import { UnavailableError, invariant } from "#core/errors.ts";
import { binNumber, prefixesOfBin, publicPagePath, publicRolePath } from "#core/tuf/layout.ts";
import { formatBin } from "#core/tuf/online-roles.ts";
import { publicationLimits } from "./limits.ts";
import { formatProjectPage } from "./project-record.ts";
import type { RoleVersion } from "./signer-store.ts";
import type { WorkingState } from "./working-state.ts";
import { outwaitCaches, replaceTimestamp } from "./write-batch.ts";
import type { WritePorts } from "./write-batch.ts";

/** The state afterwards: the pointer holds the newest timestamp. Throws UnavailableError. */
export async function republish(
  ports: WritePorts,
  token: number,
  state: WorkingState,
): Promise<WorkingState> {
  const { publicTree, steps, store } = ports;
  const since = addMilliseconds(state.signedAt, -publicationLimits.recentMs);
  const { recentPagesMax, recentRolesMax } = publicationLimits;
  const recentRoles = await store.readRolesSince(since, recentRolesMax);
  // What a power cut may have damaged: copies are not synced.
  const recentPages = await store.readPagesSince(since, recentPagesMax);
  for (const page of recentPages) await repairPage(ports, page, "hash");
  const looked = new Set(recentPages.map(({ serial }) => serial));
  for await (const pages of newestPages(ports, state)) {
    for (const page of pages) {
      if (!looked.has(page.serial)) await repairPage(ports, page, "size");
    }
  }
  const all = new Map<string, RoleVersion>();
  for (const file of [...state.roles.values(), ...recentRoles]) {
    all.set(publicRolePath(file.role, file.version), file);
  }
  for (const file of all.values()) {
    if (file.role === "timestamp" || file.role === "root") continue;
    await repairRole(ports, file, file.signedAt >= since ? "hash" : "size");
  }
  const timestamp = await store.readRoleFile("timestamp", newestVersion(state, "timestamp"));
  invariant(timestamp !== undefined, "the store holds the newest timestamp");
  await store.publish(token, state.batch, async () => {
    await replaceTimestamp(publicTree, state.pointer, timestamp);
    await repairRoots(ports, state);
  });
  await steps.reached("resume.published");
  return { ...state, pointer: timestamp };
}

/** The hash costs reading the file; the size shows what a power cut leaves of a file that was not synced. */
type Look = "hash" | "size";

async function repairRole(
  { publicTree, steps, store }: WritePorts,
  file: RoleVersion,
  look: Look,
): Promise<void> {
  const path = publicRolePath(file.role, file.version);
  if (await isIntact({ publicTree }, path, { sha256: file.sha256, size: file.length }, look))
    return;
  const bytes = await rebuildRole({ store }, file);
  // Swept in the meantime: only replaced files are.
  if (bytes === undefined) return;
  await publicTree.write(path, [bytes]);
  await steps.reached("resume.copy-rebuilt");
}

/** Every root there ever was, in order: a client goes through all of them. */
async function repairRoots(ports: WritePorts, state: WorkingState): Promise<void> {
  let hasWaited = false;
  for (let version = 1; version <= newestVersion(state, "root"); version++) {
    const bytes = await ports.store.readRoleFile("root", version);
    if (bytes === undefined) continue;
    const path = publicRolePath("root", version);
    const expected = { sha256: sha256Hex(bytes), size: bytes.byteLength };
    if (await isIntact(ports, path, expected, "hash")) continue;
    // The timestamp beside it may be a moment old.
    if (!hasWaited) await outwaitCaches(ports);
    hasWaited = true;
    await ports.publicTree.write(path, [bytes]);
    await ports.steps.reached("resume.copy-rebuilt");
  }
}

async function repairPage(ports: WritePorts, page: PagePointer, look: Look): Promise<void> {
  const path = publicPagePath(page.project, page.sha256);
  if (await isIntact(ports, path, page, look)) return;
  await ports.publicTree.write(path, [await rebuildPage(ports, page)]);
  await ports.steps.reached("resume.copy-rebuilt");
}

/** Byte for byte what was signed, made again from its entries (ADR 3). */
export async function rebuildPage(
  { store }: Pick<WritePorts, "store">,
  { project, sha256, serial }: PagePointer,
): Promise<Uint8Array> {
  const record = await store.readProjectAt(project, serial);
  invariant(record !== undefined, "the store holds every page's entries");
  const bytes = formatProjectPage(record);
  if (sha256Hex(bytes) === sha256) return bytes;
  throw new UnavailableError(
    "storage.failed",
    `Cannot rebuild page ${serial} of ${project}: its entries do not make the bytes that were signed`,
  );
}

/** The bytes that were signed, kept or made again (ADR 9); undefined when the role's file is forgotten. */
export async function rebuildRole(
  { store }: Pick<WritePorts, "store">,
  { role, version }: Pick<RoleVersion, "role" | "version">,
): Promise<Uint8Array | undefined> {
  const kept = await store.readRoleFile(role, version);
  if (kept !== undefined) return kept;
  const bin = await store.readBin(role, version);
  if (bin === undefined) return undefined;
  const { first, last } = prefixesOfBin(binNumber(role), bin.bitLength);
  const pages = await store.readPagesByPrefixAt(first, last, bin.serial);
  const bytes = formatBin(bin, pages, bin.signatures);
  if (sha256Hex(bytes) === bin.sha256) return bytes;
  throw new UnavailableError(
    "storage.failed",
    `Cannot rebuild ${role} ${version}: its pages do not make the bytes that were signed`,
  );
}

async function isIntact(
  { publicTree }: Pick<WritePorts, "publicTree">,
  path: string,
  expected: { readonly sha256: string; readonly size: number },
  look: Look,
): Promise<boolean> {
  if ((await publicTree.readSize(path)) !== expected.size) return false;
  if (look === "size") return true;
  const bytes = await publicTree.read(path, expected.size);
  return bytes !== undefined && sha256Hex(bytes) === expected.sha256;
}

/** Bin by bin, for that is how they lie, and there may be more of them than memory. */
async function* newestPages(
  { store }: WritePorts,
  { bitLength }: WorkingState,
): AsyncGenerator<readonly PagePointer[]> {
  for (let bin = 0; bin < 2 ** bitLength; bin++) {
    const { first, last } = prefixesOfBin(bin, bitLength);
    yield await store.readPagesByPrefix(first, last);
  }
}

function newestVersion(state: WorkingState, role: string): number {
  return state.roles.get(role)?.version ?? 0;
}
