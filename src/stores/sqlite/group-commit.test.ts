import assert from "node:assert/strict";
import { test } from "node:test";
import { sql } from "kysely";
import { openDatabase, type Database, type Migrations } from "./database.ts";
import { GroupCommit } from "./group-commit.ts";
import type { SyncQueries } from "./sync-queries.ts";

type Tables = { note: { text: string } };

const migrations: Migrations = {
  "0001": { up: async (db) => void (await sql`CREATE TABLE note (text TEXT UNIQUE)`.execute(db)) },
};

const add =
  (text: string) =>
  (writer: SyncQueries<Tables>): string => {
    writer.run(writer.build.insertInto("note").values({ text }));
    if (text === "bad") throw new Error("refused");
    return text;
  };

async function notes({ query }: Database<Tables>): Promise<readonly string[]> {
  const rows = await query.selectFrom("note").select("text").orderBy("text").execute();
  return rows.map((row) => row.text);
}

for (const durability of ["full", "relaxed"] as const) {
  test(`run() shares ${durability} commits, each piece whole or not at all`, async () => {
    const database = await openDatabase<Tables>(":memory:", migrations);
    let commits = 0;
    const group = new GroupCommit<Tables>(
      {
        ...database,
        write(run, how) {
          commits += 1;
          return database.write(run, how);
        },
      },
      durability,
    );
    const first = group.run(add("a"));
    const rest = await Promise.allSettled(["b", "bad", "a", "c"].map((t) => group.run(add(t))));
    assert.equal(await first, "a");
    assert.deepEqual(
      rest.map((one) => (one.status === "fulfilled" ? one.value : "thrown")),
      ["b", "thrown", "thrown", "c"],
    );
    assert.deepEqual(await notes(database), ["a", "b", "c"]);
    assert.equal(commits, 1);
    await database.close();
  });
}

test("run() fails everybody when the commit does, and goes on with the next", async () => {
  const database = await openDatabase<Tables>(":memory:", migrations);
  let isBroken = true;
  const group = new GroupCommit<Tables>(
    {
      ...database,
      write: (run, how) =>
        isBroken ? Promise.reject(new Error("full")) : database.write(run, how),
    },
    "full",
  );
  await assert.rejects(group.run(add("a")), /full/);
  isBroken = false;
  assert.equal(await group.run(add("a")), "a");
  assert.deepEqual(await notes(database), ["a"]);
  await database.close();
});

test("run() fails all of a transaction that SQLite ended by itself, with the error that tells why", async () => {
  const database = await openDatabase<Tables>(":memory:", migrations);
  const group = new GroupCommit<Tables>(database, "full");
  const full = (writer: SyncQueries<Tables>): void => {
    add("b")(writer);
    // As it does when a write finds the disk full.
    writer.command("ROLLBACK");
    throw Object.assign(new Error("database or disk is full"), { errcode: 13 });
  };
  const all = await Promise.allSettled([group.run(add("a")), group.run(full), group.run(add("c"))]);
  for (const one of all) {
    assert.ok(one.status === "rejected");
    assert.equal(one.reason.code, "storage.full");
  }
  assert.deepEqual(await notes(database), []);
  assert.equal(await group.run(add("d")), "d");
  assert.deepEqual(await notes(database), ["d"]);
  await database.close();
});
