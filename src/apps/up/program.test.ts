import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { startProgram } from "./program.ts";
import type { ProgramStart } from "./program.ts";

/** A program with this text, which finds the path of its ready file as its argument. */
function aProgram(t: TestContext, text: string): ProgramStart {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-program-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const script = join(folder, "program.mjs");
  writeFileSync(script, text);
  const readyFile = join(folder, "ready.json");
  return { name: "sample", args: [script, readyFile], logFile: join(folder, "log"), readyFile };
}

const ready = 'import { writeFileSync, renameSync } from "node:fs"; const path = process.argv[2];';
const becomeReady = `${ready} writeFileSync(path + ".new", '{"index":"here"}'); renameSync(path + ".new", path);`;

test("startProgram() waits for the ready file and ends what it started", async (t) => {
  const program = startProgram(aProgram(t, `${becomeReady} setInterval(() => {}, 1000);`));
  const said = await program.waitUntilReady();
  assert.equal(said.get("index"), "here");
  await program.stop();
  assert.equal(await program.ended, "signal SIGTERM");
  assert.throws(() => process.kill(program.pid, 0), { code: "ESRCH" });
});

test("startProgram() reports a program that ends before it is ready, with its last words", async (t) => {
  const program = startProgram(aProgram(t, 'console.error("no disk"); process.exit(3);'));
  await assert.rejects(program.waitUntilReady(), {
    code: "program.died",
    message: "The sample ended by itself (exit code 3). It printed last:\nno disk",
  });
});

test("startProgram() does not take an earlier run's ready file for this one's", async (t) => {
  const start = aProgram(t, "process.exit(3);");
  writeFileSync(start.readyFile, "{}");
  await assert.rejects(startProgram(start).waitUntilReady(), { code: "program.died" });
});

test("startProgram() tells a program whom it lives with", async (t) => {
  const program = startProgram(aProgram(t, "console.log(process.env.HOLDFAST_PARENT_PID);"));
  await program.ended;
  assert.equal(program.readLastWords(), String(process.pid));
});
