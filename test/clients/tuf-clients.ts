/** Other implementations of TUF as judges of our repository: each gets the root and the two addresses, nothing else. */
import { mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { sha256Hex } from "#crypto/hash.ts";
import { withFileLock } from "./file-lock.ts";
import { runProgram, runToSuccess } from "./program-run.ts";
import type { Run } from "./program-run.ts";
import {
  isPresent,
  machineEnvironment,
  openTool,
  projectRoot,
  testCacheFolder,
} from "./tool-environment.ts";

export type TufRepository = {
  /** Path of a file with the exact bytes of 1.root.json. */
  readonly root: string;
  readonly metadata: string;
  readonly targets: string;
};

/** Runs one client with a state folder of its own on some targets; any exit status. */
export type TufClient = (
  state: string,
  repository: TufRepository,
  targets: readonly string[],
) => Promise<Run>;

const sources = join(projectRoot, "test", "interop");
const goSource = join(sources, "go-tuf");
const buildTimeoutMs = 600_000;
export const tufClientEnvironment: Readonly<Record<string, string>> = {
  PATH: "/usr/bin:/bin",
  LANG: "C.UTF-8",
};

/** Its Python, and the script to run. */
export async function pythonTufCommand(): Promise<readonly [python: string, script: string]> {
  const tool = await openTool("tuf");
  return [tool.python, join(sources, "python-tuf", "fetch.py")];
}

/** Its Python, and the script that writes repositories below the folder it is given. */
export async function pythonTufWriter(): Promise<readonly [python: string, script: string]> {
  const tool = await openTool("tuf");
  return [tool.python, join(sources, "python-tuf", "write.py")];
}

export async function openPythonTuf(): Promise<TufClient> {
  const [python, script] = await pythonTufCommand();
  return (state, repository, targets) =>
    runProgram(python, [script, ...clientArgs(state, repository, targets)], {
      env: tufClientEnvironment,
      cwd: projectRoot,
    });
}

/**
 * undefined where this machine has no Go that is new enough; where CI is set nothing may be missing, and it is brought
 * like the other tools.
 */
export async function goTufProgram(): Promise<string | undefined> {
  const go =
    (await findSystemGo()) ?? (isCi() ? join((await openTool("go")).bin, "go") : undefined);
  return go === undefined ? undefined : await buildGoTuf(go);
}

function isCi(): boolean {
  return (process.env["CI"] ?? "") !== "";
}

async function findSystemGo(): Promise<string | undefined> {
  const options = { env: machineEnvironment(), cwd: projectRoot };
  const run = await runProgram("go", ["version"], options).catch(() => undefined);
  const module = await readFile(join(goSource, "go.mod"), "utf8");
  const wanted = minorOf(/^go ([0-9.]+)$/m.exec(module)?.[1]);
  const found = minorOf(/go version go([0-9.]+)/.exec(run?.stdout ?? "")?.[1]);
  return found >= wanted ? "go" : undefined;
}

/** 26 of "1.26.8". */
function minorOf(version = "1.0"): number {
  return Number(version.split(".")[1]);
}

async function buildGoTuf(go: string): Promise<string> {
  const parts = [Buffer.from(go)];
  for (const name of ["main.go", "go.mod", "go.sum"]) {
    parts.push(await readFile(join(goSource, name)));
  }
  const key = sha256Hex(Buffer.concat(parts)).slice(0, 16);
  const program = join(testCacheFolder(), "tools", `go-tuf-fetch-${key}`);
  await withFileLock(`${program}.lock`, buildTimeoutMs, async () => {
    if (!(await isPresent(program))) {
      await mkdir(dirname(program), { recursive: true });
      await runToSuccess(go, ["build", "-mod=readonly", "-o", program, "."], {
        env: machineEnvironment(),
        cwd: goSource,
        timeoutMs: buildTimeoutMs,
      });
    }
  });
  return program;
}

function clientArgs(
  state: string,
  repository: TufRepository,
  targets: readonly string[],
): readonly string[] {
  return [state, repository.root, repository.metadata, repository.targets, ...targets];
}
