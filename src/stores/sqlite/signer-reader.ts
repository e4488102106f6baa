/** The signer's lookups: prepared once, on the reading connection, so they see only what is committed. */
import type { DatabaseSync } from "node:sqlite";
import { invariant } from "#core/errors.ts";
import { pagePrefix } from "#core/tuf/layout.ts";
import { projectRecordOf } from "#core/publication/project-record.ts";
import type { ProjectFile, ProjectRecord } from "#core/publication/project-record.ts";
import type { FileBinding } from "#core/publication/decide-changes.ts";
import type { RecordedChange, RoleVersion, SignerState } from "#core/publication/signer-store.ts";
import { parseInstant } from "#formats/bytes/instant.ts";
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import type { PagePointer } from "#formats/door/change.ts";
import { isProjectName } from "#formats/python/project-name.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import { isProjectStatus } from "#formats/python/project-status.ts";
import { readBytes, readInteger, readOptionalText, readText } from "./row.ts";
import type { Row } from "./row.ts";

const roleColumns = "role, version, length(bytes) AS length, sha256, signed_at, expires";
const pageColumns = "project, sha256, size, serial";

export class SignerReader {
  readonly #statements: ReturnType<typeof prepareAll>;

  constructor(database: DatabaseSync) {
    this.#statements = prepareAll(database);
  }

  state(): SignerState {
    const row: Row | undefined = this.#statements.state.get();
    invariant(row !== undefined, "the signer's database has its state");
    const roles = new Map<string, RoleVersion>();
    for (const role of this.#statements.newestRoles.all()) {
      const version = roleVersion(role);
      roles.set(version.role, version);
    }
    const { signed_at: signedAt } = row;
    return {
      roles,
      serial: readInteger(row, "serial"),
      batch: readInteger(row, "batch"),
      publishedBatch: readInteger(row, "published_batch"),
      signedAt: typeof signedAt === "number" ? new Date(signedAt) : undefined,
      projects: readInteger(row, "projects"),
      versionFloor: readInteger(row, "version_floor"),
      restored: readInteger(row, "restored") !== 0,
    };
  }

  roleFile(role: string, version: number): Uint8Array | undefined {
    const row: Row | undefined = this.#statements.roleFile.get(role, version);
    return row === undefined ? undefined : readBytes(row, "bytes");
  }

  changes(ids: readonly string[]): ReadonlyMap<string, RecordedChange> {
    const found = new Map<string, RecordedChange>();
    for (const id of ids) {
      const row: Row | undefined = this.#statements.change.get(id);
      if (row !== undefined) {
        found.set(id, { id, digest: readText(row, "digest"), page: pagePointer(row) });
      }
    }
    return found;
  }

  bindings(filenames: readonly string[]): ReadonlyMap<string, FileBinding> {
    const found = new Map<string, FileBinding>();
    for (const filename of filenames) {
      const row: Row | undefined = this.#statements.binding.get(filename);
      if (row === undefined) continue;
      found.set(filename, {
        filename,
        project: projectName(row),
        version: readText(row, "version"),
        sha256: readText(row, "sha256"),
        size: readInteger(row, "size"),
        lost: readInteger(row, "lost") !== 0,
      });
    }
    return found;
  }

  page(project: ProjectName): PagePointer | undefined {
    const row: Row | undefined = this.#statements.page.get(pagePrefix(project), project);
    return row === undefined ? undefined : pagePointer(row);
  }

  projectAt(project: ProjectName, serial: number): ProjectRecord | undefined {
    const head: Row | undefined = this.#statements.pageHead.get(project, serial);
    if (head === undefined) return undefined;
    const status = readText(head, "status");
    invariant(isProjectStatus(status), "a page has a status");
    invariant(readInteger(head, "format") === pageFormat, "a page's format is known");
    const statusReason = readOptionalText(head, "reason");
    const newest = new Map<string, ProjectFile>();
    // By name, then serial: the last one of a name is what the page said, and a name keeps its place in the map.
    for (const row of this.#statements.entries.iterate(project, serial)) {
      const filename = readText(row, "filename");
      const entry = readOptionalText(row, "entry");
      if (entry === undefined) newest.delete(filename);
      else {
        const version = readText(row, "version");
        newest.set(filename, { filename, version, entry: formatUtf8(entry) });
      }
    }
    return projectRecordOf(
      project,
      { status, ...(statusReason !== undefined && { statusReason }) },
      [...newest.values()],
    );
  }

  pagesByPrefix(first: number, last: number): readonly PagePointer[] {
    return this.#statements.pagesByPrefix.all(first, last).map(pagePointer);
  }

  pagesAfter(after: number, until: number, limit: number): readonly PagePointer[] {
    return this.#statements.pagesAfter.all(after, until, limit).map(pagePointer);
  }

  pagesSince(since: Date): readonly PagePointer[] {
    return this.#statements.pagesSince.all(since.getTime()).map(pagePointer);
  }

  hasPage(project: ProjectName, sha256: string): boolean {
    return this.#statements.hasPage.get(project, sha256) !== undefined;
  }

  rolesSince(since: Date): readonly RoleVersion[] {
    return this.#statements.rolesSince.all(since.getTime()).map(roleVersion);
  }

  replaced(before: Date, limit: number): readonly RoleVersion[] {
    return this.#statements.replaced.all(before.getTime(), limit).map(roleVersion);
  }
}

/** How `formatProjectPage` makes bytes today. A change of it needs a way to make the older ones as before. */
export const pageFormat = 1;

function prepareAll(database: DatabaseSync) {
  return {
    state: database.prepare(
      "SELECT *, (SELECT count(*) FROM project) AS projects FROM state WHERE id = 1",
    ),
    newestRoles: database.prepare(
      `SELECT ${roleColumns} FROM role_file WHERE replaced_at IS NULL ORDER BY role`,
    ),
    roleFile: database.prepare("SELECT bytes FROM role_file WHERE role = ? AND version = ?"),
    rolesSince: database.prepare(
      `SELECT ${roleColumns} FROM role_file WHERE signed_at >= ? ORDER BY signed_at, role`,
    ),
    replaced: database.prepare(
      `SELECT ${roleColumns} FROM role_file
       WHERE replaced_at < ? AND role NOT IN ('root', 'targets', 'claimed')
       ORDER BY replaced_at LIMIT ?`,
    ),
    change: database.prepare(
      `SELECT c.digest, p.project, p.sha256, p.size, p.serial FROM change c
       JOIN page p ON p.project = c.project AND p.serial = c.serial WHERE c.id = ?`,
    ),
    binding: database.prepare("SELECT * FROM file_name WHERE filename = ?"),
    page: database.prepare(
      "SELECT name AS project, sha256, size, serial FROM project WHERE prefix = ? AND name = ?",
    ),
    pageHead: database.prepare(
      "SELECT status, reason, format FROM page WHERE project = ? AND serial = ?",
    ),
    entries: database.prepare(
      `SELECT filename, version, entry FROM entry WHERE project = ? AND serial <= ?
       ORDER BY filename, serial`,
    ),
    pagesByPrefix: database.prepare(
      `SELECT name AS project, sha256, size, serial FROM project
       WHERE prefix BETWEEN ? AND ? ORDER BY prefix, name`,
    ),
    pagesAfter: database.prepare(
      `SELECT name AS project, sha256, size, serial FROM project
       WHERE serial > ? AND serial <= ? ORDER BY serial LIMIT ?`,
    ),
    pagesSince: database.prepare(
      `SELECT ${pageColumns} FROM page WHERE signed_at >= ? ORDER BY serial`,
    ),
    hasPage: database.prepare("SELECT 1 FROM page WHERE project = ? AND sha256 = ? LIMIT 1"),
  };
}

function roleVersion(row: Row): RoleVersion {
  return {
    role: readText(row, "role"),
    version: readInteger(row, "version"),
    length: readInteger(row, "length"),
    sha256: readText(row, "sha256"),
    signedAt: new Date(readInteger(row, "signed_at")),
    expires: parseInstant(readText(row, "expires")),
  };
}

function pagePointer(row: Row): PagePointer {
  return {
    project: projectName(row),
    sha256: readText(row, "sha256"),
    size: readInteger(row, "size"),
    serial: readInteger(row, "serial"),
  };
}

function projectName(row: Row): ProjectName {
  const name = readText(row, "project");
  invariant(isProjectName(name), "a project's name is normalised");
  return name;
}
