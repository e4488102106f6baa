import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
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
