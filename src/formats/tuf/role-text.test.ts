import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseInstant } from "#formats/bytes/instant.ts";
import { canonicalText } from "#formats/json/canonical.ts";
import type { MetaFile, Metadata } from "./metadata.ts";
import { metaLines, snapshotText, snapshotToJson } from "./snapshot.ts";
import { fileListText, targetsToJson } from "./targets.ts";

const text: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.stringMatching(/^bin-[0-9a-f]{1,4}$/),
  fc.constantFrom('"', "\\", "\n", "é", "\u{1f600}", "\uff5e"),
);
const metadata: fc.Arbitrary<Metadata> = fc.record({
  specVersion: fc.constantFrom("1.0.34", "1.0"),
  version: fc.nat(),
  expires: fc.constantFrom(parseInstant("2030-01-02T03:04:05Z")),
});
const hashes = fc.option(fc.uniqueArray(fc.tuple(text, text), { selector: ([name]) => name }));
const metaFile: fc.Arbitrary<MetaFile> = fc
  .tuple(fc.nat(), fc.option(fc.nat()), hashes)
  .map(([version, length, listed]) => ({
    version,
    ...(length !== null && { length }),
    ...(listed !== null && { hashes: new Map(listed) }),
  }));

test("snapshotText() is the canonical form of the snapshot's tree", () => {
  const lines = fc.uniqueArray(fc.tuple(text, metaFile), { selector: ([role]) => role });
  fc.assert(
    fc.property(metadata, lines, (common, meta) => {
      const tree = snapshotToJson({ ...common, meta: new Map(meta) });
      assert.equal(snapshotText(common, metaLines(meta)), canonicalText(tree));
    }),
    { seed: 1, numRuns: 300 },
  );
});

test("fileListText() is the canonical form of the targets' tree", () => {
  const file = fc.record({ path: text, length: fc.nat(), sha256: text });
  const files = fc.uniqueArray(file, { selector: ({ path }) => path });
  fc.assert(
    fc.property(metadata, files, (common, listed) => {
      const targets = listed.map(
        ({ length, path, sha256 }) =>
          [path, { length, hashes: new Map([["sha256", sha256]]) }] as const,
      );
      const tree = targetsToJson({ ...common, targets: new Map(targets) });
      assert.equal(fileListText(common, listed), canonicalText(tree));
    }),
    { seed: 1, numRuns: 300 },
  );
});

test("what cannot be written exactly is refused", () => {
  const common = {
    specVersion: "1.0.34",
    version: 1,
    expires: parseInstant("2030-01-02T03:04:05Z"),
  };
  const file = { path: "a", length: 1, sha256: "ab" };
  assert.throws(() => fileListText(common, [file, file]), { code: "json.duplicate-member" });
  assert.throws(() => fileListText(common, [{ ...file, length: 1.5 }]), { code: "json.number" });
  const meta = new Map([["a", { version: 2 ** 53 }]]);
  assert.throws(() => metaLines(meta), { code: "json.number" });
});
