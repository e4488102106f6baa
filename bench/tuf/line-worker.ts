/**
 * A contender of the `tuf` scenarios: a process of its own that is told what to do in lines of JSON on its standard
 * input, does it, and answers each with one line that says how long it took, as it measured itself: nobody's start,
 * imports or hand-over of the task count.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { emptyEnvironment } from "#bench/child.ts";

export type Timing = {
  readonly wallMs: number;
  /** User and system, all threads of the process. */
  readonly cpuMs: number;
  /** The most resident memory it has had. */
  readonly peakBytes: number;
};

export type LineWorker = {
  readonly pid: number;
  /** Rejects where the worker ends, or says anything but a timing. */
  ask(task: Readonly<Record<string, unknown>>): Promise<Timing>;
  /** Nothing more is asked; resolves when it has ended. */
  stop(): Promise<void>;
};

export type WorkerCommand = { readonly command: string; readonly args: readonly string[] };

/** A worker of ours, with the flags that the launcher gives every program (bin/bootstrap.js). */
export function ownWorker(...args: readonly string[]): WorkerCommand {
  return { command: process.execPath, args: ["--max-semi-space-size=8", ...args] };
}

const TASK_MS_MAX = 240_000;
const STOP_MS_MAX = 20_000;

export function startWorker({ command, args }: WorkerCommand): LineWorker {
  const env = emptyEnvironment({ HOME: "/nonexistent" });
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"], env });
  const said: string[] = [];
  child.stderr.on("data", (bytes: Buffer) => {
    said.push(bytes.toString());
    if (said.length > 100) said.shift();
  });
  const exited = new Promise<void>((resolve) => {
    child.once("close", () => resolve());
    child.once("error", () => resolve());
  });
  const killAtExit = (): void => void child.kill("SIGKILL");
  process.once("exit", killAtExit);
  void exited.then(() => process.off("exit", killAtExit));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  if (child.pid === undefined) throw new Error(`Cannot start ${command}`);
  return {
    pid: child.pid,
    async ask(task) {
      const timer = setTimeout(() => child.kill("SIGKILL"), TASK_MS_MAX);
      try {
        child.stdin.write(`${JSON.stringify(task)}\n`);
        const line = await lines.next();
        if (line.done !== true) return parseTiming(line.value);
      } finally {
        clearTimeout(timer);
      }
      await exited;
      const words = [command, ...args].join(" ");
      throw new Error(`${words} ended at ${JSON.stringify(task)}:\n${said.join("").slice(-2_000)}`);
    },
    stop: () => stopWorker(child, exited),
  };
}

async function stopWorker(child: ChildProcess, exited: Promise<void>): Promise<void> {
  child.stdin?.end();
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS_MAX);
  await exited;
  clearTimeout(timer);
}

function parseTiming(line: string): Timing {
  const { wallMs, cpuMs, peakBytes }: Partial<Timing> = JSON.parse(line);
  if (wallMs === undefined || cpuMs === undefined || peakBytes === undefined) {
    throw new Error(`A worker said ${line.slice(0, 500)}`);
  }
  return { wallMs, cpuMs, peakBytes };
}
