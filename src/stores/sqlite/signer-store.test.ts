import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { testSignerStore } from "#core/publication/signer-store.contract.ts";
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
