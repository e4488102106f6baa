/** The index's database: its tables, and how they came to be. Times are ISO 8601 texts in UTC, which sort as times do. */
import { sql, type Generated, type Kysely } from "kysely";
import type { Migrations } from "./database.ts";

export type AccountRow = { id: string; name: string; created_at: string };

export type TokenRow = {
  id: string;
  account_id: string;
  label: string;
  /** SHA-256 of the token's text, lower-case hex. */
  hash: string;
  /** Joined by blanks. */
  actions: string;
  /** Joined by blanks; null: every project. */
  projects: string | null;
  created_at: string;
  expires_at: string | null;
  revoked_at: string | null;
};

export type ProjectRow = {
  name: string;
  status: string;
  status_reason: string | null;
  created_at: string;
};

export type MemberRow = { project: string; account_id: string; role: string };

export type FileRow = {
  filename: string;
  project: string;
  version: string;
  kind: string;
  sha256: string;
  blake2b256: string | null;
  md5: string | null;
  size: number;
  upload_time: string;
  requires_python: string | null;
  core_metadata: string | null;
  summary: string;
  /** null: not yanked; empty: yanked without a reason. */
  yanked: string | null;
  state: string;
  uploaded_by: string | null;
};

export type OutboxRow = {
  seq: Generated<number>;
  id: string;
  /** The file the change names; null when it names none. */
  filename: string | null;
  /** The change as JSON. */
  change: string;
  purge: number;
  created_at: string;
  /** null until the signer has answered; then "published" or the code of its refusal. */
  outcome: string | null;
  message: string | null;
};

export type PageRow = { project: string; sha256: string; size: number; serial: number };

export type SettingRow = { key: string; value: string };

export type IndexTables = {
  account: AccountRow;
  token: TokenRow;
  project: ProjectRow;
  member: MemberRow;
  file: FileRow;
  outbox: OutboxRow;
  page: PageRow;
  setting: SettingRow;
};

const schema: readonly string[] = [
  `CREATE TABLE account (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, created_at TEXT NOT NULL) STRICT`,
  `CREATE TABLE token (
    id TEXT PRIMARY KEY, account_id TEXT NOT NULL REFERENCES account (id), label TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE, actions TEXT NOT NULL, projects TEXT, created_at TEXT NOT NULL,
    expires_at TEXT, revoked_at TEXT) STRICT`,
  `CREATE TABLE project (
    name TEXT PRIMARY KEY, status TEXT NOT NULL, status_reason TEXT, created_at TEXT NOT NULL) STRICT`,
  `CREATE TABLE member (
    project TEXT NOT NULL REFERENCES project (name) ON DELETE CASCADE,
    account_id TEXT NOT NULL REFERENCES account (id), role TEXT NOT NULL,
    PRIMARY KEY (project, account_id)) STRICT, WITHOUT ROWID`,
  `CREATE TABLE file (
    filename TEXT PRIMARY KEY, project TEXT NOT NULL REFERENCES project (name), version TEXT NOT NULL,
    kind TEXT NOT NULL, sha256 TEXT NOT NULL, blake2b256 TEXT, md5 TEXT, size INTEGER NOT NULL,
    upload_time TEXT NOT NULL, requires_python TEXT, core_metadata TEXT, summary TEXT NOT NULL,
    yanked TEXT, state TEXT NOT NULL, uploaded_by TEXT) STRICT, WITHOUT ROWID`,
  `CREATE INDEX file_project ON file (project)`,
  `CREATE INDEX file_sha256 ON file (sha256)`,
  `CREATE TABLE outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, filename TEXT, change TEXT NOT NULL,
    purge INTEGER NOT NULL, created_at TEXT NOT NULL, outcome TEXT, message TEXT) STRICT`,
  `CREATE INDEX outbox_waiting ON outbox (seq) WHERE outcome IS NULL`,
  `CREATE INDEX outbox_filename ON outbox (filename) WHERE outcome IS NULL`,
  `CREATE INDEX outbox_created ON outbox (created_at) WHERE outcome IS NOT NULL`,
  `CREATE TABLE page (
    project TEXT PRIMARY KEY REFERENCES project (name), sha256 TEXT NOT NULL, size INTEGER NOT NULL,
    serial INTEGER NOT NULL) STRICT, WITHOUT ROWID`,
  `CREATE TABLE setting (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID`,
];

export const indexMigrations: Migrations = {
  "0001-first": {
    async up(db: Kysely<unknown>): Promise<void> {
      for (const statement of schema) await sql.raw(statement).execute(db);
    },
  },
};
