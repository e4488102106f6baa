/** Holdfast itself, started as a user starts it: `holdfast up`, three processes. */

import { access, mkdir, readFile, rm } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { emptyEnvironment, familyPids, runCommand, startChild } from "#bench/child.ts";
import type { Child } from "#bench/child.ts";
import type { UploadDoor } from "#bench/upload.ts";

export type HoldfastPeer = {
  readonly child: Child;
  readonly data: string;
  readonly ready: HoldfastReady;
  /** The index's port. */
  readonly port: number;
  readonly door: UploadDoor;
  /** The pid of one of its programs: index, signer or proxy. */
  pidOf(program: string): Promise<number>;
};

/** What the bench needs of the ready file. */
export type HoldfastReady = {
  readonly index: string;
  readonly upload: string;
  readonly simple: string;
  readonly proxySimple: string;
  readonly username: string;
  readonly token: string;
  readonly rootFingerprint: string;
};

const READY_MS = 120_000;
export const HOLDFAST_PROGRAM: string = path.join(
  import.meta.dirname,
  "..",
  "..",
  "bin",
  "holdfast.js",
);

export async function startHoldfast(data: string): Promise<HoldfastPeer> {
  await mkdir(path.dirname(data), { recursive: true });
  const readyFile = `${data}.ready.json`;
  const child = await startProgram(path.dirname(data), readyFile, [
    "up",
    ...["--data", data],
    ...["--port", "0"],
    ...["--proxy-port", "0"],
  ]);
  const ready: HoldfastReady = JSON.parse(await readFile(readyFile, "utf8"));
  const basic = Buffer.from(`${ready.username}:${ready.token}`).toString("base64");
  return {
    child,
    data,
    ready,
    port: Number(new URL(ready.index).port),
    door: { url: ready.upload, headers: { Authorization: `Basic ${basic}` } },
    pidOf: (program) => findProgram(child.pid, program),
  };
}

/** Starts one of the programs and comes back when its ready file is there. */
export async function startProgram(
  folder: string,
  readyFile: string,
  args: readonly string[],
): Promise<Child> {
  await rm(readyFile, { force: true });
  const child = startChild(
    process.execPath,
    [HOLDFAST_PROGRAM, ...args, "--ready-file", readyFile],
    { logFile: path.join(folder, "holdfast.log"), env: emptyEnvironment({ HOME: folder }) },
  );
  const deadline = performance.now() + READY_MS;
  let ended = false;
  void child.exited.then(() => {
    ended = true;
  });
  while (!(await exists(readyFile))) {
    if (ended || performance.now() > deadline) {
      await child.stop();
      const log = await readFile(path.join(folder, "holdfast.log"), "utf8");
      throw new Error(`holdfast ${args[0] ?? ""} was not ready:\n${log.slice(-2_000)}`);
    }
    await sleep(5);
  }
  return child;
}

/** `holdfast admin import`: wheels in bulk, through the running index. */
export async function importFolder(holdfast: HoldfastPeer, folder: string): Promise<void> {
  await runHoldfast(["admin", "import", folder, "--data", holdfast.data], 3_600_000);
}

export function runHoldfast(args: readonly string[], timeoutMs = 60_000): Promise<string> {
  return runCommand(process.execPath, [HOLDFAST_PROGRAM, ...args], { timeoutMs });
}

async function findProgram(root: number, program: string): Promise<number> {
  const family = await familyPids(root);
  for (const pid of family.toReversed()) {
    const line = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    if (line.includes(`apps/${program}/main.ts`)) return pid;
  }
  throw new Error(`Cannot find holdfast ${program} below process ${root}`);
}

function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
