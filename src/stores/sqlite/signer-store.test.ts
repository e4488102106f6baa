import assert from "node:assert/strict";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { sql } from "kysely";
import { parseUtf8 } from "#formats/bytes/utf8.ts";
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
  const nothing = { roles: [], bins: [], pages: [], bindings: [], changes: [] };
  await store.commit(token, { batch: 1, signedAt: now, ...nothing });
  assert.deepEqual(commands(), ["BEGIN IMMEDIATE", "COMMIT"]);
  await store.forgetRoles(token, []);
  const [first, ...others] = commands();
  assert.equal(first, "PRAGMA synchronous=NORMAL", "so that the pragma of a commit would be seen");
  assert.deepEqual(others, ["BEGIN IMMEDIATE", "COMMIT", "PRAGMA synchronous=FULL"]);
  await store.close();
});

test("a database that an earlier version made is read as it was", async (t) => {
  const path = await anEarlierDatabase(t);
  const store = await openSqliteSignerStore(path);
  const newest = { project: demo, sha256: "a9", size: 5, serial: 9 };
  assert.deepEqual(await store.readPage(demo), newest);
  assert.deepEqual(await store.readPagesAfter(0, 9, 9), [newest]);
  assert.deepEqual(await store.readPageHashes(demo), new Set(["a7", "a9"]));
  const entriesAt = async (serial: number): Promise<readonly string[] | undefined> =>
    (await store.readProjectAt(demo, serial))?.files.map(({ entry }) => parseUtf8(entry));
  assert.deepEqual(await entriesAt(7), ["{a}", "{b}"]);
  assert.deepEqual(await entriesAt(8), undefined);
  assert.deepEqual(await entriesAt(9), ["{b2}", "{c}"]);
  assert.equal((await store.readProject(demo))?.statusReason, "done");
  assert.deepEqual((await store.readChanges(["c"])).get("c")?.page, newest);
  const { projects, roles } = await store.readState();
  assert.equal(projects, 1);
  assert.deepEqual(
    [...roles.values()].map(({ role, version }) => `${role} ${version}`),
    ["bin-a 2", "root 1"],
  );
  assert.equal(parseUtf8((await store.readRoleFile("bin-a", 1)) ?? new Uint8Array()), "old bin");
  assert.deepEqual(await store.readBin("bin-a", 1), undefined);
  const replaced = await store.readReplaced(new Date(21), 9);
  assert.deepEqual(
    replaced.map(({ role, version }) => `${role} ${version}`),
    ["bin-a 1"],
  );
  const token = await store.takeLease("a", new Date(0));
  await store.forgetRoles(token, replaced);
  assert.equal(await store.readRoleFile("bin-a", 1), undefined);
  await store.close();
});

test("a database that a later version wrote is left alone, and it is said why", async (t) => {
  const path = await aDatabasePath(t);
  const later = { ...signerMigrations, "9999-later": { up: async () => {} } };
  await (await openDatabase(path, later)).close();
  await assert.rejects(openSqliteSignerStore(path), {
    code: "storage.failed",
    message: /: a newer Holdfast has written it; start that one, or restore a backup/,
  });
  await (await openDatabase(path, later)).close();
});

test("a migration that ends anywhere has not begun", async (t) => {
  const path = await anEarlierDatabase(t);
  const prepare = DatabaseSync.prototype.prepare;
  let failures = 0;
  for (let isOpen = false; !isOpen; failures++) {
    let left = failures;
    const broken = t.mock.method(
      DatabaseSync.prototype,
      "prepare",
      function (this: DatabaseSync, text: string) {
        if (/^(CREATE|INSERT|DROP|ALTER)/i.test(text) && left-- === 0) throw new Error("killed");
        return prepare.call(this, text);
      },
    );
    isOpen = await openSqliteSignerStore(path).then(
      (store) => store.close().then(() => true),
      () => false,
    );
    broken.mock.restore();
    await copyFile(path, `${path}.copy`);
    const store = await openSqliteSignerStore(`${path}.copy`);
    const files = (await store.readProject(demo))?.files ?? [];
    assert.deepEqual(
      files.map(({ entry }) => parseUtf8(entry)),
      ["{b2}", "{c}"],
      `ended at statement ${failures}`,
    );
    assert.equal((await store.readState()).roles.size, 2);
    await store.close();
    await rm(`${path}.copy`);
  }
  assert.ok(failures > 20, `${failures} statements`);
});

test("a commit takes a page for each project there is", async () => {
  const store = await openSqliteSignerStore(":memory:");
  const now = new Date("2026-01-02T03:04:05.678Z");
  const token = await store.takeLease("a", now);
  const pages = Array.from({ length: 150_000 }, (_, at) => ({
    ...{
      project: normaliseProjectName(`p${at}`),
      serial: at + 1,
      sha256: "ab",
      size: 1,
      prefix: at,
    },
    ...({ status: "active", changed: [] } as const),
  }));
  const nothing = { roles: [], bins: [], bindings: [], changes: [] };
  await store.commit(token, { batch: 1, signedAt: now, ...nothing, pages });
  assert.equal((await store.readState()).serial, pages.length);
  await store.close();
});

async function aDatabasePath(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-signer-"));
  t.after(() => rm(folder, { recursive: true }));
  return join(folder, "signer.sqlite");
}

/** As the first version of the tables had it. */
async function anEarlierDatabase(t: TestContext): Promise<string> {
  const path = await aDatabasePath(t);
  const [first = ""] = Object.keys(signerMigrations);
  const old = await openDatabase(path, { [first]: signerMigrations[first] ?? assert.fail() });
  for (const statement of earlierRows) await sql.raw(statement).execute(old.query);
  await old.close();
  return path;
}

const demo = normaliseProjectName("demo");
const earlierRows: readonly string[] = [
  `INSERT INTO project (name, prefix, serial, sha256, size)
   VALUES ('demo', ${pagePrefix(demo)}, 9, 'a9', 5)`,
  "INSERT INTO page VALUES ('demo', 7, 'a7', 4, 'active', NULL, 1, 10)",
  "INSERT INTO page VALUES ('demo', 9, 'a9', 5, 'archived', 'done', 1, 20)",
  "INSERT INTO entry VALUES ('demo', 'a', 7, '1.0', '{a}'), ('demo', 'a', 9, '1.0', NULL)",
  "INSERT INTO entry VALUES ('demo', 'b', 7, '1.0', '{b}'), ('demo', 'b', 9, '1.0', '{b2}')",
  "INSERT INTO entry VALUES ('demo', 'c', 9, '2.0', '{c}')",
  "INSERT INTO change VALUES ('c', 'd', 'demo', 9)",
  "INSERT INTO role_file VALUES ('bin-a', 1, CAST('old bin' AS BLOB), 'b1', 10, '2027-01-01T00:00:00Z', 20)",
  "INSERT INTO role_file VALUES ('bin-a', 2, CAST('new bin' AS BLOB), 'b2', 20, '2027-01-01T00:00:00Z', NULL)",
  "INSERT INTO role_file VALUES ('root', 1, CAST('root' AS BLOB), 'c1', 5, '2027-01-01T00:00:00Z', NULL)",
];
