/**
 * Runs a signer's program once (docs/spec/external-signer.md): no shell, all of its environment ours, bounded in time and
 * in what it says. What it writes to standard error is shown while it runs, because it may ask for a PIN or a touch.
 */
import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { quoteText } from "#formats/bytes/quote-text.ts";
import { RefusedError, UnavailableError } from "#core/errors.ts";
import type { Timer } from "#core/ports.ts";
import { isCode } from "#stores/folder/renamed-file.ts";
import { SaidLines } from "./said-lines.ts";

export type CommandPorts = {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly timer: Timer;
  show(text: string): void;
};

export type CommandRun = {
  /** The program and its arguments. */
  readonly command: readonly string[];
  readonly stdin: Uint8Array;
  /** Bytes of standard output. */
  readonly stdoutMax: number;
};

/** A person may have to find the token, and type its PIN. */
export const commandMsMax = 300_000;
/** Bytes of standard error in one run. */
export const stderrMax = 65_536;
/** Between asking a program to end and ending it. */
const graceMs = 2_000;

/**
 * Its standard output. Throws RefusedError `command.not-found`, `command.not-executable`, `command.failed`,
 * `command.output`; UnavailableError `command.timeout`.
 */
export function runSignerCommand(run: CommandRun, ports: CommandPorts): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const [program = "", ...args] = run.command;
    const child = spawn(program, args, {
      env: { ...ports.env, HOLDFAST_SIGNER_PROTOCOL: "1" },
      stdio: ["pipe", "pipe", "pipe"],
    });
    const said = new SaidLines(program, ports.show);
    const stop = (error: Error): void => {
      cancel();
      said.end();
      endChild(child, ports.timer);
      reject(error);
    };
    const cancel = ports.timer(commandMsMax, () => stop(timedOut(program)));
    child.once("error", (error) => stop(startError(program, error)));
    // A program that does not read the message to its end is judged by what it answers.
    child.stdin.on("error", () => undefined);
    child.stdin.end(run.stdin);
    const stdout = collect(child.stdout, run.stdoutMax, () => stop(tooMuch(program, "output")));
    showLines(child.stderr, said, () => stop(tooMuch(program, "standard error")));
    child.once("close", (status, signal) => {
      cancel();
      said.end();
      if (status === 0) resolve(Buffer.concat(stdout));
      else
        reject(
          failed(program, status === null ? `was ended by ${signal}` : `ended with ${status}`),
        );
    });
  });
}

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/** Asks, then insists. Pipes that something else still holds are not waited for. */
function endChild(child: Child, timer: Timer): void {
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  child.kill("SIGTERM");
  const cancel = timer(graceMs, () => void child.kill("SIGKILL"));
  child.once("exit", cancel);
}

function collect(stream: Readable, sizeMax: number, overflow: () => void): readonly Uint8Array[] {
  const chunks: Uint8Array[] = [];
  let left = sizeMax;
  stream.on("data", (chunk: Uint8Array) => {
    left -= chunk.byteLength;
    if (left < 0) overflow();
    else chunks.push(chunk);
  });
  return chunks;
}

function showLines(stream: Readable, said: SaidLines, overflow: () => void): void {
  let left = stderrMax;
  stream.on("data", (chunk: Uint8Array) => {
    left -= chunk.byteLength;
    if (left < 0) overflow();
    else said.add(chunk);
  });
}

function startError(program: string, error: Error): RefusedError {
  if (isCode(error, "ENOENT")) {
    return new RefusedError(
      "command.not-found",
      `Cannot run ${quoteText(program)}: there is no such program`,
    );
  }
  if (isCode(error, "EACCES")) {
    return new RefusedError(
      "command.not-executable",
      `Cannot run ${quoteText(program)}: it is not executable`,
    );
  }
  return failed(program, `does not start: ${error.message}`);
}

function failed(program: string, reason: string): RefusedError {
  return new RefusedError(
    "command.failed",
    `Cannot sign with ${quoteText(program)}: it ${reason}; what it said stands above`,
  );
}

function tooMuch(program: string, stream: string): RefusedError {
  return new RefusedError(
    "command.output",
    `Cannot sign with ${quoteText(program)}: it writes more to its ${stream} than a signer has to say`,
  );
}

function timedOut(program: string): UnavailableError {
  return new UnavailableError(
    "command.timeout",
    `Cannot sign with ${quoteText(program)}: it has not ended within ${commandMsMax / 1000} seconds`,
  );
}
