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
const buildTimeoutMs = 600_000;
const clientEnvironment = { PATH: "/usr/bin:/bin", LANG: "C.UTF-8" };

export async function openPythonTuf(): Promise<TufClient> {
  const tool = await openTool("tuf");
  const script = join(sources, "python-tuf", "fetch.py");
  return (state, repository, targets) =>
    runProgram(tool.python, [script, ...clientArgs(state, repository, targets)], {
      env: clientEnvironment,
      cwd: projectRoot,
    });
}

/** undefined where this machine has no Go. */
export async function openGoTuf(): Promise<TufClient | undefined> {
  const version = await runProgram("go", ["version"], {
    env: machineEnvironment(),
    cwd: projectRoot,
  }).catch(() => undefined);
  if (version?.status !== 0) {
    return undefined;
  }
  const program = await buildGoTuf(version.stdout);
  return (state, repository, targets) =>
    runProgram(program, clientArgs(state, repository, targets), {
      env: { ...clientEnvironment, HOME: state },
      cwd: projectRoot,
    });
}

async function buildGoTuf(goVersion: string): Promise<string> {
  const source = join(sources, "go-tuf");
  const parts = [Buffer.from(goVersion)];
  for (const name of ["main.go", "go.mod", "go.sum"]) {
    parts.push(await readFile(join(source, name)));
  }
  const key = sha256Hex(Buffer.concat(parts)).slice(0, 16);
  const program = join(testCacheFolder(), "tools", `go-tuf-fetch-${key}`);
  await withFileLock(`${program}.lock`, buildTimeoutMs, async () => {
    if (!(await isPresent(program))) {
      await mkdir(dirname(program), { recursive: true });
      await runToSuccess("go", ["build", "-mod=readonly", "-o", program, "."], {
        env: machineEnvironment(),
        cwd: source,
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
