/** What the system itself says about processes: /proc, which no program can talk its way around. */
import { readdir, readFile, readlink } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { findProcessesNaming } from "#clients/program.ts";

const pollMs = 50;

/** The pid of one of the programs that work on this data folder. */
export async function findProgram(app: string, data: string): Promise<number> {
  const main = `src/apps/${app}/main.ts`;
  const lines = (await findProcessesNaming(data)).filter((line) => line.includes(main));
  const [line] = lines;
  if (line === undefined || lines.length > 1) {
    throw new Error(`There should be one ${app} on ${data}:\n${lines.join("\n")}`);
  }
  return Number(line.split(" ")[0]);
}

/** Every file, folder and socket a process holds open. */
export async function listOpenFiles(pid: number): Promise<readonly string[]> {
  const folder = `/proc/${pid}/fd`;
  const names = await readdir(folder);
  const targets = names.map((name) => readlink(`${folder}/${name}`).catch(() => ""));
  return (await Promise.all(targets)).filter((target) => target !== "");
}

/** The user a process runs as. */
export async function readUserId(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/^Uid:\s+(\d+)/m.exec(status)?.[1]);
}

/** Fails, naming them, when processes that name `text` are still there after `msMax`. */
export async function waitUntilNoneNames(text: string, msMax: number): Promise<void> {
  for (const deadline = performance.now() + msMax; ; await delay(pollMs)) {
    const left = await findProcessesNaming(text);
    if (left.length === 0) return;
    if (performance.now() > deadline) throw new Error(`Still running:\n${left.join("\n")}`);
  }
}
