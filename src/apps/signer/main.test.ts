/** The real process: started, killed, doubled, backed up and restored. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { copyFile, cp, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { sha256Hex } from "#crypto/hash.ts";
import { formatChange } from "#formats/door/change-json.ts";
import type { AddFile, ChangeResult } from "#formats/door/change.ts";
import { tufKeyOf } from "#formats/tuf/key.ts";
import { normaliseProjectName } from "#formats/python/project-name.ts";
import { dataFolder } from "#stores/folder/data-folder.ts";
import type { DataFolder } from "#stores/folder/data-folder.ts";
import { makeNextOnlineKeys } from "#stores/folder/online-keys.ts";
import { storedFilePath } from "#stores/folder/file-store.ts";
import { createSignerDoor } from "#stores/host/signer-door.ts";
import { createSeededRandom } from "#world/seeded-random.ts";

const apps = join(import.meta.dirname, "..");
const project = normaliseProjectName("demo");

type Running = {
  readonly child: ChildProcess;
  readonly ended: Promise<number | NodeJS.Signals>;
  readonly said: () => string;
};

function run(app: string, args: readonly string[]): Running {
  const script = join(apps, app, "main.ts");
  const { HOLDFAST_PARENT_PID: _, ...env } = process.env;
  const child = spawn(process.execPath, [script, ...args], { env });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
  child.stdout.resume();
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once("exit", (code, signal) => resolve(signal ?? code ?? -1));
  });
  return { child, ended, said: () => said };
}

class Scene {
  readonly data: DataFolder;
  readonly readyFile: string;
  readonly #config: string;
  #running: Running[] = [];

  constructor(root: string) {
    this.data = dataFolder(join(root, "data"));
    this.readyFile = join(root, "ready.json");
    this.#config = join(root, "config.toml");
  }

  async init(): Promise<void> {
    await writeFile(this.#config, '[log]\nlevel = "debug"\n');
    assert.equal(await run("ceremony", ["init", "--data", this.data.root]).ended, 0);
  }

  /** Resolves when it takes changes. */
  async start(): Promise<Running> {
    await rm(this.readyFile, { force: true });
    const signer = this.spawn();
    for (let tries = 0; !existsSync(this.readyFile); tries++) {
      assert.ok(tries < 1_000 && signer.child.exitCode === null, signer.said());
      await delay(20);
    }
    return signer;
  }

  spawn(): Running {
    const paths = ["--data", this.data.root, "--config", this.#config];
    const signer = run("signer", ["signer", ...paths, "--ready-file", this.readyFile]);
    this.#running.push(signer);
    return signer;
  }

  async submit(change: AddFile): Promise<ChangeResult> {
    const door = createSignerDoor(this.data.signerSocket);
    try {
      return await door.sendChange(change);
    } finally {
      door.close();
    }
  }

  async store(version: string): Promise<AddFile> {
    const bytes = new TextEncoder().encode(`demo ${version}`);
    const sha256 = sha256Hex(bytes);
    const path = storedFilePath(this.data.files, sha256);
    await mkdir(join(path, ".."), { recursive: true });
    await writeFile(path, bytes);
    const filename = `demo-${version}.tar.gz`;
    const uploadTime = "2026-01-02T03:04:05.678901Z";
    const size = bytes.byteLength;
    return { kind: "add-file", id: filename, project, filename, version, sha256, size, uploadTime };
  }

  async end(): Promise<void> {
    for (const { child, ended } of this.#running) {
      child.kill("SIGKILL");
      await ended;
    }
  }
}

/** Asks without waiting for the answer: resolves when all is written, to the status that is answered then. */
function ask(
  agent: Agent,
  socketPath: string,
  change?: AddFile,
): Promise<{ status: Promise<number> }> {
  return new Promise((resolve, reject) => {
    const status = Promise.withResolvers<number>();
    const asking =
      change === undefined
        ? request({ agent, socketPath, path: "/v1/status" })
        : request({ agent, socketPath, path: "/v1/changes", method: "POST" });
    asking.once("error", reject);
    asking.once("response", (response) => {
      response.resume();
      response.once("end", () => status.resolve(response.statusCode ?? 0));
    });
    asking.end(change && formatChange(change), () => resolve({ status: status.promise }));
  });
}

async function aScene(t: TestContext): Promise<Scene> {
  const root = await mkdtemp(join(tmpdir(), "holdfast-signer-"));
  const scene = new Scene(root);
  t.after(async () => {
    await scene.end();
    await rm(root, { recursive: true });
  });
  await scene.init();
  return scene;
}

test("a signer that is killed goes on where it was, and answers the same again", async (t) => {
  const scene = await aScene(t);
  const first = await scene.start();
  assert.equal(statSync(scene.data.signerSocket).mode & 0o777, 0o660);
  const change = await scene.store("1.0");
  const result = await scene.submit(change);
  assert.ok(result.outcome === "published");
  first.child.kill("SIGKILL");
  await first.ended;
  const second = await scene.start();
  assert.deepEqual(await scene.submit(change), result);
  assert.equal((await scene.submit(await scene.store("2.0"))).outcome, "published");
  const steps = readFileSync(join(scene.data.log, "signer-steps.jsonl"), "utf8");
  for (const step of ["batch.committed", "batch.pointer-replaced", "resume.published"]) {
    assert.ok(steps.includes(`"step":"${step}"`), step);
  }
  second.child.kill("SIGTERM");
  assert.equal(await second.ended, 0);
});

test("one data folder has one signer", async (t) => {
  const scene = await aScene(t);
  await scene.start();
  const second = scene.spawn();
  assert.equal(await second.ended, 75);
  assert.match(second.said(), /another Holdfast is running there/);
  assert.equal((await scene.submit(await scene.store("1.0"))).outcome, "published");
});

test("a signer without keys, or without first metadata, says what is missing", async (t) => {
  const scene = await aScene(t);
  for (const name of ["bins", "timestamp"]) {
    const path = join(scene.data.onlineKeys, `${name}.pem`);
    await rename(path, `${path}.away`);
    const keyless = scene.spawn();
    assert.equal(await keyless.ended, 73);
    assert.match(keyless.said(), new RegExp(`${name}\\.pem: there is no such file`));
    await rename(`${path}.away`, path);
  }
  await rm(join(scene.data.publicTree, "tuf", "1.claimed.json"));
  const unready = scene.spawn();
  assert.equal(await unready.ended, 73);
  assert.match(unready.said(), /run `holdfast init`/);
});

test("a backup is taken while it runs, and a signer started on it goes on above it", async (t) => {
  const scene = await aScene(t);
  const signer = await scene.start();
  await scene.submit(await scene.store("1.0"));
  const backup = join(scene.data.root, "..", "backup");
  const door = createSignerDoor(scene.data.signerSocket);
  await door.backup(backup);
  await assert.rejects(door.backup("relative"), { code: "signer.unreachable" });
  // An index in the wrong hands must not put a copy into the place of the signer's own database, or of another copy.
  const own = join(scene.data.signer, "signer.sqlite");
  const { ino } = statSync(own);
  for (const folder of [scene.data.signer, join(backup, "..", "data", "signer"), backup]) {
    await assert.rejects(door.backup(folder), /there is a file/);
  }
  assert.equal(statSync(own).ino, ino);
  door.close();
  await scene.submit(await scene.store("2.0"));
  const pointer = join(scene.data.publicTree, "tuf", "timestamp.json");
  const before = JSON.parse(readFileSync(pointer, "utf8")).signed.version;
  signer.child.kill("SIGKILL");
  await signer.ended;
  const keys = join(scene.data.root, "..", "keys");
  await cp(scene.data.onlineKeys, keys, { recursive: true });
  await rm(scene.data.signer, { recursive: true });
  await rm(scene.data.publicTree, { recursive: true });
  await mkdir(scene.data.signer, { recursive: true });
  await cp(keys, scene.data.onlineKeys, { recursive: true });
  await copyFile(join(backup, "signer.sqlite"), join(scene.data.signer, "signer.sqlite"));
  await scene.start();
  assert.ok(JSON.parse(readFileSync(pointer, "utf8")).signed.version > before + 1_000_000);
  assert.ok(existsSync(join(scene.data.publicTree, "tuf", "1.root.json")));
  const renewed = run("ceremony", ["renew", "--if-due", "--data", scene.data.root]);
  assert.equal(await renewed.ended, 0, renewed.said());
  assert.equal((await scene.submit(await scene.store("3.0"))).outcome, "published");
});

test("the bins' key is rotated by a file beside it, also when killed between the two renames", async (t) => {
  const scene = await aScene(t);
  const { onlineKeys } = scene.data;
  const old = readFileSync(join(onlineKeys, "bins.pem"));
  const made = await makeNextOnlineKeys(onlineKeys, ["bins"], createSeededRandom(7).bytes);
  const next = readFileSync(join(onlineKeys, "bins.next.pem"));
  const keyId = made.bins && tufKeyOf(made.bins).keyId;
  const binKeys = async (): Promise<readonly (readonly string[])[]> => {
    const door = createSignerDoor(scene.data.signerSocket);
    const { heldKeys, roles } = await door.readStatus().finally(() => door.close());
    const held = heldKeys.filter(({ name }) => name === "bins");
    const named = roles.find(({ role }) => role === "bins")?.keyIds ?? [];
    return [named, held.map(({ state }) => state)];
  };
  const checkSettled = async (): Promise<void> => {
    assert.deepEqual(await binKeys(), [[keyId], ["current", "retired"]]);
    assert.deepEqual(readFileSync(join(onlineKeys, "bins.pem")), next);
    assert.deepEqual(readFileSync(join(onlineKeys, "bins.retired.pem")), old);
    assert.ok(!existsSync(join(onlineKeys, "bins.next.pem")));
  };
  const first = await scene.start();
  await checkSettled();
  first.child.kill("SIGKILL");
  await first.ended;
  await rename(join(onlineKeys, "bins.pem"), join(onlineKeys, "bins.next.pem"));
  const second = await scene.start();
  await checkSettled();
  second.child.kill("SIGKILL");
  await second.ended;
  // Killed before the first of them.
  await rename(join(onlineKeys, "bins.pem"), join(onlineKeys, "bins.next.pem"));
  await rename(join(onlineKeys, "bins.retired.pem"), join(onlineKeys, "bins.pem"));
  await scene.start();
  await checkSettled();
  assert.equal((await scene.submit(await scene.store("1.0"))).outcome, "published");
});

test("changes that wait at the door are published together", async (t) => {
  const scene = await aScene(t);
  const { child } = await scene.start();
  const { signerSocket } = scene.data;
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 40 });
  t.after(() => agent.destroy());
  const door = createSignerDoor(signerSocket);
  t.after(() => door.close());
  const changes = await Promise.all(Array.from({ length: 40 }, (_, i) => scene.store(`1.${i}`)));
  const opened = await Promise.all(changes.map(() => ask(agent, signerSocket)));
  await Promise.all(opened.map(({ status }) => status));
  const before = (await door.readStatus()).batch;
  child.kill("SIGSTOP");
  const asked = await Promise.all(changes.map((change) => ask(agent, signerSocket, change)));
  child.kill("SIGCONT");
  const statuses = await Promise.all(asked.map(({ status }) => status));
  assert.deepEqual(new Set(statuses), new Set([200]));
  const batches = (await door.readStatus()).batch - before;
  assert.ok(batches <= 4, `40 changes took ${batches} batches`);
});
