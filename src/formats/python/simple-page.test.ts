import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseUtf8 } from "#formats/bytes/utf8.ts";
import { FormatError } from "#formats/format-error.ts";
import { formatJson } from "#formats/json/format.ts";
import { parseJson } from "#formats/json/parse.ts";
import { pageLimits } from "./limits.ts";
import { normaliseProjectName } from "./project-name.ts";
import {
  comparePageFiles,
  comparePageVersions,
  fileUrl,
  formatPage,
  formatPageFile,
  formatPageFromEntries,
  parsePage,
  renderPageHtml,
} from "./simple-page.ts";
import type { Page, PageFile } from "./simple-page.ts";

const name = normaliseProjectName("demo");
const sha256 = "ab".repeat(32);

function aFile(changes: Partial<PageFile> = {}): PageFile {
  const filename = changes.filename ?? "demo-1.0-py3-none-any.whl";
  return {
    filename,
    url: fileUrl(name, changes.sha256 ?? sha256, filename),
    sha256,
    size: 974,
    uploadTime: "2025-01-01T00:00:00.123456Z",
    yanked: false,
    version: "1.0",
    ...changes,
  };
}

function aPage(changes: Partial<Page> = {}): Page {
  return { name, status: "active", versions: ["1.0"], files: [aFile()], ...changes };
}

const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

test("formatPage() writes the simple API 1.4", () => {
  const file = aFile({
    requiresPython: ">=3.8",
    coreMetadata: "cd".repeat(32),
    yanked: 'a "bad" <one>',
  });
  assert.deepEqual(JSON.parse(decode(formatPage(aPage({ files: [file], statusReason: "fine" })))), {
    meta: { "api-version": "1.4" },
    name: "demo",
    "project-status": { status: "active", reason: "fine" },
    versions: ["1.0"],
    files: [
      {
        filename: "demo-1.0-py3-none-any.whl",
        url: `../../files/demo/${sha256}/demo-1.0-py3-none-any.whl`,
        hashes: { sha256 },
        "requires-python": ">=3.8",
        size: 974,
        "upload-time": "2025-01-01T00:00:00.123456Z",
        yanked: 'a "bad" <one>',
        "core-metadata": { sha256: "cd".repeat(32) },
      },
    ],
  });
});

test("formatPage() has one spelling: members, files and versions sorted", () => {
  const files = ["demo-1.10.zip", "demo-1.9.zip", "demo-1.0.zip"].map((filename) =>
    aFile({ filename, version: filename.slice(5, -4) }),
  );
  const bytes = formatPage(aPage({ files, versions: ["1.10", "1.9", "1.0", "1.0.0"] }));
  const page = parsePage(bytes);
  assert.deepEqual(page.versions, ["1.0", "1.0.0", "1.9", "1.10"]);
  assert.deepEqual(
    page.files.map(({ version }) => version),
    ["1.0", "1.10", "1.9"],
  );
  assert.deepEqual(formatJson(parseJson(bytes)), bytes);
});

test("formatPageFromEntries() makes the same bytes from kept entries", () => {
  const files = Array.from({ length: 2000 }, (_, index) =>
    aFile({ filename: `demo-1.${index}.zip`, version: `1.${index}` }),
  ).toSorted(comparePageFiles);
  const versions = files.map(({ version }) => version);
  const head = aPage({ versions: versions.toSorted(comparePageVersions) });
  const kept = formatPageFromEntries(head, files.map(formatPageFile));
  // Not deepEqual: showing where two long texts differ can take longer than anybody waits.
  assert.ok(Buffer.from(kept).equals(formatPage(aPage({ files, versions }))));
});

test("a quarantined project's page offers no files, in either form", () => {
  const page = aPage({ status: "quarantined", statusReason: "looked at" });
  assert.deepEqual(parsePage(formatPage(page)).files, []);
  assert.doesNotMatch(renderPageHtml(page), /<a /);
  const offering = decode(formatPage(aPage())).replace('"active"', '"quarantined"');
  assert.throws(() => parsePage(encode(offering)), { code: "page.malformed" });
});

test("formatPageFile() writes an empty reason as true and refuses what no reader takes", () => {
  assert.match(parseUtf8(formatPageFile(aFile({ yanked: "" }))), /"yanked":true/);
  for (const yanked of ["two\nlines", "\ud800"]) {
    assert.throws(() => formatPageFile(aFile({ yanked })), { code: "page.malformed" });
  }
});

const oneLine = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 30 })
  .filter((text) => text.isWellFormed() && !/[\p{Cc}\u2028\u2029]/u.test(text));
const hex = fc.stringMatching(/^[0-9a-f]{64}$/);
const pages: fc.Arbitrary<Page> = fc
  .record({
    status: fc.constantFrom("active" as const, "archived" as const, "deprecated" as const),
    statusReason: fc.option(oneLine, { nil: undefined }),
    files: fc.uniqueArray(
      fc.record({
        minor: fc.nat(30),
        end: fc.constantFrom(".tar.gz", ".zip", "-py3-none-any.whl"),
        sha256: hex,
        size: fc.maxSafeNat(),
        requiresPython: fc.option(oneLine, { nil: undefined }),
        yanked: fc.oneof(fc.boolean(), oneLine),
        coreMetadata: fc.option(hex, { nil: undefined }),
        elsewhere: fc.boolean(),
      }),
      { selector: ({ minor, end }) => `${minor}${end}`, maxLength: 8 },
    ),
  })
  .map(({ status, statusReason, files }) => {
    const made = files.map(({ minor, end, elsewhere, requiresPython, coreMetadata, ...rest }) => {
      const filename = `demo-1.${minor}${end}`;
      return aFile({
        ...rest,
        filename,
        version: `1.${minor}`,
        url: elsewhere ? `https://example.org/${filename}` : fileUrl(name, rest.sha256, filename),
        ...(requiresPython !== undefined && { requiresPython }),
        ...(coreMetadata !== undefined && { coreMetadata }),
      });
    });
    return {
      name,
      status,
      ...(statusReason !== undefined && { statusReason }),
      versions: [...new Set(made.map(({ version }) => version))].toSorted(comparePageVersions),
      files: made.toSorted(comparePageFiles),
    };
  });

test("parsePage() undoes formatPage()", () => {
  fc.assert(
    fc.property(pages, (page) => {
      const bytes = formatPage(page);
      assert.deepEqual(parsePage(bytes), page);
      assert.deepEqual(formatPage(parsePage(bytes)), bytes);
    }),
  );
});

test("parsePage() leaves aside what it does not know", () => {
  const text = decode(formatPage(aPage()))
    .replace('"filename"', '"gpg-sig":false,"filename"')
    .replace('"api-version":"1.4"', '"api-version":"1.9","_last-serial":7');
  assert.deepEqual(parsePage(encode(text)), aPage());
});

test("parsePage() refuses what two clients could read differently", () => {
  const right = decode(formatPage(aPage()));
  const url = fileUrl(name, sha256, aFile().filename);
  const wrong: readonly (readonly [string, string, string])[] = [
    ['"name":"demo"', '"name":"demo","name":"demo"', "json.duplicate-member"],
    ['"name":"demo"', '"name":"Demo"', "page.malformed"],
    ['"name":"demo"', '"name":"other"', "filename.project"],
    ['"1.4"', '"2.0"', "page.api-version"],
    ['"versions":["1.0"]', '"versions":["1.0","1.0"]', "page.order"],
    ['"versions":["1.0"]', '"versions":["2.0","1.0"]', "page.order"],
    ['"versions":["1.0"]', '"versions":["1.0","v2"]', "page.malformed"],
    ['"versions":["1.0"]', '"versions":["1.0","x"]', "version.invalid"],
    ['"versions":["1.0"]', '"versions":[]', "page.malformed"],
    ['"status":"active"', '"status":"gone"', "page.malformed"],
    [`"sha256":"${sha256}"`, `"sha256":"${sha256.toUpperCase()}"`, "page.malformed"],
    [`"sha256":"${sha256}"`, '"md5":"abc"', "json.type"],
    ['"size":974', '"size":-1', "json.type"],
    ['"size":974', '"size":9.5', "json.number"],
    ['"size":974', '"size":"974"', "json.type"],
    ["2025-01-01", "2025-02-30", "page.malformed"],
    [".123456Z", "+01:00", "page.malformed"],
    ['"yanked":false', '"yanked":""', "page.malformed"],
    ['"yanked":false', '"yanked":null', "json.type"],
    ['"yanked":false', '"yanked":"a\\nb"', "page.malformed"],
    [`"${url}"`, `"../${url}"`, "page.url"],
    [`"${url}"`, `"${url}#x"`, "page.url"],
    [`"${url}"`, `"${url.replace("demo/", "evil/")}"`, "page.url"],
    [`"${url}"`, '"http://example.org/demo-1.0-py3-none-any.whl"', "page.url"],
    [`"${url}"`, '"https://user:pw@example.org/x"', "page.url"],
    [`"${url}"`, '"https://example.org/a/../x"', "page.url"],
    [`"${url}"`, '"https://EXAMPLE.org/x"', "page.url"],
    [`"${url}"`, '"https://example.org/x#sha256=0"', "page.url"],
    [`"${url}"`, '"//example.org/x"', "page.url"],
    [`"${url}"`, '"file:///etc/passwd"', "page.url"],
    [
      '"filename":"demo-1.0-py3-none-any.whl"',
      '"filename":"../demo-1.0-py3-none-any.whl"',
      "filename.invalid",
    ],
    ['"filename":"demo-1.0-py3-none-any.whl"', '"filename":".demo-1.0.tar.gz"', "filename.invalid"],
    [
      '"filename":"demo-1.0-py3-none-any.whl"',
      '"filename":"demo-1.0\\u0000.whl"',
      "page.malformed",
    ],
  ];
  for (const [from, to, code] of wrong) {
    const text = right.replace(from, to);
    assert.notEqual(text, right, from);
    assert.throws(() => parsePage(encode(text)), { code }, `${from} -> ${to}`);
  }
});

test("parsePage() refuses files out of order and files listed twice", () => {
  const entries = [aFile(), aFile()].map(formatPageFile);
  assert.throws(() => parsePage(formatPageFromEntries(aPage(), entries)), { code: "page.order" });
});

test("parsePage() has limits", () => {
  const long = aFile({ yanked: "x".repeat(pageLimits.reasonLengthMax + 1) });
  assert.throws(() => parsePage(formatPage(aPage({ files: [long] }))), { code: "page.limit" });
  const deep = encode(`{"x":${"[".repeat(9)}${"]".repeat(9)}}`);
  assert.throws(() => parsePage(deep), { code: "json.depth" });
  assert.throws(() => parsePage(new Uint8Array(pageLimits.sizeMax + 1)), { code: "json.size" });
});

test("parsePage() throws nothing but FormatError for changed bytes", () => {
  const right = formatPage(
    aPage({ statusReason: "reason", files: [aFile({ requiresPython: ">=3" })] }),
  );
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(right.length - 1), fc.nat(255)), { minLength: 1, maxLength: 3 }),
      (edits) => {
        const bytes = Uint8Array.from(right);
        for (const [at, value] of edits) bytes[at] = value;
        try {
          parsePage(bytes);
        } catch (error) {
          assert.ok(error instanceof FormatError, String(error));
        }
      },
    ),
    { numRuns: 2000 },
  );
});

test("renderPageHtml() escapes whatever came from outside", () => {
  const file = aFile({
    requiresPython: `>=3.8,<"4'&`,
    yanked: '"><script>alert(1)</script>',
    coreMetadata: "cd".repeat(32),
  });
  assert.equal(
    renderPageHtml(aPage({ status: "archived", statusReason: '"<&', files: [file] })),
    `<!DOCTYPE html>
<html>
  <head>
    <meta name="pypi:repository-version" content="1.4">
    <meta name="pypi:project-status" content="archived">
    <meta name="pypi:project-status-reason" content="&quot;&lt;&amp;">
    <title>Links for demo</title>
  </head>
  <body>
    <h1>Links for demo</h1>
    <a href="../../files/demo/${sha256}/demo-1.0-py3-none-any.whl#sha256=${sha256}" data-requires-python="&gt;=3.8,&lt;&quot;4&#39;&amp;" data-core-metadata="sha256=${"cd".repeat(32)}" data-dist-info-metadata="sha256=${"cd".repeat(32)}" data-yanked="&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;">demo-1.0-py3-none-any.whl</a><br>
  </body>
</html>
`,
  );
});

test("fileUrl() encodes what a URL would read otherwise", () => {
  assert.equal(
    fileUrl(name, sha256, "demo-1.0+l.tar.gz"),
    `../../files/demo/${sha256}/demo-1.0%2Bl.tar.gz`,
  );
});
