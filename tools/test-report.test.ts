import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run, test } from "node:test";
import type { TestContext } from "node:test";
import { createTestReport } from "./test-report.ts";

/** Runs one test file with this text, as `npm test` does, in a process of its own. */
async function report(t: TestContext, text: string): Promise<{ passed: boolean; lines: string[] }> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-report-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "sample.test.mjs");
  writeFileSync(file, `import { describe, test } from "node:test";\n${text}`);
  const lines: string[] = [];
  const testReport = createTestReport((line) => lines.push(line));
  // A test process refuses to start another run below itself.
  const context = process.env["NODE_TEST_CONTEXT"];
  delete process.env["NODE_TEST_CONTEXT"];
  for await (const event of run({ files: [file] })) testReport.accept(event);
  if (context !== undefined) process.env["NODE_TEST_CONTEXT"] = context;
  return { passed: testReport.close(), lines };
}

test("createTestReport() counts tests, not suites, and ends with the closing line", async (t) => {
  const { passed, lines } = await report(
    t,
    'describe("s", () => { test("a", () => {}); test("b", async (t) => { await t.test("c", () => {}); }); });',
  );
  assert.equal(passed, true);
  assert.equal(lines.at(-1), "\n3 passed, 0 failed, 0 skipped");
});

test("createTestReport() prints a failure in full, with what the file wrote", async (t) => {
  const { passed, lines } = await report(
    t,
    'console.log("beside"); test("a", () => { throw new Error("told you so"); });',
  );
  assert.equal(passed, false);
  assert.match(lines.join("\n"), /FAILED .*sample.*: a\n.*told you so[^]*beside/);
  assert.equal(lines.at(-1), "\n0 passed, 1 failed, 0 skipped");
});

test("createTestReport() counts a suite whose hook fails", async (t) => {
  const { passed, lines } = await report(
    t,
    'import { after } from "node:test"; describe("s", () => { after(() => { throw new Error("left over"); }); test("a", () => {}); });',
  );
  assert.equal(passed, false);
  assert.match(lines.join("\n"), /FAILED .*: s\n.*left over/);
  assert.equal(lines.at(-1), "\n1 passed, 1 failed, 0 skipped");
});

test("createTestReport() names what was skipped and why", async (t) => {
  const { passed, lines } = await report(
    t,
    'test("a", () => {}); test("b", { skip: "no Go here" }, () => {});',
  );
  assert.equal(passed, true);
  assert.match(lines.join("\n"), /SKIPPED[^]*: b: no Go here/);
  assert.equal(lines.at(-1), "\n1 passed, 0 failed, 1 skipped");
});

for (const [name, text] of [
  ["has no test", ""],
  ["ends in the middle", 'test("a", () => process.exit(0)); test("b", () => {});'],
  ["cannot be loaded", 'import "./nowhere.mjs";'],
  [
    "fails behind its tests",
    'test("a", () => {}); process.on("exit", () => { process.exitCode = 3; });',
  ],
] as const) {
  test(`createTestReport() fails a file that ${name}`, async (t) => {
    const { passed, lines } = await report(t, text);
    assert.equal(passed, false);
    assert.match(lines.at(-1) ?? "", /^\n[01] passed, 1 failed, 0 skipped$/);
  });
}
