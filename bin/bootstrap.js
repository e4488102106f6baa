/**
 * What every command needs before it can run: the project's dependencies, the Node that runs TypeScript, and a child
 * that lives exactly as long as this process. Plain JavaScript without dependencies, for Node 20 and later, because it
 * runs before anything is installed.
 */
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ensureInstalled } from "./install.js";

export const projectRoot = dirname(dirname(fileURLToPath(import.meta.url)));

const nodeMajorMin = 20;
/** On a machine with much memory V8 gives young objects 134 MB, which a small service has no use for. */
const nodeFlags = ["--max-semi-space-size=8"];
const watchIntervalMs = 250;
/** How long a child may take to end after it was asked to, when nobody is left who could ask again. */
const endMsMax = 15_000;
const shells = new Set(["sh", "dash", "bash", "ash", "busybox", "ksh", "zsh"]);

/** Prints a sentence for a person and ends with the exit code of a set-up that cannot work (EX_CONFIG). */
export function fail(message) {
  process.stderr.write(`holdfast: ${message}\n`);
  process.exit(78);
}

/** Installs what is missing, then runs `script` (below the project's root) and ends as it ends. */
export async function runScript(script, args) {
  if (Number(process.versions.node.split(".")[0]) < nodeMajorMin) {
    fail(
      `this is Node ${process.versions.node}; Holdfast needs Node ${nodeMajorMin} or later. Install a newer Node from your system or nodejs.org.`,
    );
  }
  await ensureInstalled(projectRoot, fail);
  const child = spawn(findNode(), [...nodeFlags, join(projectRoot, script), ...args], {
    stdio: "inherit",
    env: {
      // TypeScript is stripped and compiled once, not at every start.
      NODE_COMPILE_CACHE: join(projectRoot, ".cache", "compiled"),
      ...process.env,
      HOLDFAST_PARENT_PID: String(process.pid),
    },
  });
  child.on("error", (error) => fail(`cannot start ${script}: ${error.message}`));
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => child.kill(signal));
  }
  if (isToEndWithParent()) endWithAncestors(child);
  child.on("exit", (code, signal) => {
    process.exit(signal === null ? code : 128 + constants.signals[signal]);
  });
}

/** The Node that npm installed with the dependencies, or this one where it is new enough. */
function findNode() {
  const installed = join(projectRoot, "node_modules", ".bin", "node");
  if (existsSync(installed)) return installed;
  if (Number(process.versions.node.split(".")[0]) >= 24) return process.execPath;
  return fail(
    `Holdfast runs on Node 24, which npm does not install for ${process.platform}-${process.arch}. Install Node 24 and start again with it; this is Node ${process.versions.node}.`,
  );
}

/** npm, or whoever says by `HOLDFAST_PARENT_PID` that it wants to be outlived by nothing. */
function isToEndWithParent() {
  const { npm_command, npm_lifecycle_event, HOLDFAST_PARENT_PID } = process.env;
  return (
    npm_lifecycle_event !== undefined ||
    npm_command !== undefined ||
    HOLDFAST_PARENT_PID === String(process.ppid)
  );
}

/**
 * npm passes no signal on when it is killed, and npx puts a shell between itself and us that passes none on at all. So
 * we look for ourselves whether they are still there.
 */
function endWithAncestors(child) {
  const parentPid = process.ppid;
  const parent = readProcess(parentPid);
  const npxPid = parent !== undefined && shells.has(parent.name) ? parent.parentPid : undefined;
  const isGone = () =>
    process.ppid !== parentPid ||
    (npxPid !== undefined && readProcess(parentPid)?.parentPid !== npxPid);
  const timer = setInterval(() => {
    if (!isGone()) return;
    clearInterval(timer);
    child.kill("SIGTERM");
    setTimeout(() => child.kill("SIGKILL"), endMsMax);
  }, watchIntervalMs);
}

/** A process's name and parent from /proc, where there is one. */
function readProcess(pid) {
  let stat;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined;
  }
  const nameEnd = stat.lastIndexOf(")");
  return {
    name: stat.slice(stat.indexOf("(") + 1, nameEnd),
    parentPid: Number(stat.slice(nameEnd + 2).split(" ")[1]),
  };
}
