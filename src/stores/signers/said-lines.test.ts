import assert from "node:assert/strict";
import { test } from "node:test";
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import { SaidLines, saidLinesMax } from "./said-lines.ts";

/** What stands on the terminal after one run that says these chunks. */
function shownOf(chunks: readonly (string | Uint8Array)[], program = "/usr/bin/token"): string {
  let shown = "";
  const said = new SaidLines(program, (text) => {
    shown += text;
  });
  for (const chunk of chunks) said.add(typeof chunk === "string" ? formatUtf8(chunk) : chunk);
  said.end();
  return shown;
}

test("every line begins with the program's name, and the last one is ended", () => {
  assert.equal(shownOf([]), "");
  assert.equal(shownOf(["touch\n"]), '"token" | touch\n');
  assert.equal(shownOf(["touch"]), '"token" | touch\n');
  assert.equal(shownOf(["to", "uch\n\nYour key: x\nS", "ign"]).split("\n").length, 5);
  for (const text of ["a\nb", "\n\n\nSign this? ", "a\r\nb", "\u0085a\u2028b\u2029c\u000b\f\nd"]) {
    for (const line of shownOf(text.split("")).split("\n").slice(0, -1)) {
      assert.match(line, /^"token" \| [^\p{C}\p{Z}]?/u, JSON.stringify(text));
    }
  }
  assert.equal(shownOf(["a\u2028b\u0301c\u202ed\u001b[1m"]), '"token" | abcd[1m\n');
});

test("a part of a line is shown at once, and letters may arrive in pieces", () => {
  const parts: string[] = [];
  const said = new SaidLines("token", (text) => parts.push(text));
  said.add(formatUtf8("Touch it: "));
  assert.deepEqual(parts, ['"token" | Touch it: ']);
  const [first = 0, second = 0] = formatUtf8("é");
  said.add(Uint8Array.of(first));
  said.add(Uint8Array.of(second));
  said.end();
  assert.deepEqual(parts.slice(1), ["é", "\n"]);
});

test("no line is so long that a terminal of 80 columns would wrap it", () => {
  const columnsOf = (line: string): number => {
    let columns = 0;
    for (const character of line) columns += character <= "~" ? 1 : 2;
    return columns;
  };
  for (const program of ["token", "x".repeat(300), "é".repeat(300), "a\nSign this?"]) {
    for (const text of [" ".repeat(500), "字".repeat(500), "\t".repeat(500), "a".repeat(500)]) {
      const lines = shownOf([text], program).split("\n").slice(0, -1);
      assert.ok(lines.length > 5);
      for (const line of lines) {
        assert.ok(columnsOf(line) < 80 && !line.includes("\t"), line);
        assert.match(line, /^"[^"]+" \| ./);
      }
    }
  }
});

test("a program that goes on and on does not push the description off the screen", () => {
  for (const text of ["\n".repeat(9_999), "a".repeat(65_536), "line\n".repeat(9_999)]) {
    const lines = shownOf([text, text]).split("\n").slice(0, -1);
    assert.equal(lines.length, saidLinesMax + 1);
    assert.equal(lines.at(-1), '"token" | (more is not shown)');
  }
});
