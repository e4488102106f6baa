import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { testAccountStore } from "#core/accounts/account-store.contract.ts";
import {
  testReleaseStore,
  type ReleaseStoreUnderTest,
} from "#core/releases/release-store.contract.ts";
import { normaliseProjectName } from "#formats/python/project-name.ts";
import { openDatabase } from "./database.ts";
import { createSqliteAccountStore } from "./index-accounts.ts";
import { createSqliteReleaseStore } from "./index-releases.ts";
import { indexMigrations, type IndexTables } from "./index-tables.ts";

const make = async (): Promise<ReleaseStoreUnderTest> => {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-index-"));
  const database = await openDatabase<IndexTables>(join(folder, "index.sqlite"), indexMigrations);
  return {
    accounts: createSqliteAccountStore(database),
    store: createSqliteReleaseStore(database),
    async close() {
      await database.close();
      await rm(folder, { recursive: true });
    },
  };
};

testAccountStore("sqlite", make);
testReleaseStore("sqlite", make);

test("what is acknowledged is committed in full, what the signer would answer again is not", async () => {
  const database = await openDatabase<IndexTables>(":memory:", indexMigrations);
  const asked: string[] = [];
  const store = createSqliteReleaseStore({
    ...database,
    write(run, durability = "full") {
      asked.push(durability);
      return database.write(run, durability);
    },
  });
  const at = new Date("2026-01-02T03:04:05.678Z");
  const project = normaliseProjectName("demo");
  const added = {
    project,
    filename: "demo-1.0.tar.gz",
    version: "1.0",
    sha256: "ab".repeat(32),
    size: 3,
    uploadTime: "2026-01-02T03:04:05.678901Z",
  };
  const rest = { kind: "sdist", state: "pending", summary: "", yanked: false } as const;
  await createSqliteAccountStore(database).createAccount({ id: "a", name: "alice", createdAt: at });
  const upload = { file: { ...added, ...rest }, accountId: "a", at };
  await store.recordUpload(upload, () => ({
    kind: "publish",
    change: { kind: "add-file", id: "1", ...added },
  }));
  const change = { kind: "set-status", id: "2", project, status: "archived" } as const;
  await store.recordChange({ change, purge: false, at }, () => {});
  await store.recordResult(
    { outcome: "refused", id: "2", code: "file.unknown", message: "no" },
    at,
  );
  assert.deepEqual(asked, ["full", "full", "relaxed"]);
  assert.equal((await store.readOutbox()).length, 1);
  await database.close();
});
