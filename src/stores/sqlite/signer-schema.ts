/**
 * The signer's tables. Append-only: `page`, `file_name` (a lost name may be found again, a good copy may correct one),
 * `change`. What can be rebuilt from public copies, or is only ever replaced by something newer: the rest. Times are
 * milliseconds since 1970.
 *
 * A batch names a thousand projects, whose rows lie anywhere; each place in a table that is touched costs a page of 4 kB
 * in the log and a second time in the database. So what only grows is kept in the order of time (ADR 9).
 */
import { sql } from "kysely";
import type { Kysely } from "kysely";
import type { Migrations } from "./database.ts";

export const signerMigrations: Migrations = {
  "0001-first": {
    async up(database: Kysely<unknown>): Promise<void> {
      for (const statement of firstTables) await sql.raw(statement).execute(database);
    },
  },
  "0002-projects-by-bin": {
    async up(database: Kysely<unknown>): Promise<void> {
      for (const statement of projectsByBin) await sql.raw(statement).execute(database);
    },
  },
  "0003-in-order-of-time": {
    async up(database: Kysely<unknown>): Promise<void> {
      for (const statement of inOrderOfTime) await sql.raw(statement).execute(database);
    },
  },
};

const firstTables: readonly string[] = [
  `CREATE TABLE lease (
    id INTEGER PRIMARY KEY CHECK (id = 1), token INTEGER NOT NULL, holder TEXT NOT NULL,
    taken_at INTEGER NOT NULL) STRICT`,
  `INSERT INTO lease VALUES (1, 0, '', 0)`,
  `CREATE TABLE state (
    id INTEGER PRIMARY KEY CHECK (id = 1), serial INTEGER NOT NULL, batch INTEGER NOT NULL,
    published_batch INTEGER NOT NULL, signed_at INTEGER, version_floor INTEGER NOT NULL,
    restored INTEGER NOT NULL) STRICT`,
  `INSERT INTO state VALUES (1, 0, 0, 0, NULL, 0, 0)`,
  // One row is newest for each role; the number of a version is never given twice.
  `CREATE TABLE role_file (
    role TEXT NOT NULL, version INTEGER NOT NULL, bytes BLOB NOT NULL, sha256 TEXT NOT NULL,
    signed_at INTEGER NOT NULL, expires TEXT NOT NULL, replaced_at INTEGER,
    PRIMARY KEY (role, version)) STRICT`,
  `CREATE UNIQUE INDEX role_newest ON role_file (role) WHERE replaced_at IS NULL`,
  `CREATE INDEX role_replaced ON role_file (replaced_at) WHERE replaced_at IS NOT NULL`,
  `CREATE INDEX role_signed ON role_file (signed_at)`,
  `CREATE TABLE project (
    name TEXT PRIMARY KEY, prefix INTEGER NOT NULL, serial INTEGER NOT NULL, sha256 TEXT NOT NULL,
    size INTEGER NOT NULL) STRICT, WITHOUT ROWID`,
  `CREATE INDEX project_prefix ON project (prefix)`,
  `CREATE UNIQUE INDEX project_serial ON project (serial)`,
  // `format` says how the page's bytes follow from its entries.
  `CREATE TABLE page (
    project TEXT NOT NULL, serial INTEGER NOT NULL, sha256 TEXT NOT NULL, size INTEGER NOT NULL,
    status TEXT NOT NULL, reason TEXT, format INTEGER NOT NULL, signed_at INTEGER NOT NULL,
    PRIMARY KEY (project, serial)) STRICT, WITHOUT ROWID`,
  `CREATE INDEX page_signed ON page (signed_at)`,
  `CREATE TABLE entry (
    project TEXT NOT NULL, filename TEXT NOT NULL, serial INTEGER NOT NULL, version TEXT NOT NULL,
    entry TEXT, PRIMARY KEY (project, filename, serial)) STRICT, WITHOUT ROWID`,
  `CREATE TABLE file_name (
    filename TEXT PRIMARY KEY, project TEXT NOT NULL, version TEXT NOT NULL, sha256 TEXT NOT NULL,
    size INTEGER NOT NULL, lost INTEGER NOT NULL) STRICT, WITHOUT ROWID`,
  `CREATE TABLE change (
    id TEXT PRIMARY KEY, digest TEXT NOT NULL, project TEXT NOT NULL, serial INTEGER NOT NULL)
    STRICT, WITHOUT ROWID`,
];

/** The projects of one bin lie side by side: a bin is read as often as it is signed. Their names lead there too. */
const projectsByBin: readonly string[] = [
  `CREATE TABLE project_by_bin (
    prefix INTEGER NOT NULL, name TEXT NOT NULL, serial INTEGER NOT NULL, sha256 TEXT NOT NULL,
    size INTEGER NOT NULL, PRIMARY KEY (prefix, name)) STRICT, WITHOUT ROWID`,
  `INSERT INTO project_by_bin SELECT prefix, name, serial, sha256, size FROM project
   ORDER BY prefix, name`,
  `DROP TABLE project`,
  `ALTER TABLE project_by_bin RENAME TO project`,
  `CREATE UNIQUE INDEX project_serial ON project (serial)`,
];

const inOrderOfTime: readonly string[] = [
  // `previous`: the project's page before. `changed`: tabbed-lines.ts. What is read more often stands before what is long.
  `CREATE TABLE page_in_time (
    serial INTEGER PRIMARY KEY, previous INTEGER CHECK (previous < serial), prefix INTEGER NOT NULL, project TEXT NOT NULL,
    sha256 TEXT NOT NULL, size INTEGER NOT NULL, status TEXT NOT NULL, reason TEXT,
    format INTEGER NOT NULL, signed_at INTEGER NOT NULL, changed TEXT NOT NULL) STRICT`,
  // Page by page, so that neither all pages are in memory nor all entries of a project are read for each of its pages.
  `CREATE INDEX page_serial ON page (serial)`,
  `CREATE INDEX entry_serial ON entry (serial)`,
  `INSERT INTO page_in_time
   SELECT page.serial, (SELECT max(before.serial) FROM page AS before
       WHERE before.project = page.project AND before.serial < page.serial),
     project.prefix, page.project, page.sha256, page.size, page.status, page.reason, page.format,
     page.signed_at, coalesce((SELECT group_concat(
       filename || char(9) || version || char(9) || coalesce(entry, '') || char(10), '')
       FROM entry INDEXED BY entry_serial
       WHERE entry.project = page.project AND entry.serial = page.serial), '')
   FROM page INDEXED BY page_serial
   CROSS JOIN (SELECT name, prefix FROM project) AS project ON project.name = page.project
   ORDER BY page.serial`,
  `DROP TABLE page`,
  `DROP TABLE entry`,
  `ALTER TABLE page_in_time RENAME TO page`,
  `CREATE INDEX page_signed ON page (signed_at)`,
  `DROP INDEX project_serial`,
  // `bytes`, or for a bin what they are made again from; `signatures`: tabbed-lines.ts.
  `CREATE TABLE role_in_time (
    id INTEGER PRIMARY KEY, role TEXT NOT NULL, version INTEGER NOT NULL, length INTEGER NOT NULL,
    sha256 TEXT NOT NULL, signed_at INTEGER NOT NULL, expires TEXT NOT NULL, format INTEGER,
    bit_length INTEGER, serial INTEGER, signatures TEXT, bytes BLOB) STRICT`,
  `CREATE TABLE replaced_role (
    id INTEGER PRIMARY KEY REFERENCES role_in_time (id) ON DELETE CASCADE,
    at INTEGER NOT NULL) STRICT`,
  `INSERT INTO role_in_time (role, version, length, sha256, signed_at, expires, bytes)
   SELECT role, version, length(bytes), sha256, signed_at, expires, bytes FROM role_file
   ORDER BY signed_at, role, version`,
  `INSERT INTO replaced_role SELECT role_in_time.id, role_file.replaced_at
   FROM role_file JOIN role_in_time USING (role, version) WHERE replaced_at IS NOT NULL`,
  `DROP TABLE role_file`,
  `ALTER TABLE role_in_time RENAME TO role_file`,
  `CREATE UNIQUE INDEX role_version ON role_file (role, version)`,
  `CREATE INDEX role_signed ON role_file (signed_at)`,
  `CREATE INDEX replaced_role_at ON replaced_role (at)`,
];
