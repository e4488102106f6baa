/**
 * Runs one program to its end: exactly the environment it is given, a time limit that ends it with everything it
 * started, and all it said, so that a test can read the words a person would read.
 */
import { spawn } from "node:child_process";

export type RunOptions = {
  /** The whole environment: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly timeoutMs?: number;
};

export type Run = {
  readonly command: string;
  /** null when a signal, for instance the time limit, ended it. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Both streams in the order they arrived. */
  readonly output: string;
  /** `output` with every run of white space as one blank: clients wrap their lines as they please. */
  readonly text: string;
};

const timeoutMsDefault = 180_000;

export function runProgram(
  program: string,
  args: readonly string[],
  options: RunOptions,
): Promise<Run> {
  return new Promise((resolve, reject) => {
    // A process group of its own, so that the time limit reaches what the program started too.
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: { ...options.env },
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    const both: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => void (stdout.push(chunk), both.push(chunk)));
    child.stderr.on("data", (chunk: Buffer) => void (stderr.push(chunk), both.push(chunk)));
    const endGroup = (): void => killGroup(child.pid);
    const timer = setTimeout(endGroup, options.timeoutMs ?? timeoutMsDefault);
    process.once("exit", endGroup);
    child.once("error", (error) => {
      clearTimeout(timer);
      process.removeListener("exit", endGroup);
      reject(error);
    });
    child.once("close", (status) => {
      clearTimeout(timer);
      process.removeListener("exit", endGroup);
      const output = Buffer.concat(both).toString();
      resolve({
        command: [program, ...args].join(" "),
        status,
        stdout: Buffer.concat(stdout).toString(),
        stderr: Buffer.concat(stderr).toString(),
        output,
        text: output.replaceAll(/\s+/g, " "),
      });
    });
  });
}

/** As runProgram, for a run that has to succeed: fails with everything the program said. */
export async function runToSuccess(
  program: string,
  args: readonly string[],
  options: RunOptions,
): Promise<Run> {
  return checkSuccess(await runProgram(program, args, options));
}

/** The run itself, or an error that shows what the program said. */
export function checkSuccess(run: Run): Run {
  if (run.status !== 0) {
    throw new Error(`"${run.command}" ended with ${run.status}:\n${run.output}`);
  }
  return run;
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) {
    return;
  }
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended by itself.
  }
}
