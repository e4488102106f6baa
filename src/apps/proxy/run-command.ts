/** `holdfast run -- COMMAND`: one command that installs from a verifying proxy and from nowhere else. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { RefusedError } from "#core/errors.ts";
import type { Life } from "#stores/host/life.ts";
import { clientEnvironment } from "./client-environment.ts";
import type { Connection } from "./connection.ts";
import { sentenceOf } from "./event-log.ts";
import { startHttpServer } from "./http-server.ts";
import { openConnection, readListenAddress } from "./open-connection.ts";
import type { RunOptions } from "./options.ts";
import { findRunningProxy, simpleUrlOf } from "#stores/host/running-proxy.ts";

/** Resolves with the command's exit code. */
export async function runCommand(options: RunOptions, life: Life): Promise<number> {
  const say = (sentence: string): void => void process.stderr.write(`holdfast run: ${sentence}\n`);
  const connection = await openConnection(options, say);
  life.onStop("connections to the index", connection.close);
  const running = await findRunningProxy(connection.state);
  const simpleUrl =
    running === undefined
      ? await startForCommand(options, connection, life, say)
      : simpleUrlOf(running);
  const env = clientEnvironment(process.env, simpleUrl, options.keepConfig);
  return await spawnCommand(options.command, env, life);
}

/** Its own proxy, on the address that lock files record, with one view for as long as the command runs. */
async function startForCommand(
  options: RunOptions,
  connection: Connection,
  life: Life,
  say: (sentence: string) => void,
): Promise<string> {
  const told = new Set<string>();
  const server = await startHttpServer(await readListenAddress(options), async (listen) => {
    const proxy = await connection.makeProxy({
      listen,
      pinned: true,
      instance: crypto.randomUUID(),
      onEvent: (event) => {
        const sentence = sentenceOf(event);
        if (sentence === undefined || told.has(sentence)) return;
        told.add(sentence);
        say(sentence);
      },
    });
    return proxy.handle;
  });
  life.onStop("http server", server.close);
  return simpleUrlOf({ ...server.address, name: connection.name });
}

async function spawnCommand(
  command: readonly string[],
  env: Record<string, string>,
  life: Life,
): Promise<number> {
  const [program = "", ...args] = command;
  const child = startChild(program, args, env);
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.once("error", (error) => reject(notStarted(program, error)));
  child.once("exit", (code, signal) => {
    resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
  });
  passSignalsOn(child);
  // Our own parent is gone: nothing may be left running.
  life.onStop("command", async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGTERM");
    await promise.catch(() => undefined);
  });
  return await promise;
}

/** Node tells some reasons at once, others with an event. */
function startChild(
  program: string,
  args: readonly string[],
  env: Record<string, string>,
): ChildProcess {
  try {
    return spawn(program, args, { env, stdio: "inherit" });
  } catch (error) {
    throw notStarted(program, error);
  }
}

/** Told apart as shells do, because scripts look at their 127 and 126. */
function notStarted(program: string, error: unknown): RefusedError {
  const cannot = `Cannot run ${program === "" ? "a command without a name" : program}`;
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  // A path that is there and yet "not found" is a script whose interpreter is not.
  const isPath = program.includes("/");
  if (program === "" || (code === "ENOENT" && !(isPath && existsSync(program)))) {
    const place = isPath ? "there" : "on the PATH";
    return new RefusedError("command.not-found", `${cannot}: no such command is ${place}`);
  }
  const reason =
    code === "ENOENT"
      ? "the interpreter that its first line names is not there"
      : code === "EACCES"
        ? "it may not be executed"
        : error instanceof Error
          ? error.message
          : String(error);
  return new RefusedError("command.not-executable", `${cannot}: ${reason}`);
}

function passSignalsOn(child: ChildProcess): void {
  process.on("SIGTERM", () => void child.kill("SIGTERM"));
  process.on("SIGHUP", () => void child.kill("SIGHUP"));
  process.on("SIGINT", () => {
    // A terminal sends Ctrl-C to the command itself; twice would end it without its clean-up.
    if (!process.stdin.isTTY) child.kill("SIGINT");
  });
}
