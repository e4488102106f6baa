/**
 * `npm test [-- PATTERN…]`: every suite of the project in one run, and one closing line that counts all tests. Suites
 * that compute run beside each other on all cores; those that start real programs, two at a time. PATTERN is part of a
 * test file's path.
 */
import { globSync } from "node:fs";
import { availableParallelism } from "node:os";
import { run } from "node:test";
import { parseParentPid, watchParent } from "#stores/host/parent-watch.ts";
import { createTestReport } from "./test-report.ts";
import type { TestReport } from "./test-report.ts";
import { projectRoot } from "./source-tree.ts";
import { answerHelp } from "./usage.ts";

const usage = `Usage: npm test [-- PATTERN…]

Runs the test files whose path contains a PATTERN, as in npm test -- core/tuf or
npm test -- programs/up; without one, all of them. Ends with 0 when every test passed.
`;

type Group = {
  readonly files: readonly string[];
  readonly concurrency: number;
  /** A file that takes longer hangs, and has failed. */
  readonly fileMsMax: number;
};

/** Everything else under test/ starts real programs. */
const computing = /^(src|tools|bench|test\/(attacks|world))\//;
const programsAtOnce = 2;
const minute = 60_000;

function listGroups(patterns: readonly string[]): readonly Group[] {
  const files = globSync("{src,test,tools,bench}/**/*.test.ts", { cwd: projectRoot })
    .toSorted()
    .filter((file) => patterns.length === 0 || patterns.some((part) => file.includes(part)));
  return [
    {
      files: files.filter((file) => computing.test(file)),
      concurrency: availableParallelism(),
      fileMsMax: 3 * minute,
    },
    {
      files: files.filter((file) => !computing.test(file)),
      concurrency: programsAtOnce,
      fileMsMax: 15 * minute,
    },
  ];
}

async function runGroup(group: Group, signal: AbortSignal, report: TestReport): Promise<void> {
  if (group.files.length === 0) return;
  const events = run({
    cwd: projectRoot,
    files: [...group.files],
    concurrency: group.concurrency,
    timeout: group.fileMsMax,
    signal,
  });
  for await (const event of events) report.accept(event);
}

const patterns = process.argv.slice(2);
answerHelp(patterns, usage);

const interrupted = new AbortController();
const interrupt = (): void => interrupted.abort();
process.on("SIGINT", interrupt);
process.on("SIGTERM", interrupt);
const parentPid = parseParentPid(process.env["HOLDFAST_PARENT_PID"]);
if (parentPid !== undefined) watchParent({ parentPid }, interrupt);
// The programs that tests start live with the tests, not with whoever started us.
delete process.env["HOLDFAST_PARENT_PID"];

const report = createTestReport((line) => process.stdout.write(`${line}\n`));
for (const group of listGroups(patterns)) {
  await runGroup(group, interrupted.signal, report);
}
process.exitCode = report.close() && !interrupted.signal.aborted ? 0 : 1;
