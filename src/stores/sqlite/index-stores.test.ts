import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testAccountStore } from "#core/accounts/account-store.contract.ts";
import {
  testReleaseStore,
  type ReleaseStoreUnderTest,
} from "#core/releases/release-store.contract.ts";
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
