/** The threat model, the attacks and the proofs speak of the same things. */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { proofs } from "#attacks/proofs.ts";

const root = join(import.meta.dirname, "..");

function attackIds(): ReadonlySet<string> {
  const suites = globSync("test/attacks/*.test.ts", { cwd: root });
  const texts = suites.map((path) => readFileSync(join(root, path), "utf8"));
  const fixed = texts.flatMap((text) => [...text.matchAll(/test\(["`]([A-Z][0-9]+) /g)]);
  // Attacks made in a loop over a table name their ids there.
  const tables = texts.flatMap((text) => [...text.matchAll(/^ {2}\["([A-Z][0-9]+)",/gm)]);
  return new Set([...fixed, ...tables].map(([, id = ""]) => id));
}

/** `B7–B9` is a range. */
function rowIds(): ReadonlySet<string> {
  const text = readFileSync(join(root, "docs/threat-model.md"), "utf8");
  const cells = [...text.matchAll(/^\| ([A-Z][0-9][^|]*) \|/gm)].map(([, cell = ""]) => cell);
  const ids = cells
    .flatMap((cell) => cell.trim().split(", "))
    .flatMap((part) => {
      const [, letter, from, to] = /^([A-Z])([0-9]+)–[A-Z]([0-9]+)$/.exec(part) ?? [];
      if (letter === undefined) return [part];
      const count = Number(to) - Number(from) + 1;
      return Array.from({ length: count }, (_, index) => `${letter}${Number(from) + index}`);
    });
  return new Set(ids);
}

test("every attack has its row in the threat model, and every row its attack", () => {
  assert.deepEqual([...attackIds()].toSorted(), [...rowIds()].toSorted());
});

test("every proof is about an attack that is there", () => {
  const ids = attackIds();
  for (const { attack, defence, edits } of proofs) {
    assert.ok(ids.has(attack), `${defence}: there is no attack ${attack}`);
    assert.ok(edits.length > 0);
    for (const { file, find } of edits) {
      const count = readFileSync(join(root, file), "utf8").split(find).length - 1;
      assert.equal(count, 1, `${attack}: ${JSON.stringify(find)} in ${file}`);
    }
  }
});

test("every attack has its proof, but for the one that is none", () => {
  const proven = new Set(proofs.map(({ attack }) => attack));
  const unproven = [...attackIds()].filter((id) => !proven.has(id));
  // M7 is accepted, by the specification: there is no defence to take out.
  assert.deepEqual(unproven, ["M7"]);
});
