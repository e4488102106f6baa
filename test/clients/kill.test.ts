/**
 * Nothing is lost: index and signer, as real processes, are killed (SIGKILL) again and again while publishers upload.
 * Every upload that was acknowledged is installable afterwards, nothing else is half visible, and no version number ever
 * stood for two contents. Prints its seed (HOLDFAST_KILL_SEED repeats it) and how often each step was hit.
 */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, open, rm, writeFile } from "node:fs/promises";
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
/** The longest time between a start and the next kill, when no step is aimed at. */
const lifeMsMax = 250;
/** How long the signer is watched for the step that is aimed at. */
const aimMsMax = 3_000;
/** Enough for the last line of the step log. */
const logTailSize = 200;
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
      env: { ...programEnvironment(folder), HOLDFAST_PARENT_PID: String(process.pid) },
      via: "program",
    });
  };

  test("loses nothing, shows nothing half, signs no version twice", async (t) => {
    const seed = Number(process.env["HOLDFAST_KILL_SEED"] ?? Date.now() % 1_000_000);
    const random = createSeededRandom(seed);
    const steps = join(data, "log", "signer-steps.jsonl");
    const observer = observeTree(join(data, "public", "tuf"));
    const programs = new Map<ProgramName, Program>();
    for (const name of ["signer", "index"] as const) {
      programs.set(name, await start(name));
    }
    const load = startUploadLoad(target, publishers);
    const hits = new Map<string, number>(batchSteps.map((step) => [step, 0]));
    let kills = 0;
    try {
      while (kills < killsMin || (kills < killsMax && [...hits.values()].includes(0))) {
        // The signer has the steps, so it dies more often; now and then at no step in particular.
        const name = random.below(5) === 0 ? "index" : "signer";
        const program = programs.get(name);
        assert.ok(program);
        if (name === "signer" && random.below(5) > 0) {
          await stopAtStep(program.pid, random.pick(batchSteps), steps);
        } else {
          await delay(random.below(lifeMsMax));
        }
        await program.kill();
        kills += 1;
        const hit = name === "signer" ? await readLastStep(steps) : "index";
        hits.set(hit, (hits.get(hit) ?? 0) + 1);
        programs.set(name, await start(name));
      }
      await load.stop();
      await observer.stop();
      const counts = [...hits].map(([step, count]) => `${step} ${count}`).join(", ");
      t.diagnostic(
        `seed ${seed}, ${kills} kills, ${load.acknowledged.length} uploads acknowledged`,
      );
      t.diagnostic(`killed at: ${counts}`);

      assert.deepEqual(observer.faults, []);
      assert.deepEqual(load.refusals, []);
      assert.ok(load.acknowledged.length >= kills, "hardly anything was uploaded");
      const missed = batchSteps.filter((step) => hits.get(step) === 0);
      assert.deepEqual(missed, [], `never hit; seed ${seed}`);
      await expectWhole(load);
    } finally {
      await load.stop();
      await observer.stop();
      for (const program of programs.values()) {
        await program.stop();
      }
    }
  });

  /** Everything acknowledged is there; what is there is whole; other implementations agree. */
  const expectWhole = async (load: UploadLoad): Promise<void> => {
    const sent = new Map(load.sent.map((wheel) => [wheel.filename, wheel]));
    const projects: string[] = [];
    const proxy = await startProxy({ index, anchor: ["--fingerprint", rootFingerprint] });
    const listed = new Set<string>();
    for (const project of new Set(load.sent.map((wheel) => wheel.project))) {
      // What was sent last and never acknowledged may be there or not; if it is, it is whole.
      if ((await fetch(new URL(`${project}/`, proxy.simple))).status === 404) {
        continue;
      }
      projects.push(project);
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

/**
 * Lets the signer run for moments and holds it (SIGSTOP) to see where it is, until it is at `step`; or, when it does not
 * come there for a while, leaves it where it is. Real time only chooses the moments: the kill follows in any case.
 */
async function stopAtStep(pid: number, step: string, steps: string): Promise<void> {
  const deadline = performance.now() + aimMsMax;
  while (performance.now() < deadline) {
    process.kill(pid, "SIGSTOP");
    if ((await readLastStep(steps)) === step) {
      return;
    }
    process.kill(pid, "SIGCONT");
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** The last step the signer's log names: where it is, or was when it was killed. */
async function readLastStep(steps: string): Promise<string> {
  const file = await open(steps);
  try {
    const { size } = await file.stat();
    const tail = Buffer.alloc(Math.min(size, logTailSize));
    await file.read(tail, 0, tail.length, size - tail.length);
    const last = tail.toString().trimEnd().split("\n").at(-1) ?? "";
    return memberText(JSON.parse(last), "step");
  } finally {
    await file.close();
  }
}
