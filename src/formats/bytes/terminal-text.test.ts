import assert from "node:assert/strict";
import { test } from "node:test";
import { terminalText } from "./terminal-text.ts";

test("terminalText() leaves people's names as they are", () => {
  for (const name of [
    "Ada Lovelace",
    "Karel Čapek",
    "Łukasz O'Neil-Żak",
    "李雷",
    "Ольга",
    "Nguyễn",
  ]) {
    assert.equal(terminalText(name), name);
    assert.equal(terminalText(name.normalize("NFD")), name.normalize("NFD"));
  }
});

test("terminalText() escapes what steers a terminal, hides, or turns text around", () => {
  const steering: readonly (readonly [string, string])[] = [
    ["a\u001b[2Jb", "a\\u{1b}[2Jb"],
    ["a\u009b2Jb", "a\\u{9b}2Jb"],
    ["a\rb\nc\td\0", "a\\u{d}b\\u{a}c\\u{9}d\\u{0}"],
    ["a\u2028b\u2029c", "a\\u{2028}b\\u{2029}c"],
    ["\u202egnp.exe", "\\u{202e}gnp.exe"],
    ["\u2066x\u2069", "\\u{2066}x\\u{2069}"],
    ["a\u200b\u200d\ufeffb", "a\\u{200b}\\u{200d}\\u{feff}b"],
    ["a\u00a0b", "a\\u{a0}b"],
    ["\u05d0\u05d1 12", "\\u{5d0}\\u{5d1} 12"],
    ["\u3164", "\\u{3164}"],
    ["\\u{1b}", "\\u{5c}u{1b}"],
    [`a${"\u0301".repeat(6)}`, `a${"\u0301".repeat(4)}\\u{301}\\u{301}`],
    ["\ud800", "\\u{d800}"],
  ];
  for (const [text, shown] of steering) assert.equal(terminalText(text), shown);
});
