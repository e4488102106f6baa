import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { withFileLock } from "./file-lock.ts";
import { runToSuccess } from "./program-run.ts";
import { openTool } from "./tool-environment.ts";

test("withFileLock() lets one holder in at a time", async () => {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-lock-"));
  const events: string[] = [];
  const enter = (name: string): Promise<void> =>
    withFileLock(join(folder, "lock"), 10_000, async () => {
      events.push(`${name} in`);
      await new Promise((resolve) => setImmediate(resolve));
      events.push(`${name} out`);
    });
  await Promise.all([enter("a"), enter("b")]);
  const [first = "", , second = ""] = events.map((event) => event.slice(0, 1));
  assert.notEqual(first, second);
  assert.deepEqual(events, [`${first} in`, `${first} out`, `${second} in`, `${second} out`]);
  await rm(folder, { recursive: true });
});

test("withFileLock() gives up with a sentence when the holder keeps it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-lock-"));
  const path = join(folder, "lock");
  await withFileLock(path, 1_000, async () => {
    await assert.rejects(
      withFileLock(path, 1, async () => undefined),
      /another process has held it/,
    );
  });
  await rm(folder, { recursive: true });
});

test("openTool() gives the pinned client, the same to two that ask at once", async () => {
  const [first, second] = await Promise.all([openTool("uv"), openTool("uv")]);
  assert.deepEqual(first, second);
  const run = await runToSuccess(join(first.bin, "uv"), ["--version"], { env: {}, cwd: "/" });
  assert.match(run.stdout, /^uv 0\.13\./);
});
