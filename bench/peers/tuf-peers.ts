/** python-tuf, go-tuf and tuf-js as workers (bench/tuf/line-worker.ts), installed into the cache folder. */

import { access, mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import { runCommand } from "#bench/child.ts";
import type { WorkerCommand } from "#bench/tuf/line-worker.ts";
import { ensurePythonEnvironment, registryEnvironment } from "./python-environment.ts";

export type TufPeer = {
  readonly name: string;
  readonly version: string;
  command(...args: readonly string[]): WorkerCommand;
};

export type TufPeers = {
  readonly python: TufPeer;
  /** undefined where there is no Go. */
  readonly go: TufPeer | undefined;
  readonly js: TufPeer;
};

const here = import.meta.dirname;
const TUF_JS_VERSION = "5.0.1";

export async function installTufPeers(cache: string): Promise<TufPeers> {
  return {
    python: await installPython(cache),
    go: await installGo(cache),
    js: await installJs(cache),
  };
}

async function installPython(cache: string): Promise<TufPeer> {
  const packages = ["tuf", "securesystemslib[crypto]"];
  const { bin, version } = await ensurePythonEnvironment(cache, "tuf", packages);
  const worker = path.join(here, "python-tuf", "worker.py");
  return {
    name: "python-tuf",
    version,
    command: (...args) => ({ command: path.join(bin, "python"), args: [worker, ...args] }),
  };
}

async function installGo(cache: string): Promise<TufPeer | undefined> {
  const env = toolEnvironment();
  const hasGo = await runCommand("go", ["version"], { env }).catch(() => undefined);
  if (hasGo === undefined) return undefined;
  const source = path.join(here, "go-tuf");
  const program = path.join(cache, "go-tuf-worker");
  await mkdir(cache, { recursive: true });
  const build = ["build", "-mod=readonly", "-o", program, "."];
  await runCommand("go", build, { env, cwd: source });
  const module = await readFile(path.join(source, "go.mod"), "utf8");
  const version = /go-tuf\/v2 v(\S+)/.exec(module)?.[1] ?? "unknown";
  return { name: "go-tuf", version, command: (...args) => ({ command: program, args }) };
}

async function installJs(cache: string): Promise<TufPeer> {
  const folder = path.join(cache, `tuf-js-${TUF_JS_VERSION}`);
  const installed = path.join(folder, "node_modules", "tuf-js", "package.json");
  const isThere = await access(installed).then(
    () => true,
    () => false,
  );
  if (!isThere) {
    await mkdir(folder, { recursive: true });
    const install = ["install", "--silent", "--no-save", "--prefix", folder];
    await runCommand("npm", [...install, `tuf-js@${TUF_JS_VERSION}`], { env: toolEnvironment() });
  }
  const worker = path.join(here, "tuf-js", "worker.mjs");
  return {
    name: "tuf-js",
    version: TUF_JS_VERSION,
    command: (...args) => ({ command: process.execPath, args: [worker, folder, ...args] }),
  };
}

/** What npm and go need to reach their registries from here. */
function toolEnvironment(): Record<string, string> {
  const env = registryEnvironment();
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined && /^(GO|npm_config_|NPM_|NODE_EXTRA)/i.test(name)) env[name] = value;
  }
  return env;
}
