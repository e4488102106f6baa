import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { aMachine } from "./machine.ts";
import { makeWheel } from "./small-wheel.ts";

test("makeWheel() makes what pip installs, the same bytes each time", async () => {
  const plan = { project: "small-sail", version: "1.0", answer: 7, ballast: 1_000 };
  const wheel = makeWheel(plan);
  assert.equal(wheel.sha256, makeWheel(plan).sha256);
  assert.notEqual(wheel.sha256, makeWheel({ ...plan, answer: 8 }).sha256);
  await using machine = await aMachine(["pip"]);
  const path = join(machine.folder, wheel.filename);
  await writeFile(path, wheel.bytes);
  const environment = await machine.freshEnvironment();
  await machine.runWell("pip", ["--python", environment.python, "install", "--no-index", path]);
  const run = await environment.python3("import small_sail; print(small_sail.answer())");
  assert.equal(run.stdout.trim(), "7");
});
