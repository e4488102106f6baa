/** The signer's lookups: prepared once, on the reading connection, so they see only what is committed. */
import type { DatabaseSync } from "node:sqlite";
import { invariant } from "#core/errors.ts";
import { pagePrefix } from "#core/tuf/layout.ts";
import { projectRecordOf } from "#core/publication/project-record.ts";
import type { ProjectFile, ProjectRecord } from "#core/publication/project-record.ts";
import type { FileBinding } from "#core/publication/decide-changes.ts";
import type {
  BinFile,
  RecordedChange,
  RoleVersion,
  SignerState,
} from "#core/publication/signer-store.ts";
import { parseHex } from "#formats/bytes/hex.ts";
import { parseInstant } from "#formats/bytes/instant.ts";
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import type { PagePointer } from "#formats/door/change.ts";
import { isProjectName } from "#formats/python/project-name.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import { isProjectStatus } from "#formats/python/project-status.ts";
import { readBytes, readInteger, readOptionalText, readText } from "./row.ts";
import type { Row } from "./row.ts";
import { parseLines } from "./tabbed-lines.ts";

const roleColumns = "role, version, length, sha256, signed_at, expires";
const pageColumns = "page.project, page.sha256, page.size, page.serial";

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
    const row: Row | undefined = this.#statements.roleBytes.get(role, version);
    return row === undefined ? undefined : readBytes(row, "bytes");
  }

  bin(role: string, version: number): BinFile | undefined {
    const row: Row | undefined = this.#statements.bin.get(role, version);
    if (row === undefined) return undefined;
    invariant(readInteger(row, "format") === binFormat, "a bin's format is known");
    const lines = parseLines(readText(row, "signatures"), 2);
    return {
      ...roleVersion(row),
      bitLength: readInteger(row, "bit_length"),
      serial: readInteger(row, "serial"),
      signatures: new Map(lines.map(([id = "", signature = ""]) => [id, parseHex(signature)])),
    };
  }

  changes(ids: readonly string[]): ReadonlyMap<string, RecordedChange> {
    const found = new Map<string, RecordedChange>();
    const rows: Iterable<Row> = this.#statements.changes.iterate(JSON.stringify(ids));
    for (const row of rows) {
      const id = readText(row, "id");
      found.set(id, { id, digest: readText(row, "digest"), page: pagePointer(row) });
    }
    return found;
  }

  bindings(filenames: readonly string[]): ReadonlyMap<string, FileBinding> {
    const found = new Map<string, FileBinding>();
    const rows: Iterable<Row> = this.#statements.bindings.iterate(JSON.stringify(filenames));
    for (const row of rows) {
      const filename = readText(row, "filename");
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
    const [newest, ...before]: readonly Row[] = this.#statements.pagesBackFrom.all(serial);
    if (newest === undefined || readText(newest, "project") !== project) return undefined;
    const status = readText(newest, "status");
    invariant(isProjectStatus(status), "a page has a status");
    invariant(readInteger(newest, "format") === pageFormat, "a page's format is known");
    const statusReason = readOptionalText(newest, "reason");
    return projectRecordOf(
      project,
      { status, ...(statusReason !== undefined && { statusReason }) },
      filesOf([newest, ...before]),
    );
  }

  pagesByPrefix(first: number, last: number): readonly PagePointer[] {
    const rows: readonly unknown[] = this.#statements.pagesByPrefix.all(first, last);
    return rows.map(pointerOfColumns);
  }

  pagesByPrefixAt(first: number, last: number, serial: number): readonly PagePointer[] {
    return this.#statements.pagesByPrefixAt.all({ first, last, serial }).map(pagePointer);
  }

  pagesAfter(after: number, until: number, limit: number): readonly PagePointer[] {
    return this.#statements.pagesAfter.all(after, until, limit).map(pagePointer);
  }

  pagesSince(since: Date, limit: number): readonly PagePointer[] {
    return this.#statements.pagesSince.all(since.getTime(), limit).toReversed().map(pagePointer);
  }

  pageHashes(project: ProjectName): ReadonlySet<string> {
    const rows: readonly Row[] = this.#statements.pageHashes.all(pagePrefix(project), project);
    return new Set(rows.map((row) => readText(row, "sha256")));
  }

  rolesSince(since: Date, limit: number): readonly RoleVersion[] {
    return this.#statements.rolesSince.all(since.getTime(), limit).toReversed().map(roleVersion);
  }

  replaced(before: Date, limit: number): readonly RoleVersion[] {
    return this.#statements.replaced.all(before.getTime(), limit).map(roleVersion);
  }
}

/** How `formatProjectPage` makes bytes today. A change of it needs a way to make the older ones as before. */
export const pageFormat = 1;
/** The same of `formatBin`. */
export const binFormat = 1;

/** Ascending by name; `pages` come newest first, so what is said of a name first is what holds. */
function filesOf(pages: Iterable<Row>): readonly ProjectFile[] {
  const newest = new Map<string, ProjectFile | undefined>();
  for (const page of pages) {
    for (const [filename = "", version = "", entry = ""] of parseLines(
      readText(page, "changed"),
      3,
    )) {
      if (newest.has(filename)) continue;
      const file = { filename, version, entry: formatUtf8(entry) };
      newest.set(filename, entry === "" ? undefined : file);
    }
  }
  return [...newest.values()]
    .filter((file) => file !== undefined)
    .toSorted((a, b) => (a.filename < b.filename ? -1 : 1));
}

function prepareAll(database: DatabaseSync) {
  const pagesByPrefix = database.prepare(
    `SELECT name AS project, sha256, size, serial FROM project
     WHERE prefix BETWEEN ? AND ? ORDER BY prefix, name`,
  );
  pagesByPrefix.setReturnArrays(true);
  return {
    pagesByPrefix,
    state: database.prepare(
      "SELECT *, (SELECT count(*) FROM project) AS projects FROM state WHERE id = 1",
    ),
    newestRoles: database.prepare(
      `SELECT ${roleColumns} FROM role_file
       WHERE NOT EXISTS (SELECT 1 FROM replaced_role WHERE replaced_role.id = role_file.id)
       ORDER BY role`,
    ),
    roleBytes: database.prepare(
      "SELECT bytes FROM role_file WHERE role = ? AND version = ? AND bytes IS NOT NULL",
    ),
    bin: database.prepare(
      `SELECT ${roleColumns}, format, bit_length, serial, signatures FROM role_file
       WHERE role = ? AND version = ? AND signatures IS NOT NULL`,
    ),
    rolesSince: database.prepare(
      `SELECT ${roleColumns} FROM role_file WHERE signed_at >= ?
       ORDER BY signed_at DESC, id DESC LIMIT ?`,
    ),
    replaced: database.prepare(
      `SELECT ${roleColumns} FROM replaced_role JOIN role_file USING (id)
       WHERE at < ? AND role NOT IN ('root', 'targets', 'claimed') ORDER BY at LIMIT ?`,
    ),
    // Nearly all of what is asked for is not there: one statement for all of it, not one for each.
    changes: database.prepare(
      `SELECT change.id, change.digest, ${pageColumns} FROM json_each(?) AS asked
       CROSS JOIN change ON change.id = asked.value CROSS JOIN page USING (serial)`,
    ),
    bindings: database.prepare(
      `SELECT file_name.* FROM json_each(?) AS asked
       CROSS JOIN file_name ON file_name.filename = asked.value`,
    ),
    page: database.prepare(
      "SELECT name AS project, sha256, size, serial FROM project WHERE prefix = ? AND name = ?",
    ),
    pagesBackFrom: database.prepare(
      `WITH RECURSIVE back (serial) AS (
         VALUES (?)
         UNION ALL
         SELECT previous FROM page JOIN back USING (serial) WHERE previous IS NOT NULL)
       SELECT project, status, reason, format, changed FROM back JOIN page USING (serial)
       ORDER BY serial DESC`,
    ),
    // Each project's newest page at or before the serial.
    pagesByPrefixAt: database.prepare(
      `WITH RECURSIVE back (serial) AS (
         SELECT serial FROM project WHERE prefix BETWEEN :first AND :last
         UNION ALL
         SELECT previous FROM page JOIN back USING (serial)
         WHERE serial > :serial AND previous IS NOT NULL)
       SELECT ${pageColumns} FROM back JOIN page USING (serial) WHERE serial <= :serial`,
    ),
    pagesAfter: database.prepare(
      `SELECT ${pageColumns} FROM page
       JOIN project ON project.prefix = page.prefix AND project.name = page.project
       WHERE page.serial > ? AND page.serial <= ? AND project.serial = page.serial
       ORDER BY page.serial LIMIT ?`,
    ),
    pagesSince: database.prepare(
      `SELECT ${pageColumns} FROM page WHERE signed_at >= ?
       ORDER BY signed_at DESC, serial DESC LIMIT ?`,
    ),
    pageHashes: database.prepare(
      `WITH RECURSIVE back (serial) AS (
         SELECT serial FROM project WHERE prefix = ? AND name = ?
         UNION ALL
         SELECT previous FROM page JOIN back USING (serial) WHERE previous IS NOT NULL)
       SELECT sha256 FROM back JOIN page USING (serial)`,
    ),
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

/** As `pagePointer`, of the columns in this order: by half as long, and every bin that is signed reads some forty. */
function pointerOfColumns(columns: unknown): PagePointer {
  invariant(Array.isArray(columns), "this statement returns arrays");
  const [project, sha256, size, serial]: readonly unknown[] = columns;
  invariant(
    typeof project === "string" && typeof sha256 === "string",
    "columns project and sha256 are text",
  );
  invariant(
    typeof size === "number" && typeof serial === "number",
    "columns size and serial are integers",
  );
  return { project: normalisedName(project), sha256, size, serial };
}

function projectName(row: Row): ProjectName {
  return normalisedName(readText(row, "project"));
}

function normalisedName(name: string): ProjectName {
  invariant(isProjectName(name), "a project's name is normalised");
  return name;
}
