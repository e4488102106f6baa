/**
 * The processes a run starts: each is remembered, waited for, and ended with its children by process id; nothing else
 * on the machine is ever signalled.
 */

import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

export type Child = {
  readonly pid: number;
  /** Ends the process and what it started; quiet when it is gone already. */
  stop(): Promise<void>;
  readonly exited: Promise<number | null>;
};

export type ChildOptions = {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Standard output and error go here. */
  readonly logFile: string;
};

const STOP_MS = 10_000;
const READY_MS = 60_000;

/** An environment without the caller's PIP_*, UV_*, proxies and configuration. */
export function emptyEnvironment(
  extra: Readonly<Record<string, string>> = {},
): Record<string, string> {
  return { PATH: process.env["PATH"] ?? "/usr/bin:/bin", LANG: "C.UTF-8", ...extra };
}

export function startChild(command: string, args: readonly string[], options: ChildOptions): Child {
  const log = openSync(options.logFile, "a");
  const child = spawn(command, args, {
    stdio: ["ignore", log, log],
    env: { ...(options.env ?? emptyEnvironment()) },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  closeSync(log);
  const exited = new Promise<number | null>((resolve) => {
    child.once("exit", (code) => resolve(code));
    child.once("error", () => resolve(null));
  });
  if (child.pid === undefined) throw new Error(`Cannot start ${command}`);
  const pid = child.pid;
  const killAtExit = (): void => {
    child.kill("SIGTERM");
  };
  process.once("exit", killAtExit);
  return {
    pid,
    exited,
    async stop() {
      await stopChild(child, exited);
      process.off("exit", killAtExit);
    },
  };
}

async function stopChild(child: ChildProcess, exited: Promise<number | null>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const pid = child.pid;
  if (pid === undefined) return;
  const family = await familyPids(pid);
  child.kill("SIGTERM");
  await Promise.race([exited, sleep(STOP_MS, undefined, { ref: false })]);
  for (const member of (await livingPids(family)).toReversed()) {
    try {
      process.kill(member, "SIGKILL");
    } catch {
      // It ended between the look and the signal.
    }
  }
}

/** Runs a command to its end; its output, or an error with its last lines. */
export function runCommand(
  command: string,
  args: readonly string[],
  options: {
    readonly cwd?: string;
    readonly env?: Readonly<Record<string, string>>;
    readonly timeoutMs?: number;
  } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...(options.env ?? emptyEnvironment()) },
      timeout: options.timeoutMs ?? 600_000,
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    const output: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => output.push(chunk));
    child.once("error", reject);
    child.once("close", (code) => {
      const text = Buffer.concat(output).toString();
      if (code === 0) resolve(text);
      else reject(new Error(`${command} ended with ${code}:\n${text.slice(-3_000)}`));
    });
  });
}

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => {
        if (address !== null && typeof address === "object") resolve(address.port);
        else reject(new Error("No free port"));
      });
    });
  });
}

export async function waitForPort(port: number, child: Child): Promise<void> {
  let ended = false;
  void child.exited.then(() => {
    ended = true;
  });
  const deadline = performance.now() + READY_MS;
  for (;;) {
    if (await accepts(port)) return;
    if (ended) throw new Error(`The process for port ${port} ended before it was ready`);
    if (performance.now() > deadline) throw new Error(`Port ${port} did not open`);
    await sleep(20);
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

/** The process and everything below it. */
export async function familyPids(root: number): Promise<number[]> {
  const parents = new Map<number, number>();
  for (const entry of await readdir("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = await readFile(`/proc/${entry}/stat`, "utf8").catch(() => "");
    const parent = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1];
    if (parent !== undefined) parents.set(Number(entry), Number(parent));
  }
  const family = [root];
  for (let i = 0; i < family.length; i += 1) {
    for (const [pid, parent] of parents) if (parent === family[i]) family.push(pid);
  }
  return family;
}

async function livingPids(pids: readonly number[]): Promise<number[]> {
  const living: number[] = [];
  for (const pid of pids) {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
    if (stat !== "" && !/\) Z /.test(stat)) living.push(pid);
  }
  return living;
}
