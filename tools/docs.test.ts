import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig } from "#formats/config/config.ts";
import { findFaults, readDocuments } from "./docs.ts";

test("the documents name only what is there, and every promise has its test", () => {
  assert.deepEqual(findFaults(readDocuments()), []);
});

test("every configuration that the documents show is accepted", () => {
  const examples = [...readDocuments().texts].flatMap(([path, text]) =>
    [...text.matchAll(/```toml\n([^]*?)```/g)].map(([, example = ""]) => ({ path, example })),
  );
  assert.ok(examples.length > 0);
  for (const { path, example } of examples) {
    assert.doesNotThrow(() => parseConfig(example), path);
  }
});

const row = '| stolen mirror | page hash | `test/attacks/mirror.test.ts` "refuses a page" |';

function faultsIn(threatModel: string, architecture = ""): readonly string[] {
  const files = new Map([["test/attacks/mirror.test.ts", 'test("refuses a page", …']]);
  return findFaults({
    texts: new Map([
      ["docs/threat-model.md", threatModel],
      ["ARCHITECTURE.md", architecture],
    ]),
    attackTests: [...files.keys()],
    readProjectFile: (path) => files.get(path),
  });
}

test("findFaults() is content with a row whose test exists", () => {
  assert.deepEqual(
    faultsIn(`# Promises\n\n| attack | defence | test |\n|---|---|---|\n${row}\n`),
    [],
  );
});

test("findFaults() finds a row without a test", () => {
  const [fault, ...more] = faultsIn(`| a | d | test |\n|---|---|---|\n${row}\n| x | y | later |\n`);
  assert.match(fault ?? "", /names no test: \| x/);
  assert.deepEqual(more, []);
});

test("findFaults() finds a test's name that its file does not have", () => {
  const text = `| a | d | test |\n|---|---|---|\n${row.replace("a page", "two pages")}\n`;
  assert.match(faultsIn(text).join(), /has no test "refuses two pages"/);
});

test("findFaults() finds an attack without a row", () => {
  assert.match(faultsIn("nothing yet").join(), /no row for test\/attacks\/mirror\.test\.ts/);
});

test("findFaults() finds a path that is not there, and lets placeholders be", () => {
  const faults = faultsIn(row, "`src/core/gone.ts` and `src/apps/<app>/main.ts`");
  assert.deepEqual(faults, ["ARCHITECTURE.md: there is no src/core/gone.ts"]);
});
