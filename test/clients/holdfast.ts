/**
 * A whole Holdfast for a test: `holdfast up` in a folder of its own, its ready file, its access log, and proxies of
 * further machines in front of it. Stopping it checks that no process is left.
 */
import { randomUUID } from "node:crypto";
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { findProcessesNaming, runHoldfast, startProgram } from "./program.ts";
import type { Program, ProgramStart } from "./program.ts";
import type { Run } from "./program-run.ts";
import { isPresent, machineEnvironment } from "./tool-environment.ts";

/** What the ready file of `up` says; every value is there. */
export type ReadyFile = {
  readonly index: string;
  readonly upload: string;
  readonly simple: string;
  readonly proxy: string;
  readonly proxySimple: string;
  readonly username: string;
  readonly token: string;
  readonly rootFingerprint: string;
  readonly metadata: string;
  readonly targets: string;
};

/** One line of the index's access log. */
export type AccessEntry = {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly agent: string;
};

export type Holdfast = AsyncDisposable & {
  readonly data: string;
  readonly pid: number;
  readonly ready: ReadyFile;
  output(): string;
  /** Resolves with the exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
  /** A `holdfast` command with this data folder, for instance `["admin", "project", "yank", …]`. */
  command(args: readonly string[]): Promise<Run>;
  readAccessLog(): Promise<readonly AccessEntry[]>;
  /** Ends it by its pid; fails when a process or a port is left over. */
  stop(): Promise<void>;
  /** Stops it where it still runs and removes the folder. */
  remove(): Promise<void>;
};

export type HoldfastOptions = {
  readonly args?: readonly string[];
  /** Text of a configuration file. */
  readonly config?: string;
  readonly via?: "launcher" | "npm" | "npx";
  /** The folder of an instance that ran before; a new one otherwise. */
  readonly data?: string;
};

export async function startHoldfast(options: HoldfastOptions = {}): Promise<Holdfast> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-up-"));
  const data = options.data ?? join(folder, "data");
  const readyFile = join(folder, "ready.json");
  const env = programEnvironment(folder);
  const config: string[] = [];
  if (options.config !== undefined) {
    const path = join(folder, "holdfast.toml");
    await writeFile(path, options.config);
    config.push("--config", path);
  }
  const program = await startIn(folder, {
    args: [
      ...(options.via === "npm" ? [] : ["up"]),
      ...["--data", data, "--port", "0", "--proxy-port", "0", "--ready-file", readyFile],
      ...config,
      ...(options.args ?? []),
    ],
    readyFile,
    env,
    via: options.via ?? "launcher",
  });
  let isRunning = true;
  const stop = async (): Promise<void> => {
    isRunning = false;
    await program.stop();
    assert.deepEqual(await findProcessesNaming(data), [], "processes are left over");
  };
  const remove = async (): Promise<void> => {
    if (isRunning) {
      await stop();
    }
    await rm(folder, { recursive: true, force: true });
  };
  const ready = parseReady(program);
  return {
    data,
    pid: program.pid,
    ready,
    output: program.output,
    ended: program.ended,
    command: (args) => runHoldfast([...args, "--data", data], { env }),
    readAccessLog: async () => {
      await flushAccessLog(data, ready.index);
      return await readAccessLog(data);
    },
    stop,
    remove,
    [Symbol.asyncDispose]: remove,
  };
}

export type ProxyProgram = AsyncDisposable & {
  readonly state: string;
  readonly proxy: string;
  readonly simple: string;
  readonly port: number;
  output(): string;
  /** `holdfast status --json` of this proxy's state folder. */
  readStatus(): Promise<string>;
  stop(): Promise<void>;
  remove(): Promise<void>;
};

export type ProxyOptions = {
  /** Left out where the configuration has a map of several. */
  readonly index?: string;
  /** The trust anchor's options, for instance `["--fingerprint", "sha256:…"]`. */
  readonly anchor?: readonly string[];
  readonly port?: number;
  readonly state?: string;
  readonly args?: readonly string[];
  readonly config?: string;
};

/** The proxy of another machine, with its own state folder. */
export async function startProxy(options: ProxyOptions): Promise<ProxyProgram> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-proxy-"));
  const state = options.state ?? join(folder, "state");
  const readyFile = join(folder, "ready.json");
  const env = programEnvironment(folder);
  const config: string[] = [];
  if (options.config !== undefined) {
    const path = join(folder, "holdfast.toml");
    await writeFile(path, options.config);
    config.push("--config", path);
  }
  const program = await startIn(folder, {
    args: [
      ...["proxy", ...(options.index === undefined ? [] : ["--index", options.index])],
      ...[...(options.anchor ?? []), "--state", state],
      ...["--port", String(options.port ?? 0), "--ready-file", readyFile],
      ...config,
      ...(options.args ?? []),
    ],
    readyFile,
    env,
    via: "launcher",
  });
  let isRunning = true;
  const stop = async (): Promise<void> => {
    isRunning = false;
    await program.stop();
    assert.deepEqual(await findProcessesNaming(state), [], "processes are left over");
  };
  const remove = async (): Promise<void> => {
    if (isRunning) {
      await stop();
    }
    await rm(folder, { recursive: true, force: true });
  };
  const proxy = readyText(program, "proxy");
  return {
    state,
    proxy,
    simple: readyText(program, "proxySimple"),
    port: Number(new URL(proxy).port),
    output: program.output,
    readStatus: async () => {
      const run = await runHoldfast(["status", "--json", "--state", state], { env });
      return run.stdout;
    },
    stop,
    remove,
    [Symbol.asyncDispose]: remove,
  };
}

/** Starts a program whose files lie in `folder`; one that does not start leaves nothing there. */
async function startIn(folder: string, start: ProgramStart): Promise<Program> {
  try {
    return await startProgram(start);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** Programs get an own home and, of the machine, only what finds other programs. */
export function programEnvironment(home: string): Record<string, string> {
  const path = machineEnvironment()["PATH"] ?? "/usr/bin:/bin";
  return { HOME: home, PATH: path, LANG: "C.UTF-8" };
}

function parseReady(program: Program): ReadyFile {
  const text = (key: string): string => readyText(program, key);
  return {
    index: text("index"),
    upload: text("upload"),
    simple: text("simple"),
    proxy: text("proxy"),
    proxySimple: text("proxySimple"),
    username: text("username"),
    token: text("token"),
    rootFingerprint: text("rootFingerprint"),
    metadata: text("metadata"),
    targets: text("targets"),
  };
}

function readyText(program: Program, key: string): string {
  const value = program.ready.get(key);
  if (value === undefined) {
    throw new Error(`The ready file has no "${key}"; the program said:\n${program.output()}`);
  }
  return value;
}

/**
 * Lines are gathered before they are written: a request of our own comes after all others, and once its line is there,
 * theirs are. An index that has ended has written everything.
 */
async function flushAccessLog(data: string, index: string): Promise<void> {
  const marker = `access-log-reader/${randomUUID()}`;
  try {
    const answer = await fetch(`${index}healthz`, { headers: { "user-agent": marker } });
    await answer.arrayBuffer();
  } catch {
    return;
  }
  const path = join(data, "log", "index-access.jsonl");
  const until = Date.now() + 5_000;
  while (!(await readFile(path, "utf8")).includes(marker)) {
    assert.ok(Date.now() < until, "the access log does not show a request that was answered");
    await delay(5);
  }
}

async function readAccessLog(data: string): Promise<readonly AccessEntry[]> {
  const path = join(data, "log", "index-access.jsonl");
  if (!(await isPresent(path))) {
    return [];
  }
  const entries: AccessEntry[] = [];
  for (const line of (await readFile(path, "utf8")).split("\n")) {
    if (line !== "") {
      entries.push(parseAccessEntry(line));
    }
  }
  return entries;
}

function parseAccessEntry(line: string): AccessEntry {
  const members = new Map<string, unknown>(Object.entries(JSON.parse(line) ?? {}));
  const memberText = (name: string): string => {
    const value = members.get(name);
    return typeof value === "string" ? value : "";
  };
  return {
    method: memberText("method"),
    path: memberText("path"),
    status: Number(members.get("status")),
    agent: memberText("agent"),
  };
}
