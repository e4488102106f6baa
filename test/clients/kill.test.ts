/**
 * Nothing is lost: index and signer, as real processes, are killed (SIGKILL) again and again while publishers upload.
 * Every upload that was acknowledged is installable afterwards, nothing else is half visible, and no version number ever
 * stood for two contents. Prints its seed (HOLDFAST_KILL_SEED repeats it) and how often each step was hit.
 */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { batchSteps } from "#core/publication/steps.ts";
import { sha256Hex } from "#crypto/hash.ts";
import { createSeededRandom } from "#world/seeded-random.ts";
import { openPythonTuf } from "./tuf-clients.ts";
import { programEnvironment, startHoldfast, startProxy } from "./holdfast.ts";
import { aMachine } from "./machine.ts";
import { fetchBytes, fetchFileList, fetchPage, memberText } from "./plain-client.ts";
import { startProgram } from "./program.ts";
import type { Program } from "./program.ts";
import { checkSuccess } from "./program-run.ts";
import type { UploadTarget } from "./publishing.ts";
import { observeTree } from "./tree-observer.ts";
import { startUploadLoad } from "./upload-load.ts";
import type { UploadLoad } from "./upload-load.ts";

const killsMin = 50;
/** Kills go on until each step was hit, but not for ever. */
const killsMax = 200;
const publishers = 4;
/** The longest time between a start and the next kill. */
const lifeMsMax = 250;
const config = '[log]\nlevel = "debug"\n';

type ProgramName = "index" | "signer";

describe("kill -9 under upload load", () => {
  let folder: string;
  let data: string;
  let target: UploadTarget;
  let index: string;
  let rootFingerprint: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "holdfast-kill-"));
    data = join(folder, "data");
    await mkdir(join(folder, "ready"));
    await writeFile(join(folder, "holdfast.toml"), config);
    const first = await startHoldfast({ data });
    ({ index, rootFingerprint } = first.ready);
    target = first.ready;
    await first.remove();
  });

  after(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  const start = async (name: ProgramName): Promise<Program> => {
    const readyFile = join(folder, "ready", `${name}.json`);
    await rm(readyFile, { force: true });
    const port = name === "index" ? ["--port", new URL(index).port] : [];
    return startProgram({
      args: [
        ...[name, "--data", data, "--config", join(folder, "holdfast.toml")],
        ...[...port, "--ready-file", readyFile],
      ],
      readyFile,
      env: programEnvironment(folder),
      via: "program",
    });
  };

  test("loses nothing, shows nothing half, signs no version twice", async (t) => {
    const seed = Number(process.env["HOLDFAST_KILL_SEED"] ?? Date.now() % 1_000_000);
    const random = createSeededRandom(seed);
    const observer = observeTree(join(data, "public", "tuf"));
    const programs = new Map<ProgramName, Program>();
    for (const name of ["signer", "index"] as const) {
      programs.set(name, await start(name));
    }
    const load = startUploadLoad(target, publishers);
    const hits = new Map<string, number>(batchSteps.map((step) => [step, 0]));
    let kills = 0;
    while (kills < killsMin || (kills < killsMax && [...hits.values()].includes(0))) {
      await delay(random.below(lifeMsMax));
      // The signer has the steps, so it dies more often.
      const name = random.below(4) === 0 ? "index" : "signer";
      await programs.get(name)?.kill();
      kills += 1;
      const hit = name === "signer" ? await readLastStep(data) : "index";
      hits.set(hit, (hits.get(hit) ?? 0) + 1);
      programs.set(name, await start(name));
    }
    await load.stop();
    await observer.stop();
    const counts = [...hits].map(([step, count]) => `${step} ${count}`).join(", ");
    t.diagnostic(`seed ${seed}, ${kills} kills, ${load.acknowledged.length} uploads acknowledged`);
    t.diagnostic(`killed at: ${counts}`);

    assert.deepEqual(observer.faults, []);
    assert.deepEqual(load.refusals, []);
    assert.ok(load.acknowledged.length >= kills, "hardly anything was uploaded");
    const missed = batchSteps.filter((step) => hits.get(step) === 0);
    assert.deepEqual(missed, [], `never hit; seed ${seed}`);
    await expectWhole(load);
    for (const program of programs.values()) {
      await program.stop();
    }
  });

  /** Everything acknowledged is there; what is there is whole; other implementations agree. */
  const expectWhole = async (load: UploadLoad): Promise<void> => {
    const sent = new Map(load.sent.map((wheel) => [wheel.filename, wheel]));
    const projects = [...new Set(load.acknowledged.map((wheel) => wheel.project))];
    const proxy = await startProxy({ index, anchor: ["--fingerprint", rootFingerprint] });
    const listed = new Set<string>();
    for (const project of projects) {
      for (const file of await fetchFileList(proxy.simple, project)) {
        const wheel = sent.get(file.filename);
        assert.equal(file.sha256, wheel?.sha256, file.filename);
        assert.equal(sha256Hex(await fetchBytes(file.url)), file.sha256);
        listed.add(file.filename);
      }
    }
    const lost = load.acknowledged.filter((wheel) => !listed.has(wheel.filename));
    assert.deepEqual(lost, [], "acknowledged, and not installable");
    await expectInstallable(proxy.simple, projects);
    await expectVerified(projects);
    await proxy.remove();
  };

  const expectInstallable = async (simple: string, projects: readonly string[]): Promise<void> => {
    await using machine = await aMachine(["uv"]);
    const environment = await machine.freshEnvironment();
    const install = ["pip", "install", "--python", environment.python, "--default-index", simple];
    await machine.runWell("uv", [...install, ...projects]);
    const modules = projects.map((project) => project.replaceAll("-", "_"));
    const script = modules.map((name) => `import ${name}; ${name}.answer()`).join("\n");
    checkSuccess(await environment.python3(script));
    await machine.remove();
  };

  const expectVerified = async (projects: readonly string[]): Promise<void> => {
    const state = join(folder, "python-tuf");
    await mkdir(state);
    const root = join(folder, "1.root.json");
    const metadata = new URL("tuf/", index).href;
    await writeFile(root, await fetchBytes(new URL("1.root.json", metadata)));
    const client = await openPythonTuf();
    const names = projects.map((project) => `simple/${project}/index.json`);
    const repository = { root, metadata, targets: new URL("targets/", index).href };
    const run = checkSuccess(await client(state, repository, names));
    const expected: string[] = [];
    for (const [at, project] of projects.entries()) {
      const page = await fetchPage(new URL("simple/", index).href, project);
      expected.push(`${sha256Hex(page)} ${names[at]}`);
    }
    assert.deepEqual(run.stdout.trim().split("\n"), expected);
  };
});

/** The last step the signer's log names: where it was when it was killed. */
async function readLastStep(data: string): Promise<string> {
  const folder = join(data, "log");
  for (const name of await readdir(folder)) {
    if (name.startsWith("signer")) {
      const lines = (await readFile(join(folder, name), "utf8")).trimEnd().split("\n");
      const last = lines.findLast((line) => line.includes('"step":'));
      if (last !== undefined) {
        return memberText(JSON.parse(last), "step");
      }
    }
  }
  throw new Error(`The signer's log in ${folder} names no steps`);
}
