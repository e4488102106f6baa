import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { sql, type Kysely } from "kysely";
import { openDatabase, type Database, type Migrations } from "./database.ts";
import type { SyncQueries } from "./sync-queries.ts";

type Tables = { note: { id: number; text: string } };

const migrations: Migrations = {
  "0001-note": {
    up: async (db: Kysely<unknown>): Promise<void> => {
      await db.schema
        .createTable("note")
        .addColumn("id", "integer", (c) => c.primaryKey())
        .addColumn("text", "text", (c) => c.notNull())
        .execute();
    },
  },
};

test("openDatabase() migrates, keeps rows over a reopen, and its backup holds them", async () => {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-db-"));
  try {
    const path = join(folder, "a.sqlite");
    const first = await openDatabase<Tables>(path, migrations);
    await first.transact((trx) => trx.insertInto("note").values({ id: 1, text: "a" }).execute());
    await first.transact(
      (trx) => trx.insertInto("note").values({ id: 2, text: "b" }).execute(),
      "relaxed",
    );
    await first.backup(join(folder, "copy.sqlite"));
    await first.close();
    for (const name of ["a.sqlite", "copy.sqlite"]) {
      const again = await openDatabase<Tables>(join(folder, name), migrations);
      const rows = await again.query.selectFrom("note").select("text").orderBy("id").execute();
      assert.deepEqual(
        rows.map((row) => row.text),
        ["a", "b"],
      );
      await again.close();
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("transact() leaves nothing behind when it throws, and the reader never sees the half", async () => {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-db-"));
  try {
    const database = await openDatabase<Tables>(join(folder, "a.sqlite"), migrations);
    const count = database.reader.prepare("SELECT count(*) AS n FROM note");
    for (const durability of ["full", "relaxed"] as const) {
      await assert.rejects(
        database.transact(async (trx) => {
          await trx.insertInto("note").values({ id: 1, text: "a" }).execute();
          assert.equal(count.get()?.["n"], 0);
          throw new Error("stop");
        }, durability),
        /stop/,
      );
      assert.equal(count.get()?.["n"], 0);
    }
    await database.close();
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("transact() tells of a full disk, also when SQLite rolled back by itself", async () => {
  const database = await openDatabase<Tables>(":memory:", migrations);
  for (const durability of ["full", "relaxed"] as const) {
    const full = database.transact(async (trx) => {
      await trx.insertInto("note").values({ id: 1, text: "a" }).execute();
      await sql`ROLLBACK`.execute(trx);
      throw Object.assign(new Error("database or disk is full"), { errcode: 13 });
    }, durability);
    await assert.rejects(full, { name: "UnavailableError", code: "storage.full" });
    assert.equal(database.isInTransaction(), false);
  }
  await database.transact((trx) => trx.insertInto("note").values({ id: 1, text: "a" }).execute());
  await database.close();
});

const synchronous = sql<{ synchronous: number }>`PRAGMA synchronous`;
const levels = { full: 2, relaxed: 1 };

/** What the writing connection syncs now, asked in turn with what else runs on it. */
async function levelOf(query: Kysely<Tables>): Promise<number | undefined> {
  return (await synchronous.execute(query)).rows[0]?.synchronous;
}

/** Every way to write: it tells the level inside, then throws where asked to. */
const ways: Readonly<
  Record<
    "transact" | "write",
    (
      database: Database<Tables>,
      durability: "full" | "relaxed" | undefined,
      inside: (level: number | undefined) => void,
    ) => Promise<unknown>
  >
> = {
  transact: (database, durability, inside) =>
    database.transact(async (trx) => {
      await sql`INSERT INTO note (text) VALUES ('a')`.execute(trx);
      inside(await levelOf(trx));
    }, durability),
  write: (database, durability, inside) =>
    database.write((writer: SyncQueries<Tables>) => {
      writer.runText("INSERT INTO note (text) VALUES (?)", ["a"]);
      inside(writer.first({ compile: () => synchronous.compile(database.query) })?.synchronous);
    }, durability),
};

for (const way of ["transact", "write"] as const) {
  test(`${way}() syncs each commit unless it is relaxed, and the next one again`, async () => {
    const folder = await mkdtemp(join(tmpdir(), "holdfast-db-"));
    try {
      const database = await openDatabase<Tables>(join(folder, "a.sqlite"), migrations);
      assert.equal(await levelOf(database.query), levels.full);
      for (const durability of [undefined, "full", "relaxed", "full", "relaxed"] as const) {
        const seen: (number | undefined)[] = [];
        await ways[way](database, durability, (level) => seen.push(level));
        assert.equal(await levelOf(database.query), levels.full, `after ${durability}`);
        const failing = ways[way](database, durability, (level) => {
          seen.push(level);
          throw new Error("stop");
        });
        await assert.rejects(failing, /stop/);
        assert.equal(await levelOf(database.query), levels.full, `after a failed ${durability}`);
        const level = levels[durability ?? "full"];
        assert.deepEqual(seen, [level, level], `inside ${durability}`);
      }
      await database.close();
    } finally {
      await rm(folder, { recursive: true });
    }
  });
}
