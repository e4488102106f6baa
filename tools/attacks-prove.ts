/**
 * `npm run attacks:prove`: every defence is taken out of a copy of the tree by a named patch, and the attack that it
 * stops is run against what is left. Prints what the attacker then gets. Fails when a patch no longer fits, or when
 * the attack is stopped all the same: then the test proves nothing about that defence.
 */
import { spawn } from "node:child_process";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { styleText } from "node:util";
import { proofs, type Proof } from "#attacks/proofs.ts";
import { answerHelp } from "./usage.ts";

const usage = `Usage: npm run attacks:prove [-- ATTACK…]

Takes each defence out of a copy of the project and shows that its attack then succeeds. ATTACK is
the id that begins an attack's test (test/attacks/proofs.ts lists them); without one, all of them.
Ends with 0 when all are proven.
`;

const root = join(import.meta.dirname, "..");
const runLimitMs = 120_000;

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
  const copy = await mkdtemp(join(tmpdir(), "holdfast-prove-"));
  try {
    for (const part of ["src", "test", "package.json"]) {
      await cp(join(root, part), join(copy, part), { recursive: true });
    }
    await symlink(join(root, "node_modules"), join(copy, "node_modules"));
    const honest = await runAttack(copy, proof);
    if (honest.exitCode !== 0) return { proven: false, says: "the test fails with the defence in" };
    for (const edit of proof.edits) {
      const problem = await applyEdit(copy, edit);
      if (problem !== undefined) return { proven: false, says: problem };
    }
    const run = await runAttack(copy, proof);
    if (run.exitCode === 0) return { proven: false, says: "the attack is refused all the same" };
    const said = succeeded.exec(run.output)?.[0];
    if (said !== undefined) return { proven: true, says: said };
    return { proven: false, says: `the test fails in another way:\n${run.output.slice(0, 2_000)}` };
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
}

async function applyEdit(copy: string, edit: Proof["edits"][number]): Promise<string | undefined> {
  const path = join(copy, edit.file);
  const text = await readFile(path, "utf8");
  const pieces = text.split(edit.find);
  if (pieces.length !== 2) {
    return `the patch does not fit: ${JSON.stringify(edit.find)} stands ${pieces.length - 1} times in ${edit.file}`;
  }
  await writeFile(path, pieces.join(edit.replace));
  return undefined;
}

type Run = { readonly exitCode: number; readonly output: string };

function runAttack(copy: string, proof: Proof): Promise<Run> {
  const pattern = `^${proof.attack} `;
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      [
        "--test",
        "--test-reporter=tap",
        "--test-name-pattern",
        pattern,
        join("test", "attacks", proof.suite),
      ],
      { cwd: copy, stdio: ["ignore", "pipe", "pipe"], timeout: runLimitMs },
    );
    let output = "";
    const collect = (chunk: Buffer): void => {
      output += chunk.toString("utf8");
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    child.on("error", reject);
    child.on("close", (code) => {
      const ran = /^# tests [1-9]/m.test(output);
      resolve({ exitCode: ran ? (code ?? 1) : 2, output });
    });
  });
}

if (import.meta.main) {
  const args = process.argv.slice(2);
  answerHelp(args, usage);
  process.exitCode = await proveAttacks(args);
}
