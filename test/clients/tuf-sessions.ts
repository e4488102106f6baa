/**
 * The same judges as in tuf-clients.ts, and tuf-js, for tests with many questions: each runs on and answers one after
 * the other. Every question is a new client to it, which knows only what its state folder holds.
 */
import { spawn } from "node:child_process";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { sha256Hex } from "#crypto/hash.ts";
import { FormatError } from "#formats/format-error.ts";
import { parseJson } from "#formats/json/parse.ts";
import { isJsonObject } from "#formats/json/value.ts";
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import { withFileLock } from "./file-lock.ts";
import { runToSuccess } from "./program-run.ts";
import { goTufProgram, pythonTufCommand, tufClientEnvironment } from "./tuf-clients.ts";
import type { TufRepository } from "./tuf-clients.ts";
import { isPresent, machineEnvironment, projectRoot, testCacheFolder } from "./tool-environment.ts";

export type TufQuestion = TufRepository & {
  /** A folder of the client's own. */
  readonly state: string;
  readonly names: readonly string[];
};

export type TufAnswer =
  /** By name; undefined: absent. */
  | { readonly kind: "pages"; readonly pages: ReadonlyMap<string, string | undefined> }
  /** The kind of the client's error, as its library names it. */
  | { readonly kind: "refused"; readonly error: string; readonly message: string };

export const tufJudgeNames = ["python-tuf", "tuf-js", "go-tuf"] as const;

export type TufJudgeName = (typeof tufJudgeNames)[number];

export type TufSession = {
  readonly name: TufJudgeName;
  ask(question: TufQuestion): Promise<TufAnswer>;
  close(): void;
};

const tufJsSource = join(projectRoot, "test", "interop", "tuf-js");
const setupTimeoutMs = 600_000;

/** python-tuf, tuf-js, and go-tuf unless this machine has no Go that is new enough (see `goTufProgram`). */
export async function openTufSessions(): Promise<readonly TufSession[]> {
  const [python, script] = await pythonTufCommand();
  const goTuf = await goTufProgram();
  const js = await openTufJs();
  const sessions = [
    openSession("python-tuf", python, [script, "--lines"]),
    openSession("tuf-js", process.execPath, [join(tufJsSource, "fetch.js"), js]),
  ];
  return goTuf === undefined ? sessions : [...sessions, openSession("go-tuf", goTuf, [])];
}

/** The folder that tuf-js is installed in, with exactly what its lock file pins. */
async function openTufJs(): Promise<string> {
  const lock = await readFile(join(tufJsSource, "package-lock.json"));
  const folder = join(testCacheFolder(), "tools", `tuf-js-${sha256Hex(lock).slice(0, 16)}`);
  const done = join(folder, "holdfast-complete");
  await withFileLock(`${folder}.lock`, setupTimeoutMs, async () => {
    if (await isPresent(done)) return;
    await rm(folder, { recursive: true, force: true });
    await mkdir(dirname(folder), { recursive: true });
    for (const name of ["package.json", "package-lock.json"]) {
      await cp(join(tufJsSource, name), join(folder, name));
    }
    await runToSuccess("npm", ["ci", "--ignore-scripts", "--silent", "--no-audit", "--no-fund"], {
      env: machineEnvironment(),
      cwd: folder,
      timeoutMs: setupTimeoutMs,
    });
    await writeFile(done, "");
  });
  return folder;
}

function openSession(name: TufJudgeName, command: string, args: readonly string[]): TufSession {
  const child = spawn(command, [...args], {
    env: { ...tufClientEnvironment, HOME: testCacheFolder() },
    cwd: projectRoot,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const end = (): void => void child.kill("SIGKILL");
  process.once("exit", end);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let turn: Promise<unknown> = Promise.resolve();
  const ask = async (question: TufQuestion): Promise<TufAnswer> => {
    child.stdin.write(`${JSON.stringify(question)}\n`);
    const { done, value } = await lines.next();
    if (done === true) throw new Error(`${name} ended before it answered`);
    return answerOf(value);
  };
  return {
    name,
    ask: (question) => {
      const answer = turn.then(() => ask(question));
      turn = answer.catch(() => undefined);
      return answer;
    },
    close: () => {
      process.removeListener("exit", end);
      child.stdin.end();
    },
  };
}

function answerOf(line: string): TufAnswer {
  const answer = parseJson(formatUtf8(line));
  if (!isJsonObject(answer)) throw new FormatError("json.type", `No answer: ${line}`, "");
  const error = answer.get("refused");
  const message = answer.get("message");
  if (typeof error === "string" && typeof message === "string") {
    return { kind: "refused", error, message };
  }
  const listed = answer.get("pages") ?? new Map();
  const pages = new Map<string, string | undefined>();
  for (const [name, sha256] of isJsonObject(listed) ? listed : []) {
    pages.set(name, typeof sha256 === "string" ? sha256 : undefined);
  }
  return { kind: "pages", pages };
}
