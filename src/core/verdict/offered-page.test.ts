import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256Hex } from "#crypto/hash.ts";
import type { Denial } from "#formats/deny/deny-list.ts";
import { normaliseProjectName } from "#formats/python/project-name.ts";
import { fileUrl, formatPage } from "#formats/python/simple-page.ts";
import type { Page, PageFile } from "#formats/python/simple-page.ts";
import type { TargetFile } from "#formats/tuf/targets.ts";
import { decideFile } from "./file-decision.ts";
import { fileKey, offerPage, openPage } from "./offered-page.ts";
import { vouchFor } from "./vouch.ts";

const demo = normaliseProjectName("demo");
const second = 1_000;
const now = new Date("2026-11-21T08:00:00Z");

function aFile(filename: string, version: string, more: Partial<PageFile> = {}): PageFile {
  const sha256 = sha256Hex(new TextEncoder().encode(filename));
  return {
    filename,
    url: fileUrl(demo, sha256, filename),
    sha256,
    size: 10,
    uploadTime: "2026-11-20T08:00:00.000000Z",
    yanked: false,
    version,
    ...more,
  };
}

const wheel = aFile("demo-1.0-py3-none-any.whl", "1.0");
const sdist = aFile("demo-2.0.tar.gz", "2.0");
const aPage = (page: Partial<Page> = {}): Page => ({
  name: demo,
  status: "active",
  versions: ["1.0", "2.0"],
  files: [wheel, sdist],
  ...page,
});
const targetOf = (bytes: Uint8Array): TargetFile => ({
  length: bytes.length,
  hashes: new Map([["sha256", sha256Hex(bytes)]]),
});
const denial = (more: Partial<Denial> = {}): Denial => ({
  project: demo,
  reason: "Steals tokens",
  time: "2026-11-21T07:00:00Z",
  ...more,
});
const offer = (denials: readonly Denial[] = [], page = aPage()): ReturnType<typeof offerPage> =>
  offerPage({ sha256: "ab".repeat(32), page }, denials);

test("openPage() believes the signed bytes of this project's page and no others", () => {
  const bytes = formatPage(aPage());
  assert.deepEqual(openPage(demo, targetOf(bytes), bytes).page.files.length, 2);
  const altered = bytes.slice();
  altered[10] = 0x20;
  assert.throws(() => openPage(demo, targetOf(bytes), altered), { code: "tuf.hash" });
  assert.throws(() => openPage(demo, targetOf(bytes), bytes.subarray(1)), { code: "tuf.length" });
  const other = normaliseProjectName("other");
  assert.throws(() => openPage(other, targetOf(bytes), bytes), { code: "page.mismatch" });
  const blind = { length: bytes.length, hashes: new Map([["md5", "00"]]) };
  assert.throws(() => openPage(demo, blind, bytes), { code: "tuf.hash" });
});

test("offerPage() takes denied files away, and the versions they alone made", () => {
  const denied = offer([denial({ filename: sdist.filename })]);
  assert.deepEqual(denied.page.files, [wheel]);
  assert.deepEqual(denied.page.versions, ["1.0"]);
  assert.notEqual(denied.tag, offer().tag);
  assert.equal(offer([denial({ filename: "demo-9.tar.gz" })]).tag, offer().tag);
});

test("offerPage() points every URL to the proxy itself", () => {
  const elsewhere = "https://files.example/demo-1.0-py3-none-any.whl";
  const { page, files } = offer([], aPage({ files: [{ ...wheel, url: elsewhere }, sdist] }));
  assert.equal(page.files[0]?.url, wheel.url);
  assert.equal(files.get(fileKey(wheel.sha256, wheel.filename))?.elsewhere, elsewhere);
  assert.equal(files.get(fileKey(sdist.sha256, sdist.filename))?.elsewhere, undefined);
});

test("decideFile() serves what was on a page within the hour, and nothing that is denied", () => {
  const wish = { project: demo, sha256: wheel.sha256, filename: wheel.filename };
  const served = (agoMs: number) => [
    { offered: offer(), servedAt: new Date(now.getTime() - agoMs) },
  ];
  const decide = (agoMs: number, denials: readonly Denial[] = [], more = {}): string =>
    decideFile({ ...wish, ...more }, served(agoMs), denials, now).kind;
  assert.equal(decide(0), "serve");
  assert.equal(decide(3_600 * second), "serve");
  assert.equal(decide(3_601 * second), "not-listed");
  assert.equal(decide(0, [], { sha256: "00".repeat(32) }), "not-listed");
  assert.equal(decide(0, [], { filename: sdist.filename }), "not-listed");
  assert.equal(decide(0, [denial({ filename: wheel.filename })]), "denied");
  assert.equal(decide(0, [denial()]), "denied");
  assert.equal(decide(0, [denial({ project: normaliseProjectName("other") })]), "serve");
});

test("vouchFor() says what speaks for and against a file", () => {
  const disk = { filename: wheel.filename, project: demo, sha256: wheel.sha256, size: wheel.size };
  const codes = (
    file = disk,
    page: Page | undefined = aPage(),
    denials: readonly Denial[] = [],
  ) => {
    const verdict = vouchFor(file, page, denials);
    return [verdict.kind, ...verdict.findings.map(({ code }) => code)];
  };
  assert.deepEqual(codes(), ["vouched", "file.vouched"]);
  assert.deepEqual(codes({ ...disk, sha256: "00" }), ["not-vouched", "file.hash"]);
  assert.deepEqual(codes({ ...disk, filename: "demo-3.tar.gz" }), [
    "not-vouched",
    "file.not-listed",
  ]);
  assert.deepEqual(vouchFor(disk, undefined, []).kind, "not-vouched");
  assert.deepEqual(codes(disk, aPage(), [denial()]), [
    "not-vouched",
    "file.vouched",
    "file.denied",
  ]);
  const yanked = aPage({ files: [{ ...wheel, yanked: "broken" }], status: "archived" });
  assert.deepEqual(codes(disk, yanked), [
    "vouched",
    "file.vouched",
    "file.yanked",
    "project.archived",
  ]);
});
