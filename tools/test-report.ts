/**
 * What a person reads of a test run: a line per file as it ends, every failure in full, every skip with its reason, and
 * the closing line, alone: `N passed, N failed, N skipped`.
 */
import { relative } from "node:path";
import type { TestEvent } from "node:test/reporters";
import { inspect } from "node:util";
import { projectRoot } from "./source-tree.ts";

export type TestReport = {
  accept(event: TestEvent): void;
  /** Prints the end of the report; true when tests ran and none failed. */
  close(): boolean;
};

type Failure = { readonly file: string; readonly name: string; readonly error: Error };
type Ended = Extract<TestEvent, { type: "test:pass" | "test:fail" }>["data"];

export function createTestReport(print: (line: string) => void): TestReport {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const failures: Failure[] = [];
  const skips: string[] = [];
  /** What each file wrote beside its tests; worth reading only when it failed. */
  const outputs = new Map<string, string>();

  const acceptFailure = (file: string, name: string, error: Error): void => {
    counts.failed += 1;
    if (!isFromSubtests(error)) failures.push({ file, name, error });
  };
  const acceptEnded = (data: Ended, failed: boolean): void => {
    const file = nameFile(data.file);
    const error = "error" in data.details ? data.details.error : new Error("it ran no test");
    if (data.name === data.file) {
      // A file has a result of its own only when something is wrong with it.
      acceptFailure(file, "the file itself", error);
      printFile(file, "");
    } else if (data.details.type === "suite") {
      // Its tests count; what fails beside them is a hook.
      if (failed && !isFromSubtests(error)) acceptFailure(file, data.name, error);
    } else if (data.skip !== undefined || data.todo !== undefined) {
      counts.skipped += 1;
      skips.push(`${file}: ${data.name}: ${reasonOf(data.skip ?? data.todo)}`);
    } else if (failed) acceptFailure(file, data.name, error);
    else counts.passed += 1;
  };
  /** At once, with all that went wrong in it: a long run need not be waited for. */
  const printFile = (file: string, note: string): void => {
    const found = failures.filter((failure) => failure.file === file && !printed.has(failure));
    print(`${found.length > 0 ? "FAILED" : "ok    "} ${file}${note}`);
    for (const failure of found) print(formatFailure(failure));
    for (const failure of found) printed.add(failure);
    const output = outputs.get(file);
    if (found.length > 0 && output !== undefined) {
      print(`\nwritten by ${file}:\n${output.trimEnd()}\n`);
    }
  };
  const printed = new Set<Failure>();

  return {
    accept(event) {
      if (event.type === "test:pass") acceptEnded(event.data, false);
      else if (event.type === "test:fail") acceptEnded(event.data, true);
      else if (event.type === "test:summary" && event.data.file !== undefined) {
        printFile(nameFile(event.data.file), `  ${(event.data.duration_ms / 1_000).toFixed(1)} s`);
      } else if (event.type === "test:stdout" || event.type === "test:stderr") {
        const file = nameFile(event.data.file);
        outputs.set(file, (outputs.get(file) ?? "") + event.data.message);
      }
    },
    close() {
      if (failures.length > 0) print(`\nFAILED, in full above:`);
      for (const { file, name } of failures) print(`  ${file}: ${name}`);
      if (skips.length > 0) print(`\nSKIPPED, so nothing is known about:`);
      for (const skip of skips) print(`  ${skip}`);
      const isEmpty = counts.passed + counts.failed === 0;
      if (isEmpty) print("\nno test was run: that is a failure");
      print(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
      return !isEmpty && counts.failed === 0;
    },
  };
}

function nameFile(file: string | undefined): string {
  return file === undefined ? "(no file)" : relative(projectRoot, file);
}

function reasonOf(skip: string | boolean | undefined): string {
  return typeof skip === "string" ? skip : "no reason given";
}

function isFromSubtests(error: Error): boolean {
  return "failureType" in error && error.failureType === "subtestsFailed";
}

function formatFailure({ file, name, error }: Failure): string {
  const cause: unknown = error.cause ?? error;
  return `\nFAILED ${file}: ${name}\n${typeof cause === "string" ? cause : inspect(cause)}`;
}
