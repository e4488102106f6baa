import assert from "node:assert/strict";
import { test } from "node:test";
import { formatSection, withSection } from "./results.ts";

const facts = { command: "a", date: "2026-11-21", machine: [], versions: [], how: [] };
const row = {
  scenario: "s",
  what: "w",
  holdfast: "1",
  peer: "2",
  value: 1,
  target: { atMost: 0.5 },
};

test("withSection() replaces the section of that title and keeps the others", () => {
  const old = withSection("# Bench results\n", formatSection("First", facts, []));
  const both = withSection(old, formatSection("Second", facts, [row]));
  const changed = withSection(both, formatSection("First", facts, [row, row]));
  const titles = changed.split("\n").filter((line) => line.startsWith("#"));
  assert.deepEqual(titles, ["# Bench results", "## First", "## Second"]);
  const counts = changed.split("\n").filter((line) => line.startsWith("**"));
  assert.deepEqual(counts, ["**0 of 2 targets met.**", "**0 of 1 targets met.**"]);
});
