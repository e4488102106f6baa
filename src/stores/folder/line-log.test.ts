import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openLineLog } from "./line-log.ts";

test("lines arrive in order and whole, also after a reopen", async () => {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-log-"));
  const path = join(folder, "deep", "a.jsonl");
  const expected: string[] = [];
  for (let run = 0; run < 2; run += 1) {
    const log = await openLineLog(path, (error) => assert.ifError(error));
    for (let count = 0; count < 5_000; count += 1) {
      expected.push(`${run} ${count}`);
      log.write(`${run} ${count}`);
      if (count % 1_000 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await log.close();
    log.write("too late");
  }
  assert.deepEqual((await readFile(path, "utf8")).trimEnd().split("\n"), expected);
  await rm(folder, { recursive: true });
});
