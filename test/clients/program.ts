/**
 * A long-lived `holdfast` program run the way a person runs it: started, waited for by its ready file, ended by its pid.
 * What it printed is kept for the failure message.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { runProgram } from "./program-run.ts";
import type { Run } from "./program-run.ts";
import { isPresent, projectRoot } from "./tool-environment.ts";

export type Program = {
  readonly pid: number;
  /** What the ready file said. */
  readonly ready: ReadonlyMap<string, string>;
  /** Everything printed so far. */
  output(): string;
  /** Resolves with the exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
  /** Asks it to end (SIGTERM) and waits. */
  stop(): Promise<number | string>;
  /** Ends it at once (SIGKILL), as a crash would, and waits. */
  kill(): Promise<void>;
};

export type ProgramStart = {
  readonly args: readonly string[];
  readonly readyFile: string;
  readonly env: Readonly<Record<string, string>>;
  /**
   * How it is started: by `npm start --`, by the launcher, or the program itself (the first argument names it, and its
   * pid is the one to kill).
   */
  readonly via: "launcher" | "npm" | "npx" | "program";
  readonly timeoutMs?: number;
};

const startTimeoutMs = 90_000;
const stopTimeoutMs = 20_000;
const pollMs = 20;
const launcher = join(projectRoot, "bin", "holdfast.js");

/** Starts it and waits until its ready file is there. */
export async function startProgram(start: ProgramStart): Promise<Program> {
  const [command, args] = commandLine(start);
  const child = spawn(command, [...args], {
    cwd: projectRoot,
    // It ends with us, also when we are killed.
    env: { ...start.env, HOLDFAST_PARENT_PID: String(process.pid) },
    // A process group of its own, as a shell makes one for each command.
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const printed: string[] = [];
  child.stdout.on("data", (chunk: Buffer) => printed.push(chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => printed.push(chunk.toString()));
  const forget = endWithTests(() => void child.kill("SIGTERM"));
  const ended = new Promise<number | string>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      forget();
      resolve(code ?? signal ?? "gone");
    });
  });
  const output = (): string => printed.join("");
  const ready = await waitForReady(child, start, output);
  return {
    pid: child.pid ?? 0,
    ready,
    output,
    ended,
    stop: () => stopChild(child, ended, output),
    kill: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/** However the test process ends, what it started ends too. Returns how to forget this. */
function endWithTests(end: () => void): () => void {
  const endBySignal = (): void => {
    end();
    process.exit(1);
  };
  process.once("exit", end);
  process.once("SIGTERM", endBySignal);
  process.once("SIGINT", endBySignal);
  return () => {
    process.removeListener("exit", end);
    process.removeListener("SIGTERM", endBySignal);
    process.removeListener("SIGINT", endBySignal);
  };
}

function commandLine(start: ProgramStart): readonly [command: string, args: readonly string[]] {
  switch (start.via) {
    case "npm":
      return ["npm", ["start", "--silent", "--", ...start.args]];
    case "npx":
      return ["npx", ["--no-install", "holdfast", ...start.args]];
    case "launcher":
      return [process.execPath, [launcher, ...start.args]];
    case "program": {
      const main = join(projectRoot, "src", "apps", start.args[0] ?? "", "main.ts");
      return [process.execPath, [main, ...start.args]];
    }
  }
}

/** Runs one `holdfast` command to its end. */
export function runHoldfast(
  args: readonly string[],
  options: { readonly env: Readonly<Record<string, string>>; readonly timeoutMs?: number },
): Promise<Run> {
  return runProgram(process.execPath, [launcher, ...args], { ...options, cwd: projectRoot });
}

async function waitForReady(
  child: ChildProcess,
  start: ProgramStart,
  output: () => string,
): Promise<ReadonlyMap<string, string>> {
  const deadline = performance.now() + (start.timeoutMs ?? startTimeoutMs);
  while (!(await isPresent(start.readyFile))) {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`holdfast ${start.args.join(" ")} ended before it was ready:\n${output()}`);
    }
    if (performance.now() > deadline) {
      child.kill("SIGKILL");
      throw new Error(`holdfast ${start.args.join(" ")} is not ready in time:\n${output()}`);
    }
    await delay(pollMs);
  }
  const parsed: unknown = JSON.parse(await readFile(start.readyFile, "utf8"));
  const ready = new Map<string, string>();
  for (const [key, value] of Object.entries(parsed ?? {})) {
    if (typeof value === "string") {
      ready.set(key, value);
    }
  }
  return ready;
}

async function stopChild(
  child: ChildProcess,
  ended: Promise<number | string>,
  output: () => string,
): Promise<number | string> {
  child.kill("SIGTERM");
  const timer = new AbortController();
  const late = delay(stopTimeoutMs, "late" as const, { signal: timer.signal }).catch(() => "late");
  const result = await Promise.race([ended, late]);
  timer.abort();
  if (result === "late") {
    child.kill("SIGKILL");
    throw new Error(`It did not end ${stopTimeoutMs} ms after SIGTERM:\n${output()}`);
  }
  return result;
}

/** The processes whose command line names `text`, other than this one. */
export async function findProcessesNaming(text: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const entry of await readdir("/proc")) {
    if (!/^[0-9]+$/.test(entry) || Number(entry) === process.pid) {
      continue;
    }
    const line = await readFile(`/proc/${entry}/cmdline`, "utf8").catch(() => "");
    if (line.includes(text)) {
      found.push(`${entry} ${line.replaceAll("\0", " ").trim()}`);
    }
  }
  return found;
}
