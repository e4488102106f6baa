import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { sql, type Kysely } from "kysely";
import { openDatabase, type Migrations } from "./database.ts";

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
