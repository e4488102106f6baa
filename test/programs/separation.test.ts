/**
 * Separate means separate, by the system's own account: one process per program, no key open in the index, no database
 * open in two processes, and an index that runs as another user cannot read the keys' folder.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startHoldfast } from "#clients/holdfast.ts";
import type { Holdfast } from "#clients/holdfast.ts";
import { dataFolder } from "#stores/folder/data-folder.ts";
import { findProgram, listOpenFiles } from "./process-table.ts";

const programs = ["signer", "index", "proxy"] as const;

describe("the three programs", () => {
  let holdfast: Holdfast;
  before(async () => {
    holdfast = await startHoldfast();
  });
  after(() => holdfast.remove());

  test("are three processes", async () => {
    const pids = await Promise.all(programs.map((app) => findProgram(app, holdfast.data)));
    assert.equal(new Set(pids).size, 3);
  });

  test("leave the keys to the signer", async () => {
    const { onlineKeys, offlineKeys } = dataFolder(holdfast.data);
    for (const app of ["index", "proxy"]) {
      const open = await listOpenFiles(await findProgram(app, holdfast.data));
      assert.ok(open.length > 0);
      const keys = open.filter(
        (path) => path.startsWith(onlineKeys) || path.startsWith(offlineKeys),
      );
      assert.deepEqual(keys, [], app);
    }
  });

  test("open no database of each other", async () => {
    const owners = new Map<string, string>();
    for (const app of programs) {
      const open = await listOpenFiles(await findProgram(app, holdfast.data));
      const databases = open.filter((path) => /\.(db|sqlite3?)(-wal|-shm)?$/.test(path));
      if (app !== "proxy") assert.ok(databases.length > 0, `${app} has its database open`);
      for (const path of new Set(databases)) {
        assert.equal(owners.get(path), undefined, `${path} is open in ${app} too`);
        owners.set(path, app);
      }
    }
  });
});
