/**
 * `npm run bench`: Holdfast side by side with nginx, devpi-server, pypiserver and proxpi, all installed, started and
 * ended by this run, on loopback, by one load generator. See README.md beside this file; RESULTS.md is what it writes.
 */

import { mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { runCommand } from "./child.ts";
import { describeMachine, measureFsync, touchMemory } from "./machine.ts";
import { parseOptions, USAGE, type BenchOptions } from "./options.ts";
import { installNginx, startNginx } from "./peers/nginx.ts";
import { ensurePythonEnvironment } from "./peers/python-environment.ts";
import { formatResults, formatRow, isMet, type ResultRow } from "./results.ts";
import type { Bench, Scenario } from "./scenario.ts";
import { downloads } from "./scenarios/downloads.ts";
import { installs } from "./scenarios/installs.ts";
import { largeUpload } from "./scenarios/large-upload.ts";
import { pages } from "./scenarios/pages.ts";
import { scale } from "./scenarios/scale.ts";
import { uploads } from "./scenarios/uploads.ts";

const SCENARIOS: readonly Scenario[] = [pages, downloads, uploads, installs, scale, largeUpload];
const RUN_MS_MAX = 2 * 3_600_000;
const ROOT = path.join(import.meta.dirname, "..");

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
  const names = SCENARIOS.map(({ name }) => name);
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
  say("installing what is missing");
  const nginxVersion = await installNginx();
  const python = {
    devpi: await ensurePythonEnvironment(cache, "devpi", ["devpi-server"]),
    pypiserver: await ensurePythonEnvironment(cache, "pypiserver", [
      "pypiserver[cache]",
      "waitress",
    ]),
    proxpi: await ensurePythonEnvironment(cache, "proxpi", ["proxpi", "gunicorn"]),
    clients: await ensurePythonEnvironment(cache, "clients", ["uv"]),
  };
  await touchMemory();
  const fsyncMs = await measureFsync(work);
  const machine = describeMachine(fsyncMs);
  for (const line of machine) say(line);
  const rows: ResultRow[] = [];
  const nginx = await startNginx(path.join(work, "nginx"), nginxVersion);
  const bench: Bench = {
    work,
    cache,
    quick: options.quick,
    nginx,
    python,
    fsyncMs,
    say,
    row(row) {
      rows.push(row);
      process.stdout.write(`${formatRow(row)}\n`);
    },
  };
  try {
    for (const scenario of SCENARIOS) {
      if (options.only.length > 0 && !options.only.includes(scenario.name)) continue;
      say(`== ${scenario.name}`);
      await scenario.run(bench);
    }
  } finally {
    await nginx.child.stop();
  }
  const pip = await runCommand(path.join(python.clients.bin, "pip"), ["--version"]);
  const facts = {
    command: ["npm run bench", ...(args.length === 0 ? [] : ["--", ...args])].join(" "),
    date: new Date().toISOString().slice(0, 10),
    machine,
    versions: [
      `Node ${process.versions.node}, nginx ${nginxVersion}, devpi-server ${python.devpi.version}, pypiserver ${python.pypiserver.version}, proxpi ${python.proxpi.version}, pip ${/^pip (\S+)/.exec(pip)?.[1] ?? "unknown"}, uv ${python.clients.version}`,
    ],
    notes: [],
  };
  if (options.write) {
    await writeFile(path.join(import.meta.dirname, "RESULTS.md"), formatResults(facts, rows));
  }
  const missed = rows.filter((row) => isMet(row) === false);
  for (const { scenario, what } of missed) say(`missed: ${scenario}: ${what}`);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = 1;
}
