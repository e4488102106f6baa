/**
 * Installs the dependencies once per state of package-lock.json. What says that an installation is complete is a stamp
 * that is written last; npm removes it together with node_modules when it begins anew. Of several commands that start
 * at once one installs and the others wait: the lock is a folder whose making is atomic, and names the pids that hold
 * it, so that a killed command locks nobody out.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

const pollMs = 200;
/** A lock without a readable owner this old was left by a command that was killed while it made it. */
const ownerlessMsMax = 5_000;
/** Words for everything a person sees; machines see the exit code. */
const say = (text) => process.stderr.write(`holdfast: ${text}\n`);

export async function ensureInstalled(root, fail) {
  const lockFile = readFileSync(join(root, "package-lock.json"));
  const stamp = `${createHash("sha256").update(lockFile).digest("hex")} ${process.platform}-${process.arch}\n`;
  const stampPath = join(root, "node_modules", ".holdfast-stamp");
  const isStamped = () => readText(stampPath) === stamp;
  if (isStamped()) return;

  const release = await takeLock(root, isStamped, fail);
  if (release === undefined) return;
  process.once("exit", release);
  if (!isStamped()) {
    if (!isInstalled(root, JSON.parse(lockFile))) await install(root, release, fail);
    writeFileSync(stampPath, stamp);
  }
  process.off("exit", release);
  release();
}

/** True where `npm ci` was run by hand: nothing the lock file asks for is missing. */
function isInstalled(root, lock) {
  const text = readText(join(root, "node_modules", ".package-lock.json"));
  if (text === undefined) return false;
  const installed = JSON.parse(text).packages;
  return Object.entries(lock.packages).every(([path, wanted]) => {
    if (path === "") return true;
    const found = installed[path];
    if (found === undefined) return wanted.optional === true && !isForThisMachine(wanted);
    return found.integrity === wanted.integrity && existsSync(join(root, path));
  });
}

function isForThisMachine({ os, cpu, libc }) {
  const fits = (list, value) => list === undefined || list.includes(value);
  return fits(os, process.platform) && fits(cpu, process.arch) && !libc?.includes("musl");
}

async function install(root, release, fail) {
  const startedAt = Date.now();
  const seconds = () => Math.round((Date.now() - startedAt) / 1000);
  say("installing what it needs, this once (about half a minute)");
  const npmArguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  // Whatever NODE_ENV or a person's own npm settings say: the Node that runs everything is an optional dependency.
  npmArguments.push("--include=dev", "--include=optional");
  const npm = spawn("npm", npmArguments, { cwd: root, stdio: ["ignore", 2, 2] });
  if (npm.pid !== undefined) release.addOwner(npm.pid);
  const endWith = (signal, code) => () => {
    npm.kill(signal);
    npm.once("exit", () => process.exit(code));
  };
  const ends = [
    ["SIGINT", endWith("SIGINT", 130)],
    ["SIGTERM", endWith("SIGTERM", 143)],
  ];
  for (const [signal, end] of ends) process.on(signal, end);
  const ticker = process.stderr.isTTY
    ? setInterval(() => process.stderr.write(`\r  ${seconds()} s `), 1000)
    : undefined;
  const outcome = await new Promise((resolve) => {
    npm.once("error", (error) => resolve(error));
    npm.once("exit", (code, signal) => resolve(code === 0 ? undefined : (signal ?? code)));
  });
  clearInterval(ticker);
  if (ticker !== undefined) process.stderr.write("\r");
  for (const [signal, end] of ends) process.off(signal, end);
  if (outcome?.code === "ENOENT") {
    fail("cannot find npm. It comes with Node: install Node 20 or later together with npm.");
  }
  if (outcome !== undefined) {
    fail(
      `npm could not install the dependencies (it ended with ${outcome}; what it said is above). Mend that, then run the same command again.`,
    );
  }
  say(`installed in ${seconds()} s`);
}

/** The lock's release, or undefined when somebody else finished the work while we waited. */
async function takeLock(root, isDone, fail) {
  const cache = join(root, ".cache");
  const lock = join(cache, "install.lock");
  const release = () => rmSync(lock, { recursive: true, force: true });
  release.addOwner = (pid) => writeFileSync(join(lock, "owners"), `${process.pid} ${pid}`);
  let hasSaid = false;
  for (;;) {
    try {
      mkdirSync(cache, { recursive: true });
      mkdirSync(lock);
      writeFileSync(join(lock, "owners"), String(process.pid));
      return release;
    } catch (error) {
      if (error.code !== "EEXIST") fail(`cannot write to ${cache}: ${error.message}`);
    }
    if (isAbandoned(lock)) {
      removeAbandoned(lock);
      continue;
    }
    if (!hasSaid) say("another command is installing what is needed; waiting for it");
    hasSaid = true;
    await new Promise((resolve) => setTimeout(resolve, pollMs));
    if (isDone()) return undefined;
  }
}

function isAbandoned(lock) {
  const owners = readText(join(lock, "owners"));
  if (owners === undefined || owners === "") {
    const madeAt = statSync(lock, { throwIfNoEntry: false })?.mtimeMs;
    return madeAt !== undefined && Date.now() - madeAt > ownerlessMsMax;
  }
  return !owners.split(" ").some((pid) => isAlive(Number(pid)));
}

/** By rename, so that of two who see the same dead owner only one removes it. */
function removeAbandoned(lock) {
  const aside = `${lock}.${process.pid}`;
  try {
    renameSync(lock, aside);
  } catch {
    return;
  }
  if (isAbandoned(aside)) rmSync(aside, { recursive: true, force: true });
  else renameSync(aside, lock); // Somebody was quicker, and this is their living lock.
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

function readText(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
