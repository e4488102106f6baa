import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createSeededRandom } from "#world/seeded-random.ts";
import { parseInstant } from "#formats/bytes/instant.ts";
import { metaLines } from "#formats/tuf/snapshot.ts";
import { RoleTable } from "./role-table.ts";
import type { RoleVersion } from "./signer-store.ts";

const expires = parseInstant("2030-01-02T03:04:05Z");

function aFile(role: string, version: number): RoleVersion {
  const sha256 = version.toString(16).padStart(64, "0");
  return { role, version, length: version + 1, sha256, signedAt: new Date(version), expires };
}

const bin = (at: number, digits: number): string => `bin-${at.toString(16).padStart(digits, "0")}`;
const singles = ["claimed", "claimed-0", "deny", "root", "snapshot", "targets", "timestamp"];

/** What a snapshot says, from the whole list. */
function wholeLines(files: ReadonlyMap<string, RoleVersion>, hashed: (role: string) => boolean) {
  const listed = [...files.values()].filter(
    ({ role }) => !["root", "snapshot", "timestamp"].includes(role),
  );
  return metaLines(
    listed.map(({ role, version, length, sha256 }) => {
      const hashes = new Map([["sha256", sha256]]);
      return [role, hashed(role) ? { version, length, hashes } : { version }];
    }),
  );
}

test("a table of many changes holds what a map would", () => {
  const known = fc.constantFrom(...singles, ...Array.from({ length: 300 }, (_, at) => bin(at, 3)));
  const added = fc.constantFrom("recently-claimed", "unclaimed", "bin-12c", "bin-fff");
  const batches = fc.array(fc.array(fc.oneof({ weight: 9, arbitrary: known }, added)));
  fc.assert(
    fc.property(batches, (changes) => {
      const first = [...singles, ...Array.from({ length: 300 }, (_, at) => bin(at, 3))];
      const model = new Map(first.toReversed().map((role) => [role, aFile(role, 1)]));
      let table = RoleTable.of(model.values());
      for (const [at, roles] of changes.entries()) {
        const files = roles.map((role) => aFile(role, at + 2));
        const before = table;
        const linesBefore = before.snapshotLines(10);
        table = table.with(files);
        assert.equal(before.snapshotLines(10), linesBefore, "a table is a value");
        for (const file of files) model.set(file.role, file);
        assert.equal(
          table.snapshotLines(10),
          wholeLines(model, (role) => !role.startsWith("bin-")),
        );
      }
      assert.deepEqual(new Map([...table.values()].map((file) => [file.role, file])), model);
      for (const [role, file] of model) assert.equal(table.get(role), file);
      assert.equal(table.get("bin-ffe"), undefined);
    }),
    { seed: 1, numRuns: 60 },
  );
});

test("few bins are listed with their hashes, those from when there were fewer without", () => {
  const names = [
    ...singles,
    ...[0, 1].map((at) => bin(at, 1)),
    ...[0, 1, 255].map((at) => bin(at, 2)),
  ];
  const model = new Map(names.map((role) => [role, aFile(role, 7)]));
  const table = RoleTable.of(model.values());
  const isShort = (role: string): boolean => /^bin-.$/.test(role);
  assert.equal(
    table.snapshotLines(8),
    wholeLines(model, (role) => !isShort(role)),
  );
  assert.equal(
    table.snapshotLines(9),
    wholeLines(model, (role) => !role.startsWith("bin-")),
    "asked for another number of bins",
  );
});

test("a change of one role leaves what is said of nearly all others as it was", () => {
  let read = 0;
  const counted = (role: string, version: number): RoleVersion => ({
    ...aFile(role, version),
    get version() {
      read += 1;
      return version;
    },
  });
  const names = Array.from({ length: 16_384 }, (_, at) => bin(at, 4));
  let table = RoleTable.of(names.map((role) => counted(role, 1)));
  table.snapshotLines(14);
  assert.ok(read >= names.length);
  read = 0;
  const random = createSeededRandom(1);
  for (let version = 2; version < 22; version++) {
    const role = random.pick(names);
    table = table.with([counted(role, version)]);
    assert.ok(table.snapshotLines(14).includes(`"${role}.json":{"version":${version}}`));
  }
  assert.ok(read >= 20 && read < names.length / 2, `${read} versions were read`);
});
