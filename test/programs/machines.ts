/**
 * Two machines on one: each in namespaces of its own, without a network, with its own /media and /srv, and the other's
 * folders out of sight. Between them nothing but the stick.
 */
import { spawn, spawnSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { runProgram } from "#clients/program-run.ts";
import type { Run } from "#clients/program-run.ts";
import { findBasePython, machineEnvironment, projectRoot } from "#clients/tool-environment.ts";

const here = dirname(fileURLToPath(import.meta.url));

/** Its own view of the disk, then the command. The folder that holds both machines goes out of sight last. */
const enter = [
  'mount --bind "$1" /media && mount --bind "$2" /media/stick && mount --bind "$3" /srv',
  'mount -t tmpfs none "$4" && shift 4 && cd /media && exec "$@"',
].join(" && ");

export type MachineFolders = {
  /** What it sees as /media and as /srv. */
  readonly media: string;
  readonly srv: string;
};

export type TwoMachines = {
  readonly offline: MachineFolders;
  readonly signer: MachineFolders;
  readonly stick: string;
  /** Program and arguments that run a command on one of them. */
  enter(machine: MachineFolders, ...command: readonly string[]): readonly string[];
  run(machine: MachineFolders, ...command: readonly string[]): Promise<Run>;
  /** At a terminal: each answer is typed once its question is there. */
  type(
    machine: MachineFolders,
    shell: string,
    answers: readonly (readonly [question: string, answer: string])[],
  ): Promise<Run>;
  remove(): Promise<void>;
};

/** Root needs no user namespace; anybody else becomes root in one. */
const unshare: readonly string[] = [
  "unshare",
  ...(process.getuid?.() === 0 ? [] : ["--map-root-user"]),
  "--net",
  "--mount",
];

export async function makeTwoMachines(): Promise<TwoMachines> {
  const base = await mkdtemp(join(tmpdir(), "holdfast-machines-"));
  const tools = await mkdtemp(join(tmpdir(), "holdfast-command-"));
  const stick = join(base, "stick");
  const folders = async (name: string): Promise<MachineFolders> => {
    const [media, srv] = [join(base, name, "media"), join(base, name, "srv")];
    await mkdir(join(media, "stick"), { recursive: true });
    await mkdir(srv, { recursive: true });
    return { media, srv };
  };
  await mkdir(stick);
  const [offline, signer] = [await folders("offline"), await folders("signer")];
  await writeFile(
    join(tools, "holdfast"),
    `#!/bin/sh\nexec ${process.execPath} ${join(projectRoot, "bin", "holdfast.js")} "$@"\n`,
  );
  await chmod(join(tools, "holdfast"), 0o755);
  const python = await findBasePython();
  const env = { ...machineEnvironment(), PATH: `${tools}:${process.env["PATH"]}`, HOME: "/media" };
  const enterMachine = (machine: MachineFolders, ...command: readonly string[]): string[] => {
    const places = [machine.media, stick, machine.srv, base];
    return [...unshare, "sh", "-c", enter, "sh", ...places, ...command];
  };
  const run = (machine: MachineFolders, ...command: readonly string[]): Promise<Run> => {
    const [program = "", ...args] = enterMachine(machine, ...command);
    return runProgram(program, args, { env, cwd: projectRoot, timeoutMs: 120_000 });
  };
  return {
    offline,
    signer,
    stick,
    enter: enterMachine,
    run,
    type: (machine, shell, answers) => {
      const typist = [python.path, join(here, "type_at_terminal.py"), JSON.stringify(answers)];
      return run(machine, ...typist, "sh", "-e", "-c", shell);
    },
    async remove() {
      await rm(base, { recursive: true, force: true });
      await rm(tools, { recursive: true, force: true });
    },
  };
}

/** Why there can be no such machines here, or false. */
export function whyNoMachines(): string | false {
  const places = ["/media", "/srv", tmpdir()];
  const script = 'for place; do mount -t tmpfs none "$place" || exit 1; done';
  const [program = "", ...args] = [...unshare, "sh", "-c", script, "sh", ...places];
  const probe = spawnSync(program, args, { encoding: "utf8" });
  return probe.status === 0 ? false : `no namespaces with mounts here: ${probe.stderr}`;
}

export type StartedSigner = { readonly stop: () => Promise<void>; readonly output: () => string };

/** A long-lived command on a machine; it ends with the tests. */
export function startOn(
  machines: TwoMachines,
  machine: MachineFolders,
  ...command: readonly string[]
): StartedSigner {
  const [program = "", ...args] = machines.enter(machine, ...command);
  const child = spawn(program, args, {
    env: { ...machineEnvironment(), HOLDFAST_PARENT_PID: String(process.pid) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const printed: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => printed.push(chunk.toString()));
  }
  const ended = new Promise<void>((resolve) => void child.once("exit", () => resolve()));
  return {
    output: () => printed.join(""),
    async stop() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}
