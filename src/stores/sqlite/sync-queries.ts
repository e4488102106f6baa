/**
 * Queries built with kysely and run at once on one connection. Kysely's own way to run them takes turns on the
 * connection and crosses several promises for each, which costs many times what SQLite does for a row; here nothing else
 * can come between two queries, so no turns need to be taken.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Compilable, Kysely } from "kysely";
import { sqlValue } from "./sql-value.ts";

/** Prepared statements kept; few distinct texts are ever built. */
const STATEMENTS_MAX = 500;

export class SyncQueries<Tables> {
  /** Where queries are built. */
  readonly build: Kysely<Tables>;
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(database: DatabaseSync, build: Kysely<Tables>) {
    this.#database = database;
    this.build = build;
  }

  all<Row>(query: Compilable<Row>): readonly Row[] {
    const { sql, parameters } = query.compile();
    const rows: readonly unknown[] = this.#prepare(sql).all(...parameters.map(sqlValue));
    return rows.filter((row) => isRowOf(row, query));
  }

  first<Row>(query: Compilable<Row>): Row | undefined {
    const { sql, parameters } = query.compile();
    const row: unknown = this.#prepare(sql).get(...parameters.map(sqlValue));
    return row !== undefined && isRowOf(row, query) ? row : undefined;
  }

  /** How many rows it inserted, changed or deleted. */
  run(query: Compilable): number {
    const { sql, parameters } = query.compile();
    return this.runText(sql, parameters);
  }

  /** The same for a statement that is written out. */
  runText(text: string, values: readonly unknown[]): number {
    return Number(this.#prepare(text).run(...values.map(sqlValue)).changes);
  }

  /** A statement that is no query: BEGIN, SAVEPOINT, PRAGMA. Never kept: some pragmas act when they are compiled. */
  command(text: string): void {
    this.#database.exec(text);
  }

  #prepare(text: string): StatementSync {
    const known = this.#statements.get(text);
    if (known !== undefined) return known;
    const statement = this.#database.prepare(text);
    if (this.#statements.size >= STATEMENTS_MAX) this.#statements.clear();
    this.#statements.set(text, statement);
    return statement;
  }
}

/** As kysely does: a row is what its query says, for the tables are STRICT and the query was built from their types. */
function isRowOf<Row>(row: unknown, _query: Compilable<Row>): row is Row {
  return typeof row === "object";
}
