import assert from "node:assert/strict";
import { test } from "node:test";
import { parseDistributionFilename } from "#formats/python/filename.ts";
import { normaliseProjectName } from "#formats/python/project-name.ts";
import { fileUrl, formatPage, parsePage } from "#formats/python/simple-page.ts";
import type { Page, PageFile } from "#formats/python/simple-page.ts";
import { agreePages, agreementTag } from "./agreed-page.ts";
import type { IndexPage } from "./agreed-page.ts";

const demo = normaliseProjectName("demo");
const wheel = "demo-1.0-py3-none-any.whl";
const newer = "demo-2.0-py3-none-any.whl";
const hash = (digit: string): string => digit.repeat(64);

function file(filename: string, more: Partial<PageFile> = {}): PageFile {
  const sha256 = more.sha256 ?? hash("a");
  return {
    filename,
    url: fileUrl(demo, sha256, filename),
    sha256,
    size: 10,
    uploadTime: "2026-11-20T08:00:00Z",
    yanked: false,
    version: parseDistributionFilename(filename).version,
    ...more,
  };
}

function page(index: string, files: readonly PageFile[], more: Partial<Page> = {}): IndexPage {
  const versions = [...new Set(files.map(({ version }) => version))];
  const whole: Page = { name: demo, status: "active", versions, files, ...more };
  return { index, offered: { tag: index, page: whole, files: new Map(), denied: new Map() } };
}

const listed = (pages: readonly IndexPage[], agree: number): readonly PageFile[] =>
  agreePages(demo, pages, agree).page.files;

test("agreePages() offers a file that enough indexes list with one hash and size", () => {
  const pages = [
    page("a", [file(newer), file(wheel)]),
    page("b", [file(wheel)]),
    page("c", [file("demo-0.9.tar.gz"), file(wheel)]),
  ];
  const agreed = agreePages(demo, pages, 2);
  assert.deepEqual(agreed.page, {
    name: "demo",
    status: "active",
    versions: ["1.0"],
    files: [file(wheel)],
  });
  assert.equal(agreed.heldBack, 2);
  assert.deepEqual(agreed.outvoted, []);
  // What a proxy answers must be a page that a proxy reads.
  assert.deepEqual(parsePage(formatPage(agreed.page)), agreed.page);
});

test("agreePages() refuses a file name with different contents where none is agreed on", () => {
  for (const other of [file(wheel, { sha256: hash("b") }), file(wheel, { size: 11 })]) {
    assert.throws(() => agreePages(demo, [page("a", [file(wheel)]), page("b", [other])], 2), {
      code: "map.conflict",
      message: /different contents for demo-1\.0-py3-none-any\.whl \(a: sha256 a+, 10 bytes; b: /,
      evidence: {
        project: "demo",
        filename: wheel,
        agree: 2,
        contents: `a: sha256 ${hash("a")}, 10 bytes; b: sha256 ${other.sha256}, ${other.size} bytes`,
      },
    });
  }
});

test("agreePages() refuses a file name on whose contents two groups agree", () => {
  const evil = file(wheel, { sha256: hash("b") });
  const pages = ["a", "b", "c", "d"].map((name, at) => page(name, [at < 2 ? file(wheel) : evil]));
  assert.throws(() => agreePages(demo, pages, 2), { code: "map.conflict" });
});

test("agreePages() says who was outvoted", () => {
  const evil = file(wheel, { sha256: hash("b") });
  const pages = [page("a", [evil]), page("b", [file(wheel)]), page("c", [file(wheel)])];
  const { outvoted, page: merged } = agreePages(demo, pages, 2);
  assert.deepEqual(merged.files, [file(wheel)]);
  assert.equal(outvoted.length, 1);
  assert.match(outvoted[0]?.error.message ?? "", /a: sha256 b+, 10 bytes; b, c: sha256 a+/);
});

test("agreePages() refuses pages that have files and none in common", () => {
  const pages = [page("a", [file(wheel)]), page("b", [file(newer)])];
  assert.throws(() => agreePages(demo, pages, 2), { code: "map.agreement" });
  assert.deepEqual(listed([page("a", []), page("b", [])], 2), []);
});

test("agreePages() offers metadata and requires-python only as far as they are agreed on", () => {
  const one = file(wheel, { coreMetadata: hash("1"), requiresPython: ">=3.8" });
  const two = file(wheel, { coreMetadata: hash("2"), requiresPython: ">=3.9" });
  assert.deepEqual(listed([page("a", [one]), page("b", [two])], 2), [file(wheel)]);
  assert.deepEqual(listed([page("a", [one]), page("b", [two]), page("c", [one])], 2), [one]);
});

test("agreePages() yanks a file unless enough indexes do not", () => {
  const yanked = file(wheel, { yanked: "broken" });
  const pages = [page("a", [file(wheel)]), page("b", [yanked]), page("c", [file(wheel)])];
  assert.deepEqual(listed(pages.slice(0, 2), 2), [yanked]);
  assert.deepEqual(listed(pages, 2), [file(wheel)]);
});

test("agreePages() takes the upload time by which enough indexes had the file", () => {
  const at = (uploadTime: string): PageFile => file(wheel, { uploadTime });
  const [early, late, later] = [
    "2020-01-01T00:00:00Z",
    "2026-11-20T08:00:00.49Z",
    "2026-11-20T08:00:00.5Z",
  ] as const;
  const pages = [page("a", [at(later)]), page("b", [at(early)]), page("c", [at(late)])];
  assert.equal(listed(pages, 2)[0]?.uploadTime, late);
  assert.equal(listed(pages, 3)[0]?.uploadTime, later);
  assert.equal(listed(pages.slice(0, 2), 2)[0]?.uploadTime, later);
});

test("agreePages() takes a status that enough indexes say, and offers no file in quarantine", () => {
  const archived = { status: "archived", statusReason: "done" } as const;
  const a = page("a", [file(wheel)], archived);
  const b = page("b", [file(wheel)]);
  const c = page("c", [file(wheel)], archived);
  assert.equal(agreePages(demo, [a, b], 2).page.status, "active");
  const { status, statusReason } = agreePages(demo, [a, b, c], 2).page;
  assert.deepEqual({ status, statusReason }, archived);
  const shut = { status: "quarantined" } as const;
  const pages = [a, page("x", [], shut), page("y", [], shut), c];
  const merged = agreePages(demo, pages, 2).page;
  assert.deepEqual([merged.status, merged.files, merged.versions], ["quarantined", [], []]);
});

test("agreementTag() names the content by who was asked and what each said", () => {
  const [a, b, c] = ["a", "b", "c"].map((name) => page(name, [file(wheel)]));
  assert.ok(a && b && c);
  const tags = [
    agreementTag([a, b], 2),
    agreementTag([a, c], 2),
    agreementTag([a, b, c], 2),
    agreementTag([a, b, c], 3),
  ];
  assert.equal(new Set(tags).size, 4);
  assert.equal(agreementTag([a, b], 2), tags[0]);
});
