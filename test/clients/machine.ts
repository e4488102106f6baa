/**
 * A person's machine as the clients see it: an own home without configuration or caches, an environment that holds
 * nothing but what is written here, and no way to a host but loopback.
 */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { checkSuccess, runProgram, runToSuccess } from "./program-run.ts";
import type { Run } from "./program-run.ts";
import { findBasePython, openTools } from "./tool-environment.ts";
import type { Tool, ToolName } from "./tool-environment.ts";
import { startTripwire } from "./tripwire.ts";

export type ClientOptions = {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly timeoutMs?: number;
  /** Further tools whose commands this one may call. */
  readonly alongside?: readonly ToolName[];
};

/** A virtual environment made for one installation. */
export type FreshEnvironment = {
  readonly folder: string;
  readonly python: string;
  /** Runs Python code with it: what a user does with the thing installed. */
  python3(code: string): Promise<Run>;
};

export type Machine = AsyncDisposable & {
  readonly folder: string;
  readonly home: string;
  /** The Python of tools and fresh environments. */
  readonly python: string;
  /** Runs one of the clients; any exit status. */
  run(tool: ToolName, args: readonly string[], options?: ClientOptions): Promise<Run>;
  /** Runs one of the clients, which has to succeed. */
  runWell(tool: ToolName, args: readonly string[], options?: ClientOptions): Promise<Run>;
  /** Runs the Python of one of the clients, with its packages; has to succeed. */
  runPython(tool: ToolName, args: readonly string[], options?: ClientOptions): Promise<Run>;
  /** The environment clients run in, for programs that are not among the tools. */
  clientEnvironment(extra?: Readonly<Record<string, string>>): Record<string, string>;
  freshEnvironment(): Promise<FreshEnvironment>;
  /** Writes a file into a new folder; gives its path. */
  writeFile(name: string, bytes: Uint8Array): Promise<string>;
  /** A new empty folder. */
  freshFolder(name: string): Promise<string>;
  /** What clients tried to reach beyond loopback; a test ends by asserting that it is empty. */
  readonly outsideAttempts: readonly string[];
  remove(): Promise<void>;
};

/** A machine with these clients installed. */
export async function aMachine(toolNames: readonly ToolName[]): Promise<Machine> {
  const tools = new Map<ToolName, Tool>();
  for (const tool of await openTools(toolNames)) {
    tools.set(tool.name, tool);
  }
  const python = await findBasePython();
  const folder = await mkdtemp(join(tmpdir(), "holdfast-machine-"));
  const home = join(folder, "home");
  const temporary = join(folder, "tmp");
  await mkdir(home);
  await mkdir(temporary);
  const tripwire = await startTripwire();
  let folderCount = 0;

  const clientEnvironment = (extra?: Readonly<Record<string, string>>): Record<string, string> => ({
    ...bareEnvironment(home, temporary, tripwire.url),
    ...extra,
  });
  const freshFolder = async (name: string): Promise<string> => {
    folderCount += 1;
    const path = join(folder, `${name}-${folderCount}`);
    await mkdir(path);
    return path;
  };
  const toolOf = (name: ToolName): Tool => {
    const tool = tools.get(name);
    if (tool === undefined) {
      throw new Error(`This machine was made without ${name}`);
    }
    return tool;
  };
  const run = (
    name: ToolName,
    args: readonly string[],
    options: ClientOptions = {},
  ): Promise<Run> => {
    const tool = toolOf(name);
    const env = clientEnvironment(options.env);
    const others = (options.alongside ?? []).map((other) => toolOf(other).bin);
    env["PATH"] = [tool.bin, ...others, env["PATH"]].join(delimiter);
    if (name === "pdm") {
      // Otherwise it asks a host of its own whether there is a newer pdm.
      env["PDM_CHECK_UPDATE"] = "false";
    }
    const { timeoutMs } = options;
    return runProgram(join(tool.bin, commandOf(name)), args, {
      env,
      cwd: options.cwd ?? home,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    });
  };
  const freshEnvironment = async (): Promise<FreshEnvironment> => {
    const place = await freshFolder("environment");
    const env = clientEnvironment();
    await runToSuccess(python.path, ["-m", "venv", "--without-pip", place], { env, cwd: home });
    const own = join(place, "bin", "python");
    return {
      folder: place,
      python: own,
      python3: (code) => runToSuccess(own, ["-c", code], { env, cwd: home }),
    };
  };
  const remove = async (): Promise<void> => {
    await tripwire.stop();
    await rm(folder, { recursive: true, force: true });
  };
  return {
    folder,
    home,
    python: python.path,
    run,
    runPython: (name, args, options = {}) =>
      runToSuccess(toolOf(name).python, args, {
        env: clientEnvironment(options.env),
        cwd: options.cwd ?? home,
      }),
    runWell: async (name, args, options) => checkSuccess(await run(name, args, options)),
    clientEnvironment,
    freshEnvironment,
    freshFolder,
    writeFile: async (name, bytes) => {
      const path = join(await freshFolder("file"), name);
      await writeFile(path, bytes);
      return path;
    },
    outsideAttempts: tripwire.attempts,
    remove,
    [Symbol.asyncDispose]: remove,
  };
}

function commandOf(name: ToolName): string {
  switch (name) {
    case "build":
      return "pyproject-build";
    case "tuf":
      return "python";
    default:
      return name;
  }
}

function bareEnvironment(
  home: string,
  temporary: string,
  tripwireUrl: string,
): Record<string, string> {
  return {
    HOME: home,
    XDG_CONFIG_HOME: join(home, ".config"),
    XDG_CACHE_HOME: join(home, ".cache"),
    XDG_DATA_HOME: join(home, ".local", "share"),
    XDG_STATE_HOME: join(home, ".local", "state"),
    TMPDIR: temporary,
    PATH: "/usr/bin:/bin",
    LANG: "C.UTF-8",
    // Wide and plain, so that sentences arrive whole.
    COLUMNS: "1000",
    NO_COLOR: "1",
    HTTP_PROXY: tripwireUrl,
    HTTPS_PROXY: tripwireUrl,
    ALL_PROXY: tripwireUrl,
    http_proxy: tripwireUrl,
    https_proxy: tripwireUrl,
    NO_PROXY: "127.0.0.1,localhost",
    no_proxy: "127.0.0.1,localhost",
  };
}
