import assert from "node:assert/strict";
import { test } from "node:test";
import { formatUtf8, parseUtf8 } from "#formats/bytes/utf8.ts";
import { formatCeremonyFile, parseCeremonyFile } from "./ceremony-file.ts";
import type { CeremonyFile } from "./ceremony-file.ts";
import { ceremonyLimits } from "./limits.ts";

const day = 86_400_000;
const first: CeremonyFile = {
  policy: {
    lifetimes: { root: 365 * day, targets: 90 * day, claimed: 30 * day },
    thresholds: { root: 2, targets: 1, claimed: 1 },
  },
  current: undefined,
  nextVersions: { root: 1, targets: 1, claimed: 1 },
  next: { root: formatUtf8("r"), targets: formatUtf8("t"), claimed: formatUtf8("c") },
};
const later: CeremonyFile = {
  ...first,
  current: { root: formatUtf8("R"), targets: formatUtf8("T"), claimed: formatUtf8("C") },
  nextVersions: { root: 2, targets: 1_795_000_000_000, claimed: 3 },
  next: { targets: formatUtf8("t") },
};

test("what formatCeremonyFile() writes is read back, byte for byte", () => {
  const roots = [formatUtf8("1"), formatUtf8("2")];
  for (const file of [first, later, { ...later, next: {} }, { ...later, roots }]) {
    const bytes = formatCeremonyFile(file);
    assert.deepEqual(parseCeremonyFile(bytes), file);
    assert.deepEqual(formatCeremonyFile(parseCeremonyFile(bytes)), bytes);
  }
});

test("parseCeremonyFile() refuses what is cut short, too large, of another version or more than it knows", () => {
  const text = parseUtf8(formatCeremonyFile(later));
  const refuse = (bytes: Uint8Array, code: string): void => {
    assert.throws(() => parseCeremonyFile(bytes), { code });
  };
  refuse(formatUtf8(text.slice(0, -1)), "json.syntax");
  refuse(new Uint8Array(), "json.syntax");
  refuse(new Uint8Array(ceremonyLimits.fileSizeMax + 1), "json.size");
  refuse(formatUtf8("[".repeat(ceremonyLimits.depthMax + 1)), "json.depth");
  const faults: readonly (readonly [string, string, string])[] = [
    ['"holdfast-ceremony":1', '"holdfast-ceremony":2', "ceremony.malformed"],
    ['"holdfast-ceremony":1', '"holdfast-ceremony":1,"note":"hi"', "ceremony.malformed"],
    ['"holdfast-ceremony":1,', "", "ceremony.malformed"],
    ['"targets":"dA=="', '"targets":"dA"', "bytes.base64"],
    ['"targets":"dA=="', '"targets":"dA==","bins":"dA=="', "ceremony.malformed"],
    ['"root":2,"targets":1795', '"root":0,"targets":1795', "ceremony.malformed"],
    ['"root":"1y"', '"root":"11y"', "ceremony.malformed"],
    ['"root":"1y"', '"root":"long"', "config.value"],
    ['"claimed":1,"root":2,', '"claimed":0,"root":2,', "ceremony.malformed"],
    ['"claimed":1,"root":2,', '"claimed":65,"root":2,', "ceremony.malformed"],
    ['"claimed":1,"root":2,', '"root":2,', "ceremony.malformed"],
    ['"next":{', '"next":{"root":null,', "json.type"],
    ['"next":{', '"roots":"","next":{', "json.type"],
    ['"next":{', `"roots":[${'"",'.repeat(256)}""],"next":{`, "ceremony.malformed"],
  ];
  for (const [from, to, code] of faults) {
    assert.ok(text.includes(from), `${from} is in ${text}`);
    refuse(formatUtf8(text.replace(from, to)), code);
  }
});
