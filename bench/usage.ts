/** What a server's processes used: CPU time and resident memory, from /proc, all threads and children included. */

import { readFile } from "node:fs/promises";
import { familyPids } from "./child.ts";

/** Linux reports ticks of 1/100 s to user space on every architecture Node runs on. */
const TICKS_PER_SECOND = 100;

/** Seconds of CPU, user and system, that the process and its present children have used so far. */
export async function readCpuSeconds(root: number): Promise<number> {
  let ticks = 0;
  for (const pid of await familyPids(root)) {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // Fields 14 and 15 of proc(5): utime, stime.
    ticks += Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
  }
  return ticks / TICKS_PER_SECOND;
}

/** Resident bytes of one process: now, and the most it ever had. */
export async function readMemory(pid: number): Promise<{ now: number; peak: number }> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const read = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1] ?? 0) * 1_024;
  return { now: read("VmRSS"), peak: read("VmHWM") };
}
