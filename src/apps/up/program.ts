/**
 * One of the programs that `up` runs: started in a session of its own, so that a Ctrl-C in the terminal reaches it only
 * through us and in our order; ready when its ready file appears; ended when we end, however we end
 * (`HOLDFAST_PARENT_PID`). What it prints goes to its log file.
 */
import { spawn } from "node:child_process";
import {
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { parseJson } from "#formats/json/parse.ts";
import { isJsonObject } from "#formats/json/value.ts";
import type { JsonObject } from "#formats/json/value.ts";
import { UnavailableError } from "#core/errors.ts";

export type ProgramStart = {
  readonly name: string;
  /** The script and its arguments, for Node. */
  readonly args: readonly string[];
  readonly logFile: string;
  readonly readyFile: string;
  readonly env?: Readonly<Record<string, string>>;
};

export type Program = {
  readonly name: string;
  readonly pid: number;
  /** Words for how it ended: "exit code 1", "signal SIGKILL". */
  readonly ended: Promise<string>;
  /** What its ready file says; UnavailableError `program.died` or `program.silent`. */
  waitUntilReady(): Promise<JsonObject>;
  /** Asks it to end, then insists. Resolves when it is gone. */
  stop(): Promise<void>;
  /** The last lines it printed since it was started. */
  readLastWords(): string;
};

const readyMsMax = 120_000;
const readyPollMs = 20;
/** Programs close within 10 s by themselves (stores/host/life.ts). */
const stopMsMax = 12_000;
const lastWordsLines = 15;
const logSizeMax = 20 * 1_024 * 1_024;

export function startProgram(start: ProgramStart): Program {
  const { name, readyFile, logFile } = start;
  rmSync(readyFile, { force: true });
  turnLog(logFile);
  const log = openSync(logFile, "a", 0o640);
  const logFrom = statSync(logFile).size;
  const child = spawn(process.execPath, [...start.args], {
    detached: true,
    stdio: ["ignore", log, log],
    env: { ...process.env, ...start.env, HOLDFAST_PARENT_PID: String(process.pid) },
  });
  closeSync(log);
  let isGone = false;
  const ended = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) =>
      resolve(signal === null ? `exit code ${code}` : `signal ${signal}`),
    );
  }).finally(() => {
    isGone = true;
  });
  const readLastWords = (): string => readTail(logFile, logFrom);

  return {
    name,
    pid: child.pid ?? 0,
    ended,
    readLastWords,
    async waitUntilReady() {
      for (let waitedMs = 0; waitedMs < readyMsMax; waitedMs += readyPollMs) {
        if (isGone) throw died(name, await ended, readLastWords());
        if (existsSync(readyFile)) return readReadyFile(name, readyFile);
        await Promise.race([ended, delay(readyPollMs)]);
      }
      throw new UnavailableError(
        "program.silent",
        `Cannot wait for the ${name} any longer: it was not ready after ${readyMsMax / 1_000} s; see ${logFile}`,
      );
    },
    async stop() {
      if (isGone) return;
      child.kill("SIGTERM");
      const insist = setTimeout(() => child.kill("SIGKILL"), stopMsMax);
      await ended;
      clearTimeout(insist);
    },
  };
}

/** The error to report when a program ended that should not have. */
export function died(name: string, how: string, lastWords: string): UnavailableError {
  const said = lastWords === "" ? "It printed nothing" : `It printed last:\n${lastWords}`;
  return new UnavailableError("program.died", `The ${name} ended by itself (${how}). ${said}`);
}

/** One earlier log is kept, so that the folder does not grow for ever. */
function turnLog(logFile: string): void {
  const size = statSync(logFile, { throwIfNoEntry: false })?.size ?? 0;
  if (size > logSizeMax) renameSync(logFile, `${logFile}.1`);
}

function readReadyFile(name: string, readyFile: string): JsonObject {
  const value = parseJson(readFileSync(readyFile));
  if (isJsonObject(value)) return value;
  throw new UnavailableError("program.died", `Cannot read the ready file of the ${name}`);
}

function readTail(logFile: string, from: number): string {
  const text = readFileSync(logFile).subarray(from).toString();
  return text.trimEnd().split("\n").slice(-lastWordsLines).join("\n");
}
