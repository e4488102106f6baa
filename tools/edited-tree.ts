/** A copy of the project that may be broken by named edits, and test files run in it. */
import { spawn } from "node:child_process";
import { cp, mkdtemp, readFile, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { projectRoot } from "./source-tree.ts";

/** `find` stands exactly once in `file`. */
export type Edit = { readonly file: string; readonly find: string; readonly replace: string };

const runLimitMs = 120_000;

/** The folder of a new copy of all that tests need. Who asks for it removes it. */
export async function copyTree(): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), "holdfast-edited-"));
  for (const part of ["src", "test", "package.json"]) {
    await cp(join(projectRoot, part), join(copy, part), { recursive: true });
  }
  await symlink(join(projectRoot, "node_modules"), join(copy, "node_modules"));
  return copy;
}

/** Says why an edit does not fit; undefined when all were made. */
export async function applyEdits(
  copy: string,
  edits: readonly Edit[],
): Promise<string | undefined> {
  for (const edit of edits) {
    const path = join(copy, edit.file);
    const text = await readFile(path, "utf8");
    const problem = misfitOf(edit, text);
    if (problem !== undefined) return problem;
    await writeFile(path, text.split(edit.find).join(edit.replace));
  }
  return undefined;
}

/** Why `edit` cannot be made in `text`, or undefined. */
export function misfitOf(edit: Edit, text: string): string | undefined {
  const count = text.split(edit.find).length - 1;
  if (count === 1) return undefined;
  return `the patch does not fit: ${JSON.stringify(edit.find)} stands ${count} times in ${edit.file}`;
}

/** The edited files as the project has them. */
export async function undoEdits(copy: string, edits: readonly Edit[]): Promise<void> {
  for (const { file } of edits) await cp(join(projectRoot, file), join(copy, file));
}

export type TestRun = { readonly exitCode: number; readonly output: string };

/** Runs a test file of the copy, or those of its tests whose names match. A run without a test has failed. */
export function runTestFile(copy: string, file: string, namePattern?: string): Promise<TestRun> {
  const names = namePattern === undefined ? [] : ["--test-name-pattern", namePattern];
  return new Promise((resolve, reject) => {
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const child = spawn(process.execPath, ["--test", "--test-reporter=tap", ...names, file], {
      cwd: copy,
      env,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: runLimitMs,
    });
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
