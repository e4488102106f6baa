/** The signer's memory for simulated worlds: what a `SignerDisk` holds survives the process that wrote it. */
import { UnavailableError, invariant } from "#core/errors.ts";
import type { FileBinding } from "#core/publication/decide-changes.ts";
import { projectRecordOf } from "#core/publication/project-record.ts";
import type { ProjectFile, ProjectRecord } from "#core/publication/project-record.ts";
import type {
  BinFile,
  Commit,
  PageRecord,
  RecordedChange,
  RoleVersion,
  SignerState,
  SignerStore,
} from "#core/publication/signer-store.ts";
import type { RoleFile } from "#core/tuf/editor.ts";
import type { PagePointer } from "#formats/door/change.ts";
import type { ProjectName } from "#formats/python/project-name.ts";

export type SignerDisk = {
  token: number;
  serial: number;
  batch: number;
  publishedBatch: number;
  signedAt: Date | undefined;
  versionFloor: number;
  restored: boolean;
  /** By role, ascending by version. */
  readonly roles: Map<string, StoredRole[]>;
  /** By project, ascending by serial. */
  readonly pages: Map<ProjectName, StoredPage[]>;
  readonly bindings: Map<string, FileBinding>;
  readonly changes: Map<string, RecordedChange>;
};

type StoredRole = (RoleFile | BinFile) & { readonly replacedAt?: Date };
type StoredPage = PageRecord & { readonly signedAt: Date };

export function emptySignerDisk(): SignerDisk {
  return {
    token: 0,
    serial: 0,
    batch: 0,
    publishedBatch: 0,
    signedAt: undefined,
    versionFloor: 0,
    restored: false,
    roles: new Map(),
    pages: new Map(),
    bindings: new Map(),
    changes: new Map(),
  };
}

/** A copy as it was at this moment, which knows that it is one. */
export function backupSignerDisk(disk: SignerDisk): SignerDisk {
  return {
    ...disk,
    restored: true,
    roles: new Map([...disk.roles].map(([role, files]) => [role, [...files]])),
    pages: new Map([...disk.pages].map(([project, pages]) => [project, [...pages]])),
    bindings: new Map(disk.bindings),
    changes: new Map(disk.changes),
  };
}

export function createMemorySignerStore(disk: SignerDisk = emptySignerDisk()): SignerStore {
  return {
    async takeLease() {
      disk.token += 1;
      return disk.token;
    },
    readState: async () => readState(disk),
    async readRoleFile(role, version) {
      const file = storedRole(disk, role, version);
      return file !== undefined && "bytes" in file ? file.bytes : undefined;
    },
    async readBin(role, version) {
      const file = storedRole(disk, role, version);
      return file !== undefined && "bitLength" in file ? binOf(file) : undefined;
    },
    readChanges: async (ids) => pick(disk.changes, ids),
    readBindings: async (filenames) => pick(disk.bindings, filenames),
    readPage: async (project) => pointerOf(disk.pages.get(project)?.at(-1)),
    async readProject(project) {
      return projectAt(disk, project, disk.pages.get(project)?.at(-1)?.serial);
    },
    readProjectAt: async (project, serial) => projectAt(disk, project, serial),
    readPagesByPrefix: async (first, last) =>
      newestPages(disk)
        .filter(({ prefix }) => prefix >= first && prefix <= last)
        .toSorted((a, b) => a.prefix - b.prefix || (a.project < b.project ? -1 : 1))
        .map(pointer),
    readPagesByPrefixAt: async (first, last, until) =>
      [...disk.pages.values()]
        .flatMap((pages) => pages.filter(({ serial }) => serial <= until).slice(-1))
        .filter(({ prefix }) => prefix >= first && prefix <= last)
        .map(pointer),
    readPagesAfter: async (after, until, limit) =>
      newestPages(disk)
        .filter(({ serial }) => serial > after && serial <= until)
        .toSorted((a, b) => a.serial - b.serial)
        .slice(0, limit)
        .map(pointer),
    readPagesSince: async (since, limit) =>
      [...disk.pages.values()]
        .flat()
        .filter(({ signedAt }) => signedAt >= since)
        .toSorted((a, b) => a.serial - b.serial)
        .slice(-limit)
        .map(pointer),
    readPageHashes: async (project) =>
      new Set(disk.pages.get(project)?.map(({ sha256 }) => sha256)),
    readRolesSince: async (since, limit) =>
      [...disk.roles.values()]
        .flat()
        .filter(({ signedAt }) => signedAt >= since)
        .toSorted((a, b) => a.signedAt.getTime() - b.signedAt.getTime())
        .slice(-limit)
        .map(versionOf),
    readReplaced: async (before, limit) => readReplaced(disk, before, limit),
    async commit(token, commit) {
      checkLease(disk, token);
      writeCommit(disk, commit);
    },
    async publish(token, batch, replace) {
      checkLease(disk, token);
      await replace();
      disk.publishedBatch = batch;
    },
    async forgetRoles(token, roles) {
      checkLease(disk, token);
      for (const { role, version } of roles) {
        const files = disk.roles.get(role) ?? [];
        const kept = files.filter((file) => file.version !== version || !file.replacedAt);
        disk.roles.set(role, kept);
      }
    },
  };
}

function checkLease(disk: SignerDisk, token: number): void {
  if (disk.token === token) return;
  throw new UnavailableError(
    "signer.fenced",
    "Cannot publish: another signer has taken over; this one must end",
  );
}

function readState(disk: SignerDisk): SignerState {
  const { serial, batch, publishedBatch, signedAt, versionFloor, restored } = disk;
  const roles = new Map<string, RoleVersion>();
  for (const [role, files] of disk.roles) {
    const newest = files.at(-1);
    if (newest !== undefined) roles.set(role, versionOf(newest));
  }
  const projects = disk.pages.size;
  return { roles, serial, batch, publishedBatch, signedAt, projects, versionFloor, restored };
}

/** Checks everything before it changes anything, as a transaction would. */
function writeCommit(disk: SignerDisk, commit: Commit): void {
  invariant(commit.batch === disk.batch + 1, "batches are committed in order");
  const roles = [...commit.roles, ...commit.bins];
  for (const { role, version } of roles) {
    const newest = disk.roles.get(role)?.at(-1)?.version ?? 0;
    invariant(version > newest, "a version is signed once");
  }
  for (const { filename, sha256, size } of commit.bindings) {
    const bound = disk.bindings.get(filename);
    const again = bound?.lost === true && bound.sha256 === sha256 && bound.size === size;
    invariant(bound === undefined || again, "a bound name keeps its bytes");
  }
  for (const { id } of commit.changes) {
    invariant(!disk.changes.has(id), "a change is committed once");
  }
  const { signedAt } = commit;
  for (const file of roles) {
    const files = disk.roles.get(file.role) ?? [];
    const before = files.map((old) => (old.replacedAt ? old : { ...old, replacedAt: signedAt }));
    disk.roles.set(file.role, [...before, file]);
  }
  for (const page of commit.pages) {
    disk.pages.set(page.project, [...(disk.pages.get(page.project) ?? []), { ...page, signedAt }]);
    disk.serial = Math.max(disk.serial, page.serial);
  }
  for (const binding of [...commit.bindings, ...(commit.rebound ?? [])]) {
    disk.bindings.set(binding.filename, binding);
  }
  for (const { id, digest, project, serial } of commit.changes) {
    const page = pointerOf(disk.pages.get(project)?.find((record) => record.serial === serial));
    invariant(page !== undefined, "a change names a page");
    disk.changes.set(id, { id, digest, page });
  }
  disk.batch = commit.batch;
  disk.signedAt = signedAt;
  if (commit.versionFloor !== undefined) {
    disk.versionFloor = commit.versionFloor;
    disk.serial = Math.max(disk.serial, commit.versionFloor);
    disk.restored = false;
  }
}

function projectAt(
  disk: SignerDisk,
  project: ProjectName,
  serial: number | undefined,
): ProjectRecord | undefined {
  const pages = disk.pages.get(project) ?? [];
  const head = pages.find((page) => page.serial === serial);
  if (head === undefined) return undefined;
  const newest = new Map<string, ProjectFile>();
  for (const page of pages) {
    if (page.serial > head.serial) break;
    for (const { filename, version, entry } of page.changed) {
      if (entry === undefined) newest.delete(filename);
      else newest.set(filename, { filename, version, entry });
    }
  }
  const { status, statusReason } = head;
  return projectRecordOf(
    project,
    { status, ...(statusReason !== undefined && { statusReason }) },
    [...newest.values()].toSorted((a, b) => (a.filename < b.filename ? -1 : 1)),
  );
}

function readReplaced(disk: SignerDisk, before: Date, limit: number): readonly RoleVersion[] {
  const kept = new Set(["root", "targets", "claimed"]);
  return [...disk.roles.values()]
    .flat()
    .filter(({ role, replacedAt }) => replacedAt && replacedAt < before && !kept.has(role))
    .toSorted((a, b) => (a.replacedAt?.getTime() ?? 0) - (b.replacedAt?.getTime() ?? 0))
    .slice(0, limit)
    .map(versionOf);
}

function newestPages(disk: SignerDisk): readonly StoredPage[] {
  return [...disk.pages.values()].flatMap((pages) => pages.slice(-1));
}

function pointerOf(page: StoredPage | undefined): PagePointer | undefined {
  return page === undefined ? undefined : pointer(page);
}

function pointer({ project, sha256, size, serial }: StoredPage): PagePointer {
  return { project, sha256, size, serial };
}

function storedRole(disk: SignerDisk, role: string, version: number): StoredRole | undefined {
  return disk.roles.get(role)?.find((file) => file.version === version);
}

function versionOf(file: StoredRole): RoleVersion {
  const { role, version, sha256, signedAt, expires } = file;
  const length = "bytes" in file ? file.bytes.byteLength : file.length;
  return { role, version, length, sha256, signedAt, expires };
}

function binOf(file: BinFile): BinFile {
  const { bitLength, serial, signatures } = file;
  return { ...versionOf(file), bitLength, serial, signatures };
}

function pick<T>(values: ReadonlyMap<string, T>, names: readonly string[]): ReadonlyMap<string, T> {
  const found = new Map<string, T>();
  for (const name of names) {
    const value = values.get(name);
    if (value !== undefined) found.set(name, value);
  }
  return found;
}
