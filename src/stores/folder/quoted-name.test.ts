import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256Hex } from "#crypto/hash.ts";
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import { quotedName } from "./quoted-name.ts";

test("quotedName() leads nowhere else, and tells every text from every other", () => {
  const long = "x".repeat(5_000);
  const texts = [
    ...["a/b", "a%2Fb", "..", ".", "../../etc/x", "/etc/x", "%2E.", ".hidden", "", "a b", "a\\b"],
    ...[long, `sha256=${sha256Hex(formatUtf8(long))}`, "ü".repeat(100), "C:x", "a\u0000b"],
  ];
  const names = texts.map(quotedName);
  for (const name of names) assert.match(name, /^[A-Za-z0-9_%~-][A-Za-z0-9_.%~=-]{0,199}$/);
  assert.equal(new Set(names).size, texts.length);
  assert.equal(quotedName("simple/demo/index.json"), "simple%2Fdemo%2Findex.json");
});
