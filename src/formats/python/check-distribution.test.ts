import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { buildSdist, buildWheel, recordRow } from "#world/distributions.ts";
import type { BuiltDistribution, SdistOptions, WheelOptions } from "#world/distributions.ts";
import { byteSourceOf } from "#formats/archive/byte-source.ts";
import { archiveLimits } from "#formats/archive/limits.ts";
import { FormatError } from "#formats/format-error.ts";
import { checkDistribution } from "./check-distribution.ts";
import type { CheckedDistribution } from "./check-distribution.ts";

function check(built: BuiltDistribution, filename = built.filename): Promise<CheckedDistribution> {
  return checkDistribution(filename, byteSourceOf(built.bytes));
}

const demo = { name: "Demo.Kit", version: "1.2.0" } as const;
const wheel = (changes: Partial<WheelOptions> = {}): BuiltDistribution =>
  buildWheel({ ...demo, ...changes });
const sdist = (changes: Partial<SdistOptions> = {}): BuiltDistribution =>
  buildSdist({ ...demo, ...changes });

test("checkDistribution() tells what a wheel says about itself", async () => {
  const built = wheel({ requiresPython: ">=3.8", requiresDist: ["six"], summary: "Kit" });
  const checked = await check(built);
  assert.equal(checked.kind, "wheel");
  assert.equal(checked.filename, "demo_kit-1.2.0-py3-none-any.whl");
  assert.equal(checked.project, "demo-kit");
  assert.equal(checked.version, "1.2.0");
  assert.equal(checked.summary, "Kit");
  assert.equal(checked.requiresPython, ">=3.8");
  assert.deepEqual(checked.core.requiresDist, ["six"]);
  assert.deepEqual(Buffer.from(checked.metadata), Buffer.from(built.metadata));
});

test("checkDistribution() tells what an sdist says about itself", async () => {
  for (const format of ["tar.gz", "zip"] as const) {
    const built = sdist({ format, requiresPython: ">=3.8" });
    const checked = await check(built);
    assert.equal(checked.kind, "sdist");
    assert.deepEqual([checked.project, checked.version], ["demo-kit", "1.2.0"]);
    assert.deepEqual(Buffer.from(checked.metadata), Buffer.from(built.metadata));
  }
});

test("checkDistribution() welcomes old spellings", async () => {
  const files = [
    wheel({ filenameStem: "Demo.Kit-1.2" }),
    wheel({ distInfo: "demo.KIT-1.2.0.0.dist-info" }),
    wheel({ metadataVersion: "2.0" }),
    wheel({ files: { "demo.py": "", "demo/vendored-1.0.dist-info/METADATA": "" } }),
    wheel({ record: (right) => right.replace(/.*RECORD,,\n/, "") }),
    wheel({ record: (right) => right.replaceAll("\n", "\r\n") }),
    wheel({ members: [{ name: "folder/", mode: 0o040755 }] }),
    wheel({ build: "1" }),
    sdist({ filenameStem: "Demo.Kit-1.2.0" }),
    sdist({ filenameStem: "demo-kit-1.2", topFolder: "Demo_Kit-1.2.0" }),
    sdist({ version: "1.2.0.post1", filenameStem: "demo-kit-1.2.0-1" }),
  ];
  for (const built of files) assert.equal((await check(built)).project, "demo-kit", built.filename);
});

test("checkDistribution() ignores RECORD's own row and its signatures", async () => {
  const folder = "demo_kit-1.2.0.dist-info";
  const members = ["RECORD.jws", "RECORD.p7s"].map((name) => ({
    name: `${folder}/${name}`,
    data: "x",
  }));
  assert.equal((await check(wheel({ members }))).version, "1.2.0");
});

type Case = readonly [what: string, code: string, BuiltDistribution, filename?: string];

const folder = "demo_kit-1.2.0.dist-info";
const extra = { name: "extra.py", data: "x = 1\n" };
const otherName = "Metadata-Version: 2.1\nName: other\nVersion: 1.2.0\n";
const otherVersion = "Metadata-Version: 2.1\nName: demo-kit\nVersion: 1.2.1\n";

const hostile: readonly Case[] = [
  ["wheel of another project", "wheel.dist-info", wheel(), "other-1.2.0-py3-none-any.whl"],
  ["wheel of another version", "wheel.dist-info", wheel(), "demo_kit-1.2.1-py3-none-any.whl"],
  ["wheel whose METADATA is another project's", "wheel.name", wheel({ metadata: otherName })],
  ["wheel whose METADATA is another version's", "wheel.version", wheel({ metadata: otherVersion })],
  ["wheel without dist-info", "wheel.dist-info", wheel({ distInfo: "info" })],
  ["wheel with another dist-info", "wheel.dist-info", wheel({ distInfo: "other-1.2.0.dist-info" })],
  [
    "wheel with two dist-infos",
    "wheel.dist-info",
    wheel({ members: [{ name: "other-1.dist-info/METADATA", data: otherName }] }),
  ],
  [
    "wheel with a second dist-info in capitals",
    "wheel.dist-info",
    wheel({ members: [{ name: "demo_kit-1.2.0.DIST-INFO/METADATA", data: otherName }] }),
  ],
  [
    "wheel without METADATA",
    "wheel.metadata",
    wheel({ rewrite: (p) => p.filter((x) => x.name !== `${folder}/METADATA`) }),
  ],
  [
    "wheel without WHEEL",
    "wheel.wheel-file",
    wheel({ rewrite: (p) => p.filter((x) => x.name !== `${folder}/WHEEL`) }),
  ],
  [
    "wheel without RECORD",
    "wheel.record",
    wheel({ rewrite: (p) => p.filter((x) => x.name !== `${folder}/RECORD`) }),
  ],
  ["wheel of version 2", "wheel.wheel-file", wheel({ wheelFile: "Wheel-Version: 2.0\n" })],
  ["wheel of no version", "wheel.wheel-file", wheel({ wheelFile: "Tag: x\n" })],
  ["file that RECORD does not list", "wheel.record", wheel({ members: [extra] })],
  [
    "file that RECORD lists without a hash",
    "wheel.record",
    wheel({ members: [extra], record: (right) => `${right}extra.py,,\n` }),
  ],
  [
    "file that is not there",
    "wheel.record",
    wheel({ record: (right) => right + recordRow(extra) }),
  ],
  ["file listed twice", "wheel.record", wheel({ record: (right) => right + right })],
  [
    "file with other contents than in RECORD",
    "wheel.record-mismatch",
    wheel({
      members: [{ ...extra, data: "x = 2\n" }],
      record: (right) => right + recordRow(extra),
    }),
  ],
  [
    "file with another size than in RECORD",
    "wheel.record-mismatch",
    wheel({ members: [extra], record: (right) => right + recordRow(extra).replace(/6\n$/, "7\n") }),
  ],
  [
    "file listed with md5",
    "wheel.record",
    wheel({ members: [extra], record: (right) => `${right}extra.py,md5=x,6\n` }),
  ],
  [
    "wheel with a link",
    "archive.link",
    wheel({ members: [{ name: "l", data: "demo.py", mode: 0o120777 }] }),
  ],
  ["wheel with a member twice", "archive.duplicate", wheel({ members: [extra, extra] })],
  ["wheel that climbs out", "archive.traversal", wheel({ members: [{ name: "../x.pth" }] })],
  ["wheel with a huge METADATA", "archive.size", wheel({ description: "x".repeat(5_000_000) })],
  [
    "wheel with bad Requires-Python",
    "metadata.requires-python",
    wheel({ requiresPython: "three" }),
  ],
  ["wheel that is an sdist", "archive.junk", sdist(), "demo_kit-1.2.0-py3-none-any.whl"],
  ["sdist that is a wheel", "archive.corrupt", wheel(), "demo_kit-1.2.0.tar.gz"],
  ["zip sdist that is a wheel", "sdist.top-folder", wheel(), "demo_kit-1.2.0.zip"],
  ["sdist of another project", "sdist.name", sdist(), "other-1.2.0.tar.gz"],
  ["sdist of another version", "sdist.version", sdist(), "demo_kit-1.3.tar.gz"],
  ["sdist whose PKG-INFO is another project's", "sdist.name", sdist({ metadata: otherName })],
  ["sdist whose PKG-INFO is another version's", "sdist.version", sdist({ metadata: otherVersion })],
  [
    "sdist without PKG-INFO",
    "sdist.metadata",
    sdist({ rewrite: (p) => p.filter((x) => x.name !== "demo_kit-1.2.0/PKG-INFO") }),
  ],
  ["sdist with another top folder", "sdist.top-folder", sdist({ topFolder: "demo_kit-1.3" })],
  ["sdist with a project's folder", "sdist.top-folder", sdist({ topFolder: "other-1.2.0" })],
  ["sdist with two top folders", "sdist.top-folder", sdist({ members: [{ name: "other/x" }] })],
  ["sdist with a file at the top", "sdist.top-folder", sdist({ members: [{ name: "setup.py" }] })],
  [
    "zip sdist with two top folders",
    "sdist.top-folder",
    sdist({ format: "zip", members: [{ name: "other/x" }] }),
  ],
  [
    "zip sdist with two PKG-INFOs",
    "archive.duplicate",
    sdist({ format: "zip", members: [{ name: "demo_kit-1.2.0/PKG-INFO" }] }),
  ],
  [
    "sdist with two PKG-INFOs",
    "archive.duplicate",
    sdist({ members: [{ name: "demo_kit-1.2.0/PKG-INFO" }] }),
  ],
  [
    "sdist with a link outside",
    "archive.link",
    sdist({ members: [{ name: "demo_kit-1.2.0/l", type: "2", linkTarget: "../x" }] }),
  ],
  ["sdist with a huge PKG-INFO", "metadata.size", sdist({ description: "x".repeat(5_000_000) })],
  ["sdist with an unknown Metadata-Version", "metadata.version", sdist({ metadataVersion: "9.9" })],
  ["file of no known kind", "filename.invalid", sdist(), "demo_kit-1.2.0.tar.bz2"],
];

for (const [what, code, built, filename] of hostile) {
  test(`checkDistribution() refuses a ${what}`, async () => {
    await assert.rejects(check(built, filename), (error) => {
      assert.ok(error instanceof FormatError, String(error));
      assert.equal(error.code, code, error.message);
      // It becomes an HTTP reason phrase: one short line of ASCII.
      assert.match(error.message, /^[\x20-\x7e]{10,250}$/);
      return true;
    });
  });
}

test("checkDistribution() takes links in sdists that stay inside, and no device", async () => {
  const target = { name: "demo_kit-1.2.0/real.txt", data: "x" };
  const link = { name: "demo_kit-1.2.0/link.txt", type: "2", linkTarget: "real.txt" };
  assert.equal((await check(sdist({ members: [target, link] }))).version, "1.2.0");
  const device = { name: "demo_kit-1.2.0/null", type: "3" };
  await assert.rejects(check(sdist({ members: [device] })), { code: "archive.device" });
});

test("checkDistribution() holds to the limits it is given", async () => {
  const built = wheel({ files: { "zeros.py": "0".repeat(100_000) } });
  const source = byteSourceOf(built.bytes);
  const limits = { ...archiveLimits, ratioFreeSize: 1_000, ratioMax: 10 };
  await assert.rejects(checkDistribution(built.filename, source, limits), { code: "archive.bomb" });
});

const targets: readonly BuiltDistribution[] = [
  wheel({ zip: { zip64: true } }),
  wheel(),
  sdist(),
  sdist({ format: "zip" }),
];

test("checkDistribution() throws nothing but FormatError for changed bytes, and never hangs", async () => {
  const edit = fc.record({
    at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    value: fc.nat(255),
  });
  const change = fc.record({
    target: fc.constantFrom(...targets),
    edits: fc.array(edit, { minLength: 1, maxLength: 4 }),
    cut: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { freq: 5 }),
    readSize: fc.constantFrom(16, 700, 262_144),
  });
  await fc.assert(
    fc.asyncProperty(change, async ({ target, edits, cut, readSize }) => {
      const bytes = Uint8Array.from(target.bytes);
      for (const { at, value } of edits) bytes[Math.floor(at * bytes.length)] = value;
      const source = byteSourceOf(bytes.subarray(0, Math.floor((cut ?? 1) * bytes.length)));
      try {
        await checkDistribution(target.filename, source, { ...archiveLimits, readSize });
      } catch (error) {
        assert.ok(
          error instanceof FormatError,
          error instanceof Error ? error.stack : String(error),
        );
      }
    }),
    { numRuns: 3000 },
  );
});
