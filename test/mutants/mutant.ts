/** One check of the client or rule of the editor, removed or weakened, and the test that must notice. */
import type { Edit } from "#tools/edited-tree.ts";

export type Mutant = {
  /** Section of the specification and the check in words; unique. */
  readonly check: string;
  readonly edits: readonly Edit[];
  /** Path of the test file. */
  readonly suite: string;
  /** A part of the title of a test in it that must fail. */
  readonly caughtBy: string;
};

/** Mutants of one file, noticed by tests of one other. */
export function mutantsOf(
  file: string,
  suite: string,
  changes: readonly {
    readonly check: string;
    readonly find: string;
    readonly replace: string;
    readonly caughtBy: string;
  }[],
): readonly Mutant[] {
  return changes.map(({ check, find, replace, caughtBy }) => ({
    check,
    edits: [{ file, find, replace }],
    suite,
    caughtBy,
  }));
}
