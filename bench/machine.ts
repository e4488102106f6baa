/** The machine a run was on: what numbers depend on, and nothing that names it. */

import { mkdir, open, rm } from "node:fs/promises";
import { cpus, totalmem } from "node:os";
import path from "node:path";
import { runCommand } from "./child.ts";
import { median } from "./rounds.ts";

const FSYNC_TRIES = 100;

export function describeMachine(fsyncMs: number): string[] {
  const processors = cpus();
  return [
    `Machine: ${processors.length} cores (${processors[0]?.model.trim() ?? "unknown"}), ${Math.round(totalmem() / 2 ** 30)} GiB memory, ${process.platform} ${process.arch}`,
    `One fsync of a new 4 KiB file: ${fsyncMs.toFixed(2)} ms (median of ${FSYNC_TRIES})`,
  ];
}

/** Milliseconds to create a small file and have it on the disk. */
export async function measureFsync(folder: string): Promise<number> {
  const part = path.join(folder, "fsync");
  await mkdir(part, { recursive: true });
  const times: number[] = [];
  for (let i = 0; i < FSYNC_TRIES; i += 1) {
    const startedAt = performance.now();
    const file = await open(path.join(part, String(i)), "w");
    await file.write(Buffer.alloc(4_096, i));
    await file.sync();
    await file.close();
    times.push(performance.now() - startedAt);
  }
  await rm(part, { recursive: true });
  return median(times);
}

/** Half of what is free, at most 6 GiB; in a process of its own, which gives it back by ending. */
const TOUCH_PROGRAM = `
  const pieces = [];
  const wanted = Math.min(require("node:os").freemem() / 2, 6 * 1024 ** 3);
  for (let size = 0; size < wanted; size += 2 ** 28) pieces.push(Buffer.alloc(2 ** 28, 1));
`;

/**
 * Writes to memory that is free. A virtual machine may get its memory from its host at the first touch, which costs
 * whoever comes first many times the write, and would be measured as somebody's cost.
 */
export async function touchMemory(): Promise<void> {
  await runCommand(process.execPath, ["-e", TOUCH_PROGRAM]);
}
