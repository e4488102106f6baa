import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parsePage, formatPageFile } from "#formats/python/simple-page.ts";
import { normaliseProjectName } from "#formats/python/project-name.ts";
import {
  emptyProject,
  entryYanked,
  formatProjectPage,
  projectRecordOf,
  withProjectFile,
  withoutProjectFile,
  yankedEntry,
} from "./project-record.ts";
import type { ProjectFile, ProjectRecord } from "./project-record.ts";

const project = normaliseProjectName("demo");

function aFile(version: string, yanked: boolean | string = false): ProjectFile {
  const filename = `demo-${version}.tar.gz`;
  const sha256 = "ab".repeat(32);
  const url = `../../files/demo/${sha256}/${filename}`;
  const uploadTime = "2026-01-02T03:04:05.000006Z";
  const entry = formatPageFile({
    filename,
    url,
    sha256,
    size: 7,
    uploadTime,
    requiresPython: '>=3.8, !="3.9.1"',
    yanked,
    version,
  });
  return { filename, version, entry };
}

test("a record built change by change is the one built from its files, and its page can be read", () => {
  const versions = fc.array(fc.tuple(fc.nat(12), fc.nat(3)).map(([a, b]) => `${a}.${b}`));
  fc.assert(
    fc.property(versions, versions, (added, removed) => {
      let record: ProjectRecord = emptyProject(project);
      const files = new Map<string, ProjectFile>();
      for (const version of added) {
        const file = aFile(version);
        record = withProjectFile(record, file);
        files.set(file.filename, file);
      }
      for (const version of removed) {
        const { filename } = aFile(version);
        if (!files.delete(filename)) continue;
        record = withoutProjectFile(record, filename);
      }
      const sorted = [...files.values()].toSorted((a, b) => (a.filename < b.filename ? -1 : 1));
      const built = projectRecordOf(project, { status: "active" }, sorted);
      const unjoined = { blocks: [], versionBlocks: [] };
      assert.deepEqual({ ...record, ...unjoined }, { ...built, ...unjoined });
      assert.deepEqual(formatProjectPage(record), formatProjectPage(built));
      const page = parsePage(formatProjectPage(record));
      assert.deepEqual(
        page.files.map(({ filename }) => filename),
        sorted.map(({ filename }) => filename),
      );
      assert.equal(page.versions.length, new Set(sorted.map(({ version }) => version)).size);
    }),
    { numRuns: 50 },
  );
});

test("a change leaves the record before it as it was", () => {
  const before = withProjectFile(emptyProject(project), aFile("1.0"));
  const bytes = formatProjectPage(before);
  withProjectFile(before, aFile("2.0"));
  withProjectFile(before, aFile("1.0", "broken"));
  withoutProjectFile(before, "demo-1.0.tar.gz");
  assert.deepEqual(formatProjectPage(before), bytes);
});

test("yankedEntry() changes the yank and not one byte more", () => {
  const plain = aFile("1.0").entry;
  for (const yanked of [true, 'it "breaks" ünïcode'] as const) {
    const entry = yankedEntry(plain, yanked);
    assert.deepEqual(entry, aFile("1.0", yanked).entry);
    assert.equal(entryYanked(entry), yanked);
    assert.deepEqual(yankedEntry(entry, false), plain);
  }
});

test("1.0 and 1.0.0 are two versions of a page, in one order", () => {
  const page = parsePage(
    formatProjectPage(
      ["1.0.0", "1.0", "0.9"].reduce(
        (record, version) => withProjectFile(record, aFile(version)),
        emptyProject(project),
      ),
    ),
  );
  assert.deepEqual(page.versions, ["0.9", "1.0", "1.0.0"]);
});
