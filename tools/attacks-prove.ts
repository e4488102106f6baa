/**
 * `npm run attacks:prove`: every defence is taken out of a copy of the tree by a named patch, and the attack that it
 * stops is run against what is left. Prints what the attacker then gets. Fails when a patch no longer fits, or when
 * the attack is stopped all the same: then the test proves nothing about that defence.
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { styleText } from "node:util";
import { proofs, type Proof } from "#attacks/proofs.ts";
import { applyEdits, copyTree, runTestFile } from "./edited-tree.ts";
import type { TestRun } from "./edited-tree.ts";
import { answerHelp } from "./usage.ts";

const usage = `Usage: npm run attacks:prove [-- ATTACK…]

Takes each defence out of a copy of the project and shows that its attack then succeeds. ATTACK is
the id that begins an attack's test (test/attacks/proofs.ts lists them); without one, all of them.
Ends with 0 when all are proven.
`;

/** What a test says when the attacker got what they wanted; see test/attacks/outcome.ts. */
const succeeded: RegExp = /The attack succeeded: .*/;

export async function proveAttacks(wanted: readonly string[]): Promise<number> {
  const chosen = proofs.filter((proof) => wanted.length === 0 || wanted.includes(proof.attack));
  let failures = 0;
  for (const proof of chosen) {
    const verdict = await prove(proof);
    if (!verdict.proven) failures++;
    const mark = verdict.proven ? styleText("green", "proven") : styleText("red", "NOT PROVEN");
    console.log(`${mark}  ${proof.attack}  without "${proof.defence}": ${verdict.says}`);
  }
  console.log(`\n${chosen.length - failures} passed, ${failures} failed`);
  return failures === 0 && chosen.length > 0 ? 0 : 1;
}

type Verdict = { readonly proven: boolean; readonly says: string };

async function prove(proof: Proof): Promise<Verdict> {
  const copy = await copyTree();
  try {
    const honest = await runAttack(copy, proof);
    if (honest.exitCode !== 0) return { proven: false, says: "the test fails with the defence in" };
    const problem = await applyEdits(copy, proof.edits);
    if (problem !== undefined) return { proven: false, says: problem };
    const run = await runAttack(copy, proof);
    if (run.exitCode === 0) return { proven: false, says: "the attack is refused all the same" };
    const said = succeeded.exec(run.output)?.[0];
    if (said !== undefined) return { proven: true, says: said };
    return { proven: false, says: `the test fails in another way:\n${run.output.slice(0, 2_000)}` };
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

function runAttack(copy: string, { attack, suite }: Proof): Promise<TestRun> {
  return runTestFile(copy, join("test", "attacks", suite), `^${attack} `);
}

if (import.meta.main) {
  const args = process.argv.slice(2);
  answerHelp(args, usage);
  process.exitCode = await proveAttacks(args);
}
