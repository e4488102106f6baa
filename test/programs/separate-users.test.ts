/**
 * The committed deployment example for real: the data folder as deploy/holdfast.tmpfiles.conf makes it, signer and index
 * as two users that share a group, with the umask of their units. Publishing and backing up work; neither user reads
 * what is the other's alone.
 */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { readFile, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fetchBytes, fetchFileList } from "#clients/plain-client.ts";
import { projectRoot } from "#clients/tool-environment.ts";
import { uploadNew } from "#clients/uploading.ts";
import { sha256Hex } from "#crypto/hash.ts";
import { dataFolder } from "#stores/folder/data-folder.ts";

/** Ids that no account of this machine has to have. */
const ids = new Map([
  ["root", 0],
  ["holdfast", 64_200],
  ["holdfast-index", 64_201],
  ["holdfast-signer", 64_202],
]);
type User = "holdfast-index" | "holdfast-signer";
const home = "/var/lib/holdfast";
const deploy = join(projectRoot, "deploy");
const startMsMax = 30_000;

describe("index and signer as the users of the deployment example", { skip: whyNot() }, () => {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-users-"));
  const root = join(folder, "data");
  const data = dataFolder(root);
  const stops: (() => Promise<void>)[] = [];
  let target: { readonly upload: string; readonly username: string; readonly token: string };
  let index: string;

  before(async () => {
    chmodSync(folder, 0o755);
    await makeFolders(root);
    const made = runAs("holdfast-signer", "ceremony", ["init", "--data", root]);
    assert.equal(made.status, 0, made.output);
    stops.push(await startAs("holdfast-signer", "signer", root, []));
    stops.push(await startAs("holdfast-index", "index", root, ["--port", "0"]));
    const ready = JSON.parse(await readFile(join(root, "run", "index.json"), "utf8"));
    index = String(ready.index);
    const token = (await readFile(data.firstToken, "utf8")).trim();
    target = { upload: `${index}legacy/`, username: "__token__", token };
  });
  after(async () => {
    for (const stop of stops.toReversed()) await stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test("an upload is published", async () => {
    const wheel = await uploadNew(target, { project: "two-users", version: "1.0" });
    const [file] = await fetchFileList(`${index}simple/`, "two-users");
    assert.ok(file);
    assert.equal(sha256Hex(await fetchBytes(file.url)), wheel.sha256);
  });

  test("a backup holds both databases", async () => {
    const backup = join(root, "backups", "one");
    mkdirSync(backup);
    chownSync(backup, 0, ids.get("holdfast") ?? 0);
    chmodSync(backup, 0o2770);
    const run = runAs("holdfast-index", "admin", ["admin", "backup", backup, "--data", root]);
    assert.equal(run.status, 0, run.output);
    assert.deepEqual(await readdir(join(backup, "signer")), ["signer.sqlite"]);
    assert.deepEqual(await readdir(join(backup, "index")), ["index.sqlite"]);
  });

  test("the doctor looks as far as each user may", () => {
    for (const user of ["holdfast-index", "holdfast-signer"] as const) {
      const run = runAs(user, "doctor", ["doctor", "--data", root, "--json"]);
      assert.equal(run.status, 0, run.output);
      const code = user === "holdfast-index" ? "keys.out-of-reach" : "keys.offline-here";
      assert.match(run.output, new RegExp(code));
    }
  });

  test("neither reads or moves what is the other's", () => {
    const denied: readonly (readonly [User, string])[] = [
      ["holdfast-index", `ls ${data.signer}`],
      ["holdfast-index", `ls ${data.onlineKeys}`],
      ["holdfast-index", `ls ${data.offlineKeys}`],
      ["holdfast-index", `touch ${data.publicTree}/tuf/x`],
      ["holdfast-index", `mv ${data.publicTree} ${data.publicTree}-away`],
      ["holdfast-index", `rm -f ${data.signerSocket}`],
      ["holdfast-signer", `ls ${data.index}`],
      ["holdfast-signer", `cat ${data.firstToken}`],
      ["holdfast-signer", `touch ${data.files}/x`],
      ["holdfast-signer", `mv ${data.files} ${data.files}-away`],
    ];
    for (const [user, command] of denied) {
      const run = spawnSync("/bin/sh", ["-c", command], idsOf(user));
      assert.notEqual(run.status, 0, `${user}: ${command}`);
      assert.match(run.stderr.toString(), /not permitted|denied/i);
    }
  });
});

function whyNot(): string | false {
  if (process.getuid?.() !== 0) return "SKIPPED: only root can start programs as other users";
  const main = join(projectRoot, "src", "apps", "index", "main.ts");
  const probe = spawnSync(process.execPath, [main, "index", "--help"], idsOf("holdfast-index"));
  return probe.status === 0 ? false : `SKIPPED: other users cannot run what is in ${projectRoot}`;
}

function idsOf(user: User): { readonly uid: number; readonly gid: number } {
  return { uid: ids.get(user) ?? -1, gid: ids.get("holdfast") ?? -1 };
}

/** What systemd-tmpfiles would do with the example. */
async function makeFolders(root: string): Promise<void> {
  const text = await readFile(join(deploy, "holdfast.tmpfiles.conf"), "utf8");
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  assert.ok(lines.length > 5);
  for (const line of lines) {
    const [, path = "", mode = "", user = "", group = ""] =
      /^d (\S+) +([0-7]{4}) +(\S+) +(\S+)$/.exec(line) ?? [];
    assert.ok(path === home || path.startsWith(`${home}/`), line);
    const place = path.replace(home, root);
    mkdirSync(place);
    chownSync(place, ids.get(user) ?? -1, ids.get(group) ?? -1);
    chmodSync(place, Number.parseInt(mode, 8));
  }
}

function runAs(
  user: User,
  app: string,
  args: readonly string[],
): { readonly status: number | null; readonly output: string } {
  const run = spawnSync(process.execPath, [mainOf(app), ...args], {
    ...idsOf(user),
    timeout: startMsMax,
  });
  return { status: run.status, output: `${run.stdout.toString()}${run.stderr.toString()}` };
}

/** Starts a program under the umask of its unit; answers what stops it. */
async function startAs(
  user: User,
  app: "index" | "signer",
  root: string,
  args: readonly string[],
): Promise<() => Promise<void>> {
  const unit = await readFile(join(deploy, `holdfast-${app}.service`), "utf8");
  assert.match(unit, new RegExp(`^User=${user}$`, "m"));
  const umask = /^UMask=([0-7]{4})$/m.exec(unit)?.[1] ?? "";
  const readyFile = join(root, "run", `${app}.json`);
  const command = [process.execPath, mainOf(app), app, "--data", root, "--ready-file", readyFile];
  const child = spawn("/bin/sh", ["-c", `umask ${umask} && exec "$@"`, "sh", ...command, ...args], {
    ...idsOf(user),
    stdio: ["ignore", "ignore", "inherit"],
  });
  const ended = new Promise<void>((resolve) => void child.once("exit", () => resolve()));
  for (const deadline = performance.now() + startMsMax; !existsSync(readyFile); await delay(20)) {
    assert.equal(child.exitCode, null, `${app} ended before it was ready`);
    assert.ok(performance.now() < deadline, `${app} is not ready in time`);
  }
  return async () => {
    child.kill("SIGTERM");
    await ended;
  };
}

function mainOf(app: string): string {
  return join(projectRoot, "src", "apps", app, "main.ts");
}
