/** The signer's memory in SQLite (core/publication/signer-store.ts says what it promises). */
import { existsSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { CompiledQuery } from "kysely";
import type { Kysely } from "kysely";
import { RefusedError, UnavailableError, invariant } from "#core/errors.ts";
import type {
  Commit,
  PageRecord,
  RoleVersion,
  SignerStore,
} from "#core/publication/signer-store.ts";
import { formatHex } from "#formats/bytes/hex.ts";
import { parseUtf8 } from "#formats/bytes/utf8.ts";
import { storageError } from "#stores/folder/storage-error.ts";
import { openDatabase } from "./database.ts";
import type { Database } from "./database.ts";
import { SignerReader, binFormat, pageFormat } from "./signer-reader.ts";
import { signerMigrations } from "./signer-schema.ts";
import type { SyncQueries } from "./sync-queries.ts";
import { formatLines } from "./tabbed-lines.ts";

export type SqliteSignerStore = SignerStore & {
  /**
   * A consistent copy, which knows of itself that it is one: a signer that is started on it goes on from versions that
   * nobody has seen. Never replaces what is at `path` (RefusedError `request.invalid`): that could be the database itself.
   */
  backup(path: string): Promise<void>;
  close(): Promise<void>;
};

// Every statement is written out: publication waits for each of them.
type NoTables = Record<string, never>;
type Transaction = Kysely<NoTables>;

/** A database at `path`, or in memory (`:memory:`) for tests. */
export async function openSqliteSignerStore(path: string): Promise<SqliteSignerStore> {
  const database = await openDatabase<NoTables>(path, signerMigrations);
  const reader = new SignerReader(database.reader);
  return {
    takeLease: (holder, now) => takeLease(database, holder, now),
    readState: async () => reader.state(),
    readRoleFile: async (role, version) => reader.roleFile(role, version),
    readBin: async (role, version) => reader.bin(role, version),
    readChanges: async (ids) => reader.changes(ids),
    readBindings: async (filenames) => reader.bindings(filenames),
    readPage: async (project) => reader.page(project),
    async readProject(project) {
      const page = reader.page(project);
      return page === undefined ? undefined : reader.projectAt(project, page.serial);
    },
    readProjectAt: async (project, serial) => reader.projectAt(project, serial),
    readPagesByPrefix: async (first, last) => reader.pagesByPrefix(first, last),
    readPagesByPrefixAt: async (first, last, serial) => reader.pagesByPrefixAt(first, last, serial),
    readPagesAfter: async (after, until, limit) => reader.pagesAfter(after, until, limit),
    readPagesSince: async (since, limit) => reader.pagesSince(since, limit),
    readPageHashes: async (project) => reader.pageHashes(project),
    readRolesSince: async (since, limit) => reader.rolesSince(since, limit),
    readReplaced: async (before, limit) => reader.replaced(before, limit),
    commit: (token, commit) =>
      database.write((writer) => {
        checkLease(writer.runText(holdLease, [token]));
        writeCommit(writer, commit);
      }),
    publish: (token, batch, replace) =>
      database.transact(async (transaction) => {
        // The first statement writes, so the lease cannot be taken until this transaction ends.
        checkLease(await run(transaction, holdLease, [token]));
        await replace();
        await run(transaction, "UPDATE state SET published_batch = ?", [batch]);
      }, "relaxed"),
    forgetRoles: (token, roles) =>
      database.write((writer) => {
        checkLease(writer.runText(holdLease, [token]));
        for (const { role, version } of roles) writer.runText(deleteReplaced, [role, version]);
      }, "relaxed"),
    backup: (target) => backup(database, target),
    close: () => database.close(),
  };
}

async function takeLease(database: Database<NoTables>, holder: string, now: Date): Promise<number> {
  return await database.transact(async (transaction) => {
    const { rows } = await transaction.executeQuery<{ token: number }>(
      CompiledQuery.raw(
        "UPDATE lease SET token = token + 1, holder = ?, taken_at = ? RETURNING token",
        [holder, now.getTime()],
      ),
    );
    const token = rows[0]?.token;
    invariant(token !== undefined, "the signer's database has its lease");
    return token;
  });
}

const holdLease = "UPDATE lease SET token = token WHERE token = ?";

/** `held`: rows that `holdLease` found. */
function checkLease(held: number): void {
  if (held === 1) return;
  throw new UnavailableError(
    "signer.fenced",
    "Cannot publish: another signer has taken over; this one must end",
  );
}

function writeCommit(writer: SyncQueries<NoTables>, commit: Commit): void {
  const at = commit.signedAt.getTime();
  for (const { bytes, ...file } of commit.roles) {
    writeRole(writer, at, { ...file, length: bytes.byteLength }, [null, null, null, null, bytes]);
  }
  for (const { bitLength, serial, signatures, ...file } of commit.bins) {
    const lines = formatLines([...signatures].map(([id, bytes]) => [id, formatHex(bytes)]));
    writeRole(writer, at, file, [binFormat, bitLength, serial, lines, null]);
  }
  for (const page of commit.pages) writePage(writer, at, page);
  for (const { filename, project, version, sha256, size, lost } of commit.bindings) {
    const values = [filename, project, version, sha256, size, lost ? 1 : 0];
    invariant(writer.runText(bindName, values) === 1, "a bound name keeps its bytes");
  }
  for (const { filename, project, version, sha256, size, lost } of commit.rebound ?? []) {
    writer.runText(rebindName, [filename, project, version, sha256, size, lost ? 1 : 0]);
  }
  for (const { id, digest, project, serial } of commit.changes) {
    writer.runText(insertChange, [id, digest, project, serial]);
  }
  // There may be a page for each project: too many to be arguments.
  const serial = commit.pages.reduce(
    (most, page) => Math.max(most, page.serial),
    commit.versionFloor ?? 0,
  );
  const floor = commit.versionFloor ?? null;
  const moved = writer.runText(moveState, [serial, commit.batch, at, floor, floor, commit.batch]);
  invariant(moved === 1, "batches are committed in order");
}

/** `content`: the columns from `format` on. */
function writeRole(
  writer: SyncQueries<NoTables>,
  at: number,
  { role, version, length, sha256, signedAt, expires }: RoleVersion,
  content: readonly unknown[],
): void {
  writer.runText(replaceNewest, [at, role]);
  const values = [role, version, length, sha256, signedAt.getTime(), expires.text, ...content];
  const inserted = writer.runText(insertRole, [...values, role, version]);
  invariant(inserted === 1, "a role's version is signed once, and is higher than those before");
}

function writePage(writer: SyncQueries<NoTables>, at: number, page: PageRecord): void {
  const { changed, prefix, project, serial, sha256, size, status, statusReason } = page;
  const lines = changed.map(({ filename, version, entry }) => {
    invariant(entry === undefined || entry.byteLength > 0, "what is empty is gone");
    return [filename, version, entry === undefined ? "" : parseUtf8(entry)];
  });
  writer.runText(insertPage, [
    ...[serial, prefix, project, prefix, project, sha256, size],
    ...[status, statusReason ?? null, pageFormat, at, formatLines(lines)],
  ]);
  writer.runText(upsertProject, [project, prefix, serial, sha256, size]);
}

const replaceNewest = `INSERT INTO replaced_role (id, at)
  SELECT id, ? FROM role_file WHERE role = ? ORDER BY version DESC LIMIT 1`;
const insertRole = `INSERT INTO role_file (role, version, length, sha256, signed_at, expires,
    format, bit_length, serial, signatures, bytes)
  SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?
  WHERE NOT EXISTS (SELECT 1 FROM role_file WHERE role = ? AND version >= ?)`;
const deleteReplaced = `DELETE FROM role_file WHERE role = ? AND version = ?
  AND EXISTS (SELECT 1 FROM replaced_role WHERE replaced_role.id = role_file.id)`;
const upsertProject = `INSERT INTO project (name, prefix, serial, sha256, size) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT (prefix, name) DO UPDATE SET
    serial = excluded.serial, sha256 = excluded.sha256, size = excluded.size`;
const insertPage = `INSERT INTO page
    (serial, previous, prefix, project, sha256, size, status, reason, format, signed_at, changed)
  VALUES (?, (SELECT serial FROM project WHERE prefix = ? AND name = ?), ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
// A lost name may be found again, by the same bytes only.
const bindName = `INSERT INTO file_name (filename, project, version, sha256, size, lost)
  VALUES (?, ?, ?, ?, ?, ?)
  ON CONFLICT (filename) DO UPDATE SET lost = excluded.lost
  WHERE lost = 1 AND sha256 = excluded.sha256 AND size = excluded.size`;
const rebindName =
  "INSERT OR REPLACE INTO file_name (filename, project, version, sha256, size, lost) VALUES (?, ?, ?, ?, ?, ?)";
const insertChange = "INSERT INTO change (id, digest, project, serial) VALUES (?, ?, ?, ?)";
const moveState = `UPDATE state SET serial = max(serial, ?), batch = ?, signed_at = ?,
  version_floor = coalesce(?, version_floor), restored = CASE WHEN ? IS NULL THEN restored ELSE 0 END
  WHERE batch = ? - 1`;

async function run(
  transaction: Transaction,
  text: string,
  values: readonly unknown[],
): Promise<number> {
  const result = await transaction.executeQuery(CompiledQuery.raw(text, [...values]));
  return Number(result.numAffectedRows ?? 0n);
}

/** Under its final name it is whole, durable, one file, and knows that it is a copy. */
async function backup(database: Database<NoTables>, target: string): Promise<void> {
  // Whoever asks may be an index in the wrong hands, and names the folder.
  if (existsSync(target)) {
    throw new RefusedError("request.invalid", `Cannot write a backup: there is a file ${target}`);
  }
  const draft = `${target}.part`;
  try {
    await rm(draft, { force: true });
    await database.backup(draft);
    const copy = new DatabaseSync(draft);
    copy.exec("PRAGMA journal_mode=DELETE; UPDATE state SET restored = 1;");
    copy.close();
    await sync(draft);
    await rename(draft, target);
    await sync(dirname(target));
  } catch (error) {
    await rm(draft, { force: true });
    throw storageError(error, "write the backup");
  }
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
