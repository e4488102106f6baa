/**
 * The Python clients under test, each in a virtual environment of its own that is made once with exact pins and kept in
 * the test cache. Only making one needs a package registry, through whatever the machine has configured; a client that
 * cannot be made is an error, never a skipped test.
 */
import { readFile, mkdir, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { sha256Hex } from "#crypto/hash.ts";
import { withFileLock } from "./file-lock.ts";
import { runToSuccess } from "./program-run.ts";

export type ToolName =
  | "pip"
  | "uv"
  | "twine"
  | "poetry"
  | "pdm"
  | "hatch"
  | "flit"
  | "build"
  | "keyring"
  | "tuf"
  | "go";

export type Tool = {
  readonly name: ToolName;
  /** The folder of its commands, to be put on PATH. */
  readonly bin: string;
  readonly python: string;
};

export type BasePython = { readonly path: string; readonly version: string };

const here = dirname(fileURLToPath(import.meta.url));
export const projectRoot: string = dirname(dirname(here));
const setupTimeoutMs = 600_000;

/** Where everything downloaded for tests is kept between runs; never committed. */
export function testCacheFolder(): string {
  return process.env["HOLDFAST_TEST_CACHE"] ?? join(projectRoot, ".cache", "test");
}

/** The environment of the machine itself, as set-up may use it. */
export function machineEnvironment(): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined) {
      env[name] = value;
    }
  }
  return env;
}

/** The Python every environment is made with: the first `python3` of PATH, 3.10 or newer. */
export async function findBasePython(): Promise<BasePython> {
  const script = "import sys,platform;print(sys.executable);print(platform.python_version())";
  const run = await runToSuccess("python3", ["-c", script], {
    env: machineEnvironment(),
    cwd: projectRoot,
  });
  const [path = "", version = ""] = run.stdout.trim().split("\n");
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major !== 3 || minor < 10) {
    throw new Error(`The client tests need Python 3.10 or newer; python3 is ${version}`);
  }
  return { path, version };
}

/** The environment of one client, made first if this is its first use with these pins and this Python. */
export async function openTool(name: ToolName): Promise<Tool> {
  const python = await findBasePython();
  const requirements = join(here, "requirements", `${name}.txt`);
  const pins = await readFile(requirements);
  const key = sha256Hex(Buffer.concat([pins, Buffer.from(`${python.path} ${python.version}`)]));
  const folder = join(testCacheFolder(), "tools", `${name}-${key.slice(0, 16)}`);
  const tool: Tool = { name, bin: join(folder, "bin"), python: join(folder, "bin", "python") };
  const done = join(folder, "holdfast-complete");
  if (await isPresent(done)) {
    return tool;
  }
  await withFileLock(`${folder}.lock`, setupTimeoutMs, async () => {
    if (await isPresent(done)) {
      return;
    }
    await rm(folder, { recursive: true, force: true });
    await mkdir(dirname(folder), { recursive: true });
    await makeEnvironment(python, folder, requirements);
    await writeFile(done, "");
  });
  return tool;
}

/** Opens several, one after the other: the processors are few. */
export async function openTools(names: readonly ToolName[]): Promise<readonly Tool[]> {
  const tools: Tool[] = [];
  for (const name of names) {
    tools.push(await openTool(name));
  }
  return tools;
}

async function makeEnvironment(
  python: BasePython,
  folder: string,
  requirements: string,
): Promise<void> {
  const options = { env: machineEnvironment(), cwd: projectRoot, timeoutMs: setupTimeoutMs };
  const install = ["install", "--quiet", "--require-hashes", "-r", requirements];
  const isPip = requirements.endsWith("/pip.txt");
  if (isPip) {
    await runToSuccess(python.path, ["-m", "venv", folder], options);
    await runToSuccess(join(folder, "bin", "python"), ["-m", "pip", ...install], options);
    return;
  }
  const pip = await openTool("pip");
  await runToSuccess(python.path, ["-m", "venv", "--without-pip", folder], options);
  const target = join(folder, "bin", "python");
  await runToSuccess(join(pip.bin, "pip"), ["--python", target, ...install], options);
}

export async function isPresent(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
