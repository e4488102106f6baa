/**
 * `npm run bench`: Holdfast side by side with other indexes and other implementations of TUF, all installed, started and
 * ended by this run, on loopback. See README.md beside this file; RESULTS.md is what it writes.
 */

import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { runCommand } from "./child.ts";
import { indexGroup } from "./index-group.ts";
import { describeMachine, measureFsync, touchMemory } from "./machine.ts";
import { parseOptions, USAGE, type BenchOptions } from "./options.ts";
import { formatRow, formatSection, isMet, withSection, type ResultRow } from "./results.ts";
import type { ScenarioGroup } from "./scenario.ts";
import { tufGroup } from "./scenarios/tuf.ts";

const GROUPS: readonly ScenarioGroup[] = [indexGroup, tufGroup];
const RUN_MS_MAX = 2 * 3_600_000;
const ROOT = path.join(import.meta.dirname, "..");
const RESULTS = path.join(import.meta.dirname, "RESULTS.md");

async function main(args: readonly string[]): Promise<void> {
  const options = readOptions(args);
  if (options === "help") {
    process.stdout.write(USAGE);
    return;
  }
  const cache = path.join(ROOT, ".cache", "bench");
  const work = path.join(cache, `run-${process.pid}`);
  await mkdir(work, { recursive: true });
  // ext4 then spreads what lies below over the disk: it skips inodes that were freed lately one by one, so that one
  // peer's temporary files would slow down the next one's new ones.
  await runCommand("chattr", ["+T", work]).catch(() => undefined);
  // Leaving by process.exit lets child.ts end what this run started.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
    process.once(signal, () => process.exit(130));
  setTimeout(() => process.exit(124), RUN_MS_MAX).unref();
  try {
    await run(options, args, cache, work);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Leaves with a sentence and the usage where the command line is wrong. */
function readOptions(args: readonly string[]): ReturnType<typeof parseOptions> {
  const names = GROUPS.flatMap(({ scenarios }) => scenarios);
  try {
    return parseOptions(args, names);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    process.stderr.write(`npm run bench: ${error.message}\n\n${USAGE}`);
    return process.exit(64);
  }
}

async function run(
  options: BenchOptions,
  args: readonly string[],
  cache: string,
  work: string,
): Promise<void> {
  const say = (line: string): void => {
    process.stderr.write(`${line}\n`);
  };
  await touchMemory();
  const fsyncMs = await measureFsync(work);
  const machine = describeMachine(fsyncMs);
  for (const line of machine) say(line);
  const command = ["npm run bench", ...(args.length === 0 ? [] : ["--", ...args])].join(" ");
  for (const group of GROUPS) {
    const chosen = group.scenarios.filter(
      (name) => options.only.length === 0 || options.only.includes(name),
    );
    if (chosen.length === 0) continue;
    const rows: ResultRow[] = [];
    const row = (found: ResultRow): void => {
      rows.push(found);
      process.stdout.write(`${formatRow(found)}\n`);
    };
    const { quick } = options;
    const versions = await group.run({ work, cache, quick, fsyncMs, say, row }, chosen);
    const date = new Date().toISOString().slice(0, 10);
    const facts = { command, date, machine, versions, how: group.how };
    if (options.write) {
      const section = formatSection(group.title, facts, rows);
      await writeFile(RESULTS, withSection(await readFile(RESULTS, "utf8"), section));
    }
    const missed = rows.filter((found) => isMet(found) === false);
    for (const { scenario, what } of missed) say(`missed: ${scenario}: ${what}`);
  }
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
}
