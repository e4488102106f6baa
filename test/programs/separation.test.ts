/**
 * Separate means separate, by the system's own account: one process per program, no key open in the index, no database
 * open in two processes, and an index that runs as another user cannot read the keys' folder.
 */
import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import type { SpawnOptions } from "node:child_process";
import { chmodSync, existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { after, before, describe, test } from "node:test";
import { startHoldfast } from "#clients/holdfast.ts";
import type { Holdfast } from "#clients/holdfast.ts";
import { dataFolder } from "#stores/folder/data-folder.ts";
import { projectRoot } from "#clients/tool-environment.ts";
import { findProgram, listOpenFiles, readUserId } from "./process-table.ts";

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

/** Nobody in particular, in root's group: that is how the signer's socket admits the index. */
const otherUser = { uid: 65_534, gid: 0 } as const;

/** Why the last test cannot be run here, or false. */
function whyNotAsOtherUser(): string | false {
  if (process.getuid?.() !== 0) return "only root can start a program as another user";
  const main = join(projectRoot, "src", "apps", "index", "main.ts");
  const probe = spawnSync(process.execPath, [main, "index", "--help"], otherUser);
  return probe.status === 0 ? false : `other users cannot run what lies in ${projectRoot}`;
}

test(
  "the index serves as another user, who cannot read the keys' folder",
  { skip: whyNotAsOtherUser() },
  async () => {
    const holdfast = await startHoldfast();
    await using ends = new AsyncDisposableStack();
    ends.defer(() => holdfast.remove());
    await holdfast.stop();
    const data = dataFolder(holdfast.data);
    chmodSync(dirname(data.root), 0o755);
    execFileSync("chown", [
      "-R",
      `${otherUser.uid}:${otherUser.gid}`,
      ...[data.index, data.files, data.log, data.firstToken, join(data.root, "run")],
    ]);
    await startApp(ends, "signer", data.root, {});
    const index = await startApp(ends, "index", data.root, otherUser, "--port", "0");
    assert.equal(await readUserId(index), otherUser.uid);
    assert.equal(await findProgram("index", data.root), index);
    for (const folder of [data.onlineKeys, data.offlineKeys]) {
      const script = `require("node:fs").readdirSync(${JSON.stringify(folder)})`;
      const attempt = spawnSync(process.execPath, ["-e", script], otherUser);
      assert.notEqual(attempt.status, 0);
      assert.match(attempt.stderr.toString(), /EACCES/, folder);
    }
  },
);

/** Starts one program alone and waits for its ready file. */
async function startApp(
  ends: AsyncDisposableStack,
  app: string,
  data: string,
  options: SpawnOptions,
  ...args: readonly string[]
): Promise<number> {
  const main = join(projectRoot, "src", "apps", app, "main.ts");
  const readyFile = join(data, "run", `${app}-alone.json`);
  const child = spawn(
    process.execPath,
    [main, app, "--data", data, "--ready-file", readyFile, ...args],
    { ...options, stdio: ["ignore", "inherit", "inherit"] },
  );
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
  });
  ends.defer(async () => {
    child.kill("SIGTERM");
    await ended;
  });
  while (!existsSync(readyFile)) {
    assert.equal(child.exitCode, null, `${app} ended before it was ready`);
    await delay(20);
  }
  return child.pid ?? 0;
}
