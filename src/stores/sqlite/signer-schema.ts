/**
 * The signer's tables. Append-only: `page`, `entry`, `file_name` (a lost name may be found again, a good copy may correct one), `change`. What can
 * be rebuilt from public copies, or is only ever replaced by something newer: the rest. Times are milliseconds since
 * 1970.
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
