/**
 * One SQLite database of one program: opened, brought to its newest shape, and queried through kysely. WAL, and
 * `synchronous=FULL`, so that a committed transaction survives a power cut: acknowledged facts are what these databases
 * hold. What can be rebuilt may be committed with `relaxed()`.
 *
 * One process writes a database (design 10); a second connection, read-only, serves lookups that must not wait for an
 * open transaction, nor see what it has not committed.
 */
import { DatabaseSync, backup, type StatementSync } from "node:sqlite";
import { Kysely, SqliteDialect, sql, type SqliteDatabase, type SqliteStatement } from "kysely";
import { Migrator, type Migration } from "kysely/migration";
import { UnavailableError } from "#core/errors.ts";
import { storageError } from "#stores/folder/storage-error.ts";
import { readText } from "./row.ts";
import type { Row } from "./row.ts";
import { sqlValue } from "./sql-value.ts";
import { SyncQueries } from "./sync-queries.ts";

/** Sorted by name, run once each, in order; a released one is never edited. */
export type Migrations = Readonly<Record<string, Migration>>;

export type Database<Tables> = {
  /** All queries run in turn on the writing connection. */
  readonly query: Kysely<Tables>;
  /** What is committed, one row or few, read at once. */
  readonly read: SyncQueries<Tables>;
  /** Read-only, for prepared statements on hot paths: sees only what is committed. Shares the one connection when in memory. */
  readonly reader: DatabaseSync;
  /**
   * One transaction, as `query.transaction()`, whose errors are UnavailableError where storage failed. Not durable before the
   * next full commit when `relaxed`: for what is found again after a crash.
   */
  transact<T>(
    run: (trx: Kysely<Tables>) => Promise<T>,
    durability?: "full" | "relaxed",
  ): Promise<T>;
  /**
   * The same in one go: what `run` asks for happens at once, so nothing else runs meanwhile. For hot paths, where kysely's
   * turns and promises cost more than the queries.
   */
  write<T>(run: (writer: SyncQueries<Tables>) => T, durability?: "full" | "relaxed"): Promise<T>;
  /** Whether a transaction is open: SQLite ends one by itself when the disk is full or fails. */
  isInTransaction(): boolean;
  /** A consistent copy at `path`, made while others read and write. */
  backup(path: string): Promise<void>;
  close(): Promise<void>;
};

/** Prepared statements kept per connection; kysely compiles few distinct texts. */
const STATEMENTS_MAX = 500;

/** A database at `path`, or in memory (`:memory:`) for tests. */
export async function openDatabase<Tables>(
  path: string,
  migrations: Migrations,
): Promise<Database<Tables>> {
  const writer = new DatabaseSync(path, { timeout: 5000 });
  writer.exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;");
  writer.exec("PRAGMA temp_store=MEMORY; PRAGMA cache_size=-16000;");
  // Pages: 64 MiB. A large batch would otherwise be copied into the database as soon as it is committed, and waited for.
  writer.exec("PRAGMA wal_autocheckpoint=16384;");
  const query = new Kysely<Tables>({ dialect: new SqliteDialect({ database: adapt(writer) }) });
  await migrate(writer, query, migrations, path);
  const reader =
    path === ":memory:" ? writer : new DatabaseSync(path, { readOnly: true, timeout: 5000 });
  reader.exec("PRAGMA cache_size=-8000;");
  return {
    query,
    reader,
    transact: (run, durability = "full") => transact(query, run, durability),
    write: createWrite(writer, query),
    read: new SyncQueries(reader, query),
    isInTransaction: () => writer.isTransaction,
    async backup(target): Promise<void> {
      await backup(writer, target);
    },
    async close(): Promise<void> {
      if (reader !== writer) reader.close();
      await query.destroy();
    },
  };
}

async function transact<Tables, T>(
  query: Kysely<Tables>,
  run: (trx: Kysely<Tables>) => Promise<T>,
  durability: "full" | "relaxed",
): Promise<T> {
  try {
    if (durability === "full") return await query.transaction().execute(run);
    return await query.connection().execute(async (connection) => {
      // The pragma belongs to the connection, and `connection()` holds it for us until we are done.
      await sql`PRAGMA synchronous=NORMAL`.execute(connection);
      try {
        return await connection.transaction().execute(run);
      } finally {
        await sql`PRAGMA synchronous=FULL`.execute(connection);
      }
    });
  } catch (error) {
    throw storageError(error, "write the database");
  }
}

function createWrite<Tables>(
  database: DatabaseSync,
  query: Kysely<Tables>,
): Database<Tables>["write"] {
  const writer = new SyncQueries(database, query);
  return async (run, durability = "full") => {
    try {
      // Nobody is in the middle of a transaction while `connection()` holds the connection for us.
      return await query.connection().execute(async () => {
        if (durability === "relaxed") writer.command("PRAGMA synchronous=NORMAL");
        try {
          writer.command("BEGIN IMMEDIATE");
          const value = run(writer);
          writer.command("COMMIT");
          return value;
        } catch (error) {
          if (database.isTransaction) writer.command("ROLLBACK");
          throw error;
        } finally {
          if (durability === "relaxed") writer.command("PRAGMA synchronous=FULL");
        }
      });
    } catch (error) {
      throw storageError(error, "write the database");
    }
  };
}

/** All of them or none: one may be long, and a process can end anywhere in it. Kysely itself makes no transaction of them here. */
async function migrate<Tables>(
  writer: DatabaseSync,
  query: Kysely<Tables>,
  migrations: Migrations,
  path: string,
): Promise<void> {
  writer.exec("BEGIN IMMEDIATE");
  const migrator = new Migrator({
    db: query,
    provider: { getMigrations: () => Promise.resolve({ ...migrations }) },
  });
  const { error } = await migrator.migrateToLatest();
  if (error === undefined) {
    writer.exec("COMMIT");
    return;
  }
  const isNewer = executedMigrations(writer).some((name) => !(name in migrations));
  // What is open is rolled back.
  await query.destroy();
  if (isNewer) {
    throw new UnavailableError(
      "storage.failed",
      `Cannot open the database ${path}: a newer Holdfast has written it; start that one, or restore a backup made before`,
      error,
    );
  }
  throw new Error(`Cannot open the database ${path}: its migration failed`, { cause: error });
}

/** By name, as kysely keeps them. */
function executedMigrations(database: DatabaseSync): readonly string[] {
  const rows: readonly Row[] = database.prepare("SELECT name FROM kysely_migration").all();
  return rows.map((row) => readText(row, "name"));
}

/** kysely speaks better-sqlite3's dialect; this is the difference to node:sqlite. */
function adapt(database: DatabaseSync): SqliteDatabase {
  const statements = new Map<string, SqliteStatement>();
  return {
    close: () => database.close(),
    prepare(text): SqliteStatement {
      const known = statements.get(text);
      if (known !== undefined) return known;
      const statement =
        text === "rollback" ? adaptRollback(database) : adaptStatement(database.prepare(text));
      if (statements.size >= STATEMENTS_MAX) statements.clear();
      statements.set(text, statement);
      return statement;
    },
  };
}

/**
 * SQLite rolls back by itself when the disk is full or fails (https://www.sqlite.org/lang_transaction.html). Rolling
 * back once more would be an error, and hide the one that tells why.
 */
function adaptRollback(database: DatabaseSync): SqliteStatement {
  return {
    reader: false,
    all: () => [],
    iterate: () => [][Symbol.iterator](),
    run() {
      if (database.isTransaction) database.exec("ROLLBACK");
      return { changes: 0, lastInsertRowid: 0 };
    },
  };
}

function adaptStatement(statement: StatementSync): SqliteStatement {
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => statement.all(...parameters.map(sqlValue)),
    run: (parameters) => statement.run(...parameters.map(sqlValue)),
    iterate: (parameters) => statement.iterate(...parameters.map(sqlValue)),
  };
}
