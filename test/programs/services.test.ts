/** The committed systemd examples: systemd takes them, and every program, command, option and folder they name exists. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { runProgram, runToSuccess } from "#clients/program-run.ts";
import { machineEnvironment, projectRoot } from "#clients/tool-environment.ts";
import { dataFolder } from "#stores/folder/data-folder.ts";

const deploy = join(projectRoot, "deploy");
/** Where the examples say that the project is, and its data. */
const home = "/opt/holdfast";
const data = "/var/lib/holdfast";
const here = { env: machineEnvironment(), cwd: projectRoot };

const units = (await readdir(deploy)).filter((name) => name.endsWith(".service"));
assert.ok(units.length >= 3);

for (const unit of units) {
  test(`${unit} names what there is`, async () => {
    const text = await readFile(join(deploy, unit), "utf8");
    const [program = "", main = "", command = "", ...args] = (
      /^ExecStart=(.*)$/m.exec(text)?.[1] ?? ""
    ).split(" ");
    for (const path of [program, main]) {
      assert.ok(path.startsWith(`${home}/`), path);
      assert.ok(existsSync(path.replace(home, projectRoot)), path);
    }
    const help = await runToSuccess(
      process.execPath,
      [main.replace(home, projectRoot), command, "--help"],
      here,
    );
    const options = args.filter((word) => word.startsWith("--"));
    assert.ok(options.length > 0);
    for (const option of options) {
      assert.match(help.stdout, new RegExp(`^ +${option}\\b`, "m"), `${command} ${option}`);
    }
    const folders = new Set<string>(Object.values(dataFolder(data)));
    const forbidden = /^InaccessiblePaths=(.*)$/m.exec(text)?.[1] ?? "";
    for (const path of forbidden.split(" ").filter((word) => word !== "")) {
      assert.ok(folders.has(path.replace(/^-/, "")), `${path} is no folder of a data folder`);
    }
  });
}

test("systemd takes the examples", async (t) => {
  const version = await runProgram("systemd-analyze", ["--version"], here).catch(() => undefined);
  if (version?.status !== 0) {
    t.skip("SKIPPED: systemd-analyze is not installed");
    return;
  }
  const folder = await mkdtemp(join(tmpdir(), "holdfast-units-"));
  try {
    const paths: string[] = [];
    for (const unit of units) {
      const text = await readFile(join(deploy, unit), "utf8");
      const path = join(folder, unit);
      // It looks whether the program is there.
      await writeFile(path, text.replaceAll(home, projectRoot));
      paths.push(path);
    }
    const run = await runProgram("systemd-analyze", ["verify", "--man=no", ...paths], here);
    assert.equal(run.status, 0, run.output);
    assert.ok(!run.output.includes(folder), run.output);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
