/** The launcher in a copy of the project where nothing is installed yet. */
import assert from "node:assert/strict";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { runProgram } from "#clients/program-run.ts";
import type { Run } from "#clients/program-run.ts";
import { machineEnvironment, projectRoot } from "#clients/tool-environment.ts";

const installMsMax = 180_000;

function aCopy(t: TestContext): string {
  const copy = mkdtempSync(join(tmpdir(), "holdfast-copy-"));
  t.after(() => rmSync(copy, { recursive: true, force: true }));
  for (const name of [".npmrc", "bin", "package-lock.json", "package.json", "src"]) {
    cpSync(join(projectRoot, name), join(copy, name), { recursive: true });
  }
  return copy;
}

/** A folder for PATH in which `npm` is this shell script. */
function aFakeNpm(t: TestContext, script: string): string {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-npm-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "npm"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return folder;
}

/** What is left of npm when all that counts is that it ran. */
const install = `mkdir -p node_modules/.bin && ln -sf '${process.execPath}' node_modules/.bin/node`;

function launch(copy: string, args: readonly string[], npmFolder?: string): Promise<Run> {
  const env = machineEnvironment();
  const path = env["PATH"] ?? "";
  return runProgram(process.execPath, [join(copy, "bin", "holdfast.js"), ...args], {
    cwd: copy,
    env: { ...env, PATH: npmFolder === undefined ? path : `${npmFolder}:${path}` },
    timeoutMs: installMsMax,
  });
}

test("two commands that start at once in a fresh clone: one installs, the other waits", async (t) => {
  const copy = aCopy(t);
  const runs = await Promise.all([launch(copy, ["up", "--help"]), launch(copy, ["up", "--help"])]);
  for (const run of runs) assert.equal(run.status, 0, run.output);
  const said = runs.map((run) => run.stderr).toSorted();
  assert.match(said.join(""), /another command is installing what is needed; waiting for it/);
  assert.equal(said.filter((text) => text.includes("installing what it needs")).length, 1);
  assert.ok(existsSync(join(copy, "node_modules", "smol-toml")));
  assert.equal(existsSync(join(copy, ".cache", "install.lock")), false);

  const again = await launch(copy, ["up", "--help"], aFakeNpm(t, "exit 9"));
  assert.equal(again.status, 0);
  assert.equal(again.stderr, "");
});

test("the launcher installs anew when the lock file changes", async (t) => {
  const copy = aCopy(t);
  const npm = aFakeNpm(t, `echo ran >> ran && ${install}`);
  for (const change of ["", "\n", ""]) {
    writeFileSync(
      join(copy, "package-lock.json"),
      readFileSync(join(copy, "package-lock.json"), "utf8") + change,
    );
    await launch(copy, ["up", "--help"], npm);
  }
  assert.equal(readFileSync(join(copy, "ran"), "utf8"), "ran\nran\n");
});

test("the launcher says when npm fails, and locks nobody out", async (t) => {
  const copy = aCopy(t);
  const failed = await launch(copy, ["up", "--help"], aFakeNpm(t, "echo no network >&2; exit 3"));
  assert.equal(failed.status, 78);
  assert.match(
    failed.stderr,
    /no network[^]*npm could not install the dependencies \(it ended with 3/,
  );
  assert.equal(existsSync(join(copy, ".cache", "install.lock")), false);
  assert.equal(existsSync(join(copy, "node_modules", ".holdfast-stamp")), false);
});

test("the launcher takes over from a command that was killed while it installed", async (t) => {
  const copy = aCopy(t);
  const lock = join(copy, ".cache", "install.lock");
  mkdirSync(lock, { recursive: true });
  // Above every pid that Linux gives out, so certainly nobody.
  writeFileSync(join(lock, "owners"), "4194305 4194306");
  const run = await launch(copy, ["up", "--help"], aFakeNpm(t, install));
  assert.match(run.stderr, /installed in/);
  assert.equal(existsSync(lock), false);
});

test("the launcher explains itself without installing anything", async (t) => {
  const copy = aCopy(t);
  const npm = aFakeNpm(t, "exit 9");
  const help = await launch(copy, ["--help"], npm);
  assert.equal(help.status, 0);
  assert.match(help.stdout, /holdfast run -- pip install NAME/);
  const version = await launch(copy, ["--version"], npm);
  assert.match(version.stdout, /^holdfast \d+\.\d+\.\d+\n$/);
  const unknown = await launch(copy, ["instal"], npm);
  assert.equal(unknown.status, 64);
  assert.match(unknown.stderr, /there is no command "instal"\. The commands are: up, index/);
});
