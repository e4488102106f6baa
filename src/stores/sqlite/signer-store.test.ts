import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { sql } from "kysely";
import { normaliseProjectName } from "#formats/python/project-name.ts";
import { testSignerStore } from "#core/publication/signer-store.contract.ts";
import { pagePrefix } from "#core/tuf/layout.ts";
import { openDatabase } from "./database.ts";
import { signerMigrations } from "./signer-schema.ts";
import { openSqliteSignerStore } from "./signer-store.ts";
import type { SqliteSignerStore } from "./signer-store.ts";

testSignerStore("sqlite", async () => {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-signer-"));
  const opened: SqliteSignerStore[] = [];
  const open = async (name: string): Promise<SqliteSignerStore> => {
    const store = await openSqliteSignerStore(join(folder, name));
    opened.push(store);
    return store;
  };
  const store = await open("signer.sqlite");
  return {
    store,
    reopen: () => open("signer.sqlite"),
    async restore() {
      await store.backup(join(folder, "copy.sqlite"));
      return await open("copy.sqlite");
    },
    async close() {
      for (const one of opened) await one.close();
      await rm(folder, { recursive: true });
    },
  };
});

test("commit() is synced, forgetting what was replaced is not", async (t) => {
  const store = await openSqliteSignerStore(":memory:");
  const now = new Date("2026-01-02T03:04:05.678Z");
  const token = await store.takeLease("a", now);
  const { mock } = t.mock.method(DatabaseSync.prototype, "exec");
  const commands = (): readonly unknown[] => {
    const seen = mock.calls.map((call) => call.arguments[0]);
    mock.resetCalls();
    return seen;
  };
  const nothing = { roles: [], pages: [], bindings: [], changes: [] };
  await store.commit(token, { batch: 1, signedAt: now, ...nothing });
  assert.deepEqual(commands(), ["BEGIN IMMEDIATE", "COMMIT"]);
  await store.forgetRoles(token, []);
  const [first, ...others] = commands();
  assert.equal(first, "PRAGMA synchronous=NORMAL", "so that the pragma of a commit would be seen");
  assert.deepEqual(others, ["BEGIN IMMEDIATE", "COMMIT", "PRAGMA synchronous=FULL"]);
  await store.close();
});

test("projects of a database made before they lay by bin are found", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-signer-"));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, "signer.sqlite");
  const [first = ""] = Object.keys(signerMigrations);
  const old = await openDatabase(path, { [first]: signerMigrations[first] ?? assert.fail() });
  const project = normaliseProjectName("demo");
  const insert = sql`INSERT INTO project (name, prefix, serial, sha256, size)
    VALUES (${project}, ${pagePrefix(project)}, 7, 'ab', 5)`;
  await insert.execute(old.query);
  await old.close();
  const store = await openSqliteSignerStore(path);
  const expected = { project, sha256: "ab", size: 5, serial: 7 };
  assert.deepEqual(await store.readPage(project), expected);
  assert.deepEqual(await store.readPagesAfter(0, 9, 9), [expected]);
  assert.equal((await store.readState()).projects, 1);
  await store.close();
});
