/** What `--help` of each command looks like in a terminal of usual width. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { runProgram } from "#clients/program-run.ts";
import { machineEnvironment, projectRoot } from "#clients/tool-environment.ts";

const launcher = join(projectRoot, "bin", "holdfast.js");
const devLauncher = join(projectRoot, "bin", "holdfast-dev.js");
const widthMax = 100;
const commands = [
  ...["", "up", "index", "signer", "proxy", "run", "status", "verify"],
  ...["init", "renew", "doctor", "restore", "recover", "tuf-client"],
  ...["ceremony", "ceremony key", "ceremony online-keys", "ceremony create", "ceremony current"],
  ...["ceremony propose", "ceremony show", "ceremony sign", "ceremony combine"],
  ...["ceremony check", "ceremony publish"],
  ...["admin", "admin token create", "admin project delete", "admin import", "admin backup"],
];

test("no line of any --help is wider than 100 columns", { timeout: 120_000 }, async () => {
  for (const command of commands) {
    const words = command.split(" ").filter((word) => word !== "");
    const run = await runProgram(process.execPath, [launcher, ...words, "--help"], {
      cwd: projectRoot,
      env: machineEnvironment(),
      timeoutMs: 30_000,
    });
    assert.equal(run.status, 0, run.output);
    assert.match(run.stdout, /^(?:Usage|Holdfast)/, command);
    const wide = run.stdout.split("\n").filter((line) => line.length > widthMax);
    assert.deepEqual(wide, [], `holdfast ${command}`);
  }
});

test(
  "the project's own commands say how to use them, and do nothing else",
  { timeout: 60_000 },
  async () => {
    for (const tool of ["test", "check", "format", "bench", "attacks-prove"]) {
      const run = await runProgram(process.execPath, [devLauncher, tool, "--help"], {
        cwd: projectRoot,
        env: machineEnvironment(),
        timeoutMs: 10_000,
      });
      assert.equal(run.status, 0, run.output);
      assert.match(run.output, /^Usage: npm /, tool);
      const wide = run.output.split("\n").filter((line) => line.length > widthMax);
      assert.deepEqual([wide, run.output.split("\n").length < 16], [[], true], tool);
    }
  },
);
