/**
 * `npm run mutate [-- PATTERN…]`: every check of the TUF client and rule of the editor is removed or weakened in a copy
 * of the tree, and a test that names it must fail there. Prints that test for each. Fails when a mutant survives, when
 * only other tests notice it, or when its edit no longer fits. PATTERN is part of a mutant's check or of its file.
 */
import { rm } from "node:fs/promises";
import { styleText } from "node:util";
import { mutants } from "#mutants/core-tuf.ts";
import type { Mutant } from "#mutants/mutant.ts";
import { applyEdits, copyTree, runTestFile, undoEdits } from "./edited-tree.ts";
import { answerHelp } from "./usage.ts";

const usage = `Usage: npm run mutate [-- PATTERN…]

Removes or weakens each check of the TUF client, and of what publishes for it, in a copy of the tree; a
test that names the check must fail there. Ends with 0 when all are caught.

  PATTERN     only mutants whose check or file contains it: npm run mutate -- threshold
  --help      this text
`;

const atOnce = 2;

export type MutationReport = { readonly caught: number; readonly survived: readonly string[] };

type Verdict = { readonly isCaught: boolean; readonly says: string };

/** `writeLine` gets one line for each mutant. */
export async function mutate(
  chosen: readonly Mutant[],
  writeLine: (line: string) => void,
): Promise<MutationReport> {
  const honest = new Map<string, Promise<boolean>>();
  const survived: string[] = [];
  const queue = chosen.values();
  let done = 0;
  const work = async (): Promise<void> => {
    const copy = await copyTree();
    try {
      for (const mutant of queue) {
        const verdict = await judge(copy, mutant, honest);
        if (!verdict.isCaught) survived.push(mutant.check);
        const mark = verdict.isCaught ? styleText("green", "caught") : styleText("red", "SURVIVED");
        writeLine(`${++done}/${chosen.length} ${mark}  ${mutant.check}: ${verdict.says}`);
      }
    } finally {
      await rm(copy, { recursive: true, force: true });
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return { caught: chosen.length - survived.length, survived };
}

async function judge(
  copy: string,
  mutant: Mutant,
  honest: Map<string, Promise<boolean>>,
): Promise<Verdict> {
  const { caughtBy, edits, suite } = mutant;
  // Each suite once, in whichever copy needs it first.
  const passes =
    honest.get(suite) ?? runTestFile(copy, suite).then(({ exitCode }) => exitCode === 0);
  honest.set(suite, passes);
  if (!(await passes)) return { isCaught: false, says: `${suite} fails with the check in` };
  try {
    const problem = await applyEdits(copy, edits);
    if (problem !== undefined) return { isCaught: false, says: problem };
    const run = await runTestFile(copy, suite);
    if (run.exitCode === 0) return { isCaught: false, says: `${suite} passes all the same` };
    const failed = failedTests(run.output);
    const test = failed.find((title) => title.includes(caughtBy));
    if (test !== undefined) return { isCaught: true, says: test };
    const others = failed.join("; ") || run.output.slice(0, 2_000);
    return { isCaught: false, says: `not by "${caughtBy}" in ${suite}, but by: ${others}` };
  } finally {
    await undoEdits(copy, edits);
  }
}

/** Titles in TAP, where number signs and backslashes are escaped. */
function failedTests(output: string): readonly string[] {
  const lines = output.matchAll(/^ *not ok \d+ - (?<title>.*)$/gm);
  return Array.from(lines, ({ groups }) =>
    (groups?.["title"] ?? "").replaceAll(/\\([#\\])/g, "$1"),
  );
}

function matches({ check, edits }: Mutant, patterns: readonly string[]): boolean {
  const texts = [check, ...edits.map(({ file }) => file)];
  return (
    patterns.length === 0 || patterns.some((part) => texts.some((text) => text.includes(part)))
  );
}

if (import.meta.main) {
  const patterns = process.argv.slice(2);
  answerHelp(patterns, usage);
  const chosen = mutants.filter((mutant) => matches(mutant, patterns));
  const { caught, survived } = await mutate(chosen, (line) => process.stdout.write(`${line}\n`));
  process.stdout.write(`\n${caught} caught, ${survived.length} survived\n`);
  process.exitCode = survived.length === 0 && caught > 0 ? 0 : 1;
}
