/** Every mutant still fits the code, and a sample of them is caught; `npm run mutate` tries them all. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { mutants } from "#mutants/core-tuf.ts";
import { misfitOf } from "./edited-tree.ts";
import { mutate } from "./mutate.ts";
import { projectRoot } from "./source-tree.ts";

test("every mutant has its own name, and edits that fit", () => {
  assert.equal(new Set(mutants.map(({ check }) => check)).size, mutants.length);
  for (const { check, edits } of mutants) {
    for (const edit of edits) {
      const text = readFileSync(join(projectRoot, edit.file), "utf8");
      assert.equal(misfitOf(edit, text), undefined, check);
    }
  }
});

test("every fifteenth mutant is caught by the test that names its check", async () => {
  const sample = mutants.filter((_, index) => index % 15 === 0);
  const lines: string[] = [];
  const { survived } = await mutate(sample, (line) => lines.push(line));
  assert.deepEqual(survived, [], lines.join("\n"));
});

test("a mutant that changes nothing survives, and so does one whose test is another", async () => {
  const [first] = mutants;
  assert.ok(first);
  const [edit] = first.edits;
  assert.ok(edit);
  const idle = { ...first, check: "idle", edits: [{ ...edit, replace: edit.find }] };
  const unnamed = { ...first, check: "unnamed", caughtBy: "no test has this title" };
  const unfit = { ...first, check: "unfit", edits: [{ ...edit, find: "stands nowhere" }] };
  const { caught, survived } = await mutate([idle, unnamed, unfit], () => {});
  assert.equal(caught, 0);
  assert.deepEqual(survived.toSorted(), ["idle", "unfit", "unnamed"]);
});
