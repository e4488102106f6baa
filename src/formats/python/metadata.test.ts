import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FormatError } from "#formats/format-error.ts";
import { metadataLimits } from "./limits.ts";
import { parseCoreMetadata } from "./metadata.ts";
import type { CoreMetadata } from "./metadata.ts";

function parse(text: string): CoreMetadata {
  return parseCoreMetadata(new TextEncoder().encode(text));
}

const least = "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n";

test("parseCoreMetadata() reads every field it knows", () => {
  const metadata = parse(
    `${[
      "Metadata-Version: 2.4",
      "Name: My.Demo",
      "Version: v1.0-rc1",
      "Summary: A demo",
      "Home-page: https://example.org",
      "Author: Åsa",
      "Author-email: asa@example.org",
      "Maintainer: Bo",
      "Maintainer-email: bo@example.org",
      "License: MIT",
      "License-Expression: MIT",
      "Keywords: a,b",
      "classifier: One",
      "Classifier: Two",
      "Project-URL: Docs, https://example.org/a,b",
      "Project-URL: Docs, https://example.org/again",
      "Requires-Python: >=3.8",
      "Requires-Dist: six>=1",
      'Requires-Dist: rich; extra == "x"',
      "Provides-Extra: x",
      "Description-Content-Type: text/markdown",
      "Unknown-Field: passed over",
    ].join("\n")}\n\n# Demo\n\nText: not a header\n`,
  );
  assert.deepEqual(metadata, {
    metadataVersion: "2.4",
    name: "My.Demo",
    project: "my-demo",
    version: "1.0rc1",
    summary: "A demo",
    description: "# Demo\n\nText: not a header\n",
    descriptionContentType: "text/markdown",
    requiresPython: ">=3.8",
    requiresDist: ["six>=1", 'rich; extra == "x"'],
    providesExtra: ["x"],
    classifiers: ["One", "Two"],
    keywords: "a,b",
    homePage: "https://example.org",
    projectUrls: new Map([["Docs", "https://example.org/a,b"]]),
    author: "Åsa",
    authorEmail: "asa@example.org",
    maintainer: "Bo",
    maintainerEmail: "bo@example.org",
    license: "MIT",
    licenseExpression: "MIT",
  });
});

test("parseCoreMetadata() reads a description folded into a header, and UNKNOWN as nothing", () => {
  const metadata = parse(
    `${least}Summary: UNKNOWN\nDescription: One\n        \n          two\n       |three\nLicense: a\n\tb\n`,
  );
  assert.equal(metadata.description, "One\n\n  two\nthree");
  assert.equal(metadata.summary, undefined);
  assert.equal(metadata.license, "a b");
});

test("parseCoreMetadata() reads all three line ends and a header block without a blank line", () => {
  for (const end of ["\n", "\r\n", "\r"]) {
    const text = `${least}Summary: s\n\nbody\n`.replaceAll("\n", end);
    assert.equal(parse(text).summary, "s");
    assert.equal(parse(text).description, `body${end}`);
  }
  assert.equal(parse(`${least}this is no header\nSummary: x\n`).summary, undefined);
});

test("parseCoreMetadata() refuses what it cannot vouch for", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["", "metadata.missing"],
    ["Name: demo\nVersion: 1.0\n", "metadata.missing"],
    ["Metadata-Version: 2.1\nVersion: 1.0\n", "metadata.missing"],
    ["Metadata-Version: 2.1\nName: demo\n", "metadata.missing"],
    ["Metadata-Version: 2.1\nName: UNKNOWN\nVersion: 1.0\n", "metadata.missing"],
    ["Metadata-Version: 3.0\nName: demo\nVersion: 1.0\n", "metadata.version"],
    ["Metadata-Version: 2.1\nName: -demo\nVersion: 1.0\n", "metadata.field"],
    ["Metadata-Version: 2.1\nName: demo\nVersion: one\n", "metadata.field"],
    [`${least}Name: other\n`, "metadata.field"],
    [`${least}version: 1.1\n`, "metadata.field"],
    [`${least}Requires-Python: >=3\nRequires-Python: <3\n`, "metadata.field"],
    [`${least}Summary: a\u0007b\n`, "metadata.field"],
    [`${least}Requires-Python: 3.8\n`, "metadata.requires-python"],
    [`${least}Requires-Python: >=3.8.*\n`, "metadata.requires-python"],
    [`${least}Requires-Python: ${">=3,".repeat(400)}\n`, "metadata.requires-python"],
    [`${least}Summary: ${"x".repeat(metadataLimits.lineLengthMax)}\n`, "metadata.size"],
    [least + "A: b\n".repeat(metadataLimits.headerLinesMax), "metadata.size"],
    [" ".repeat(metadataLimits.sizeMax + 1), "metadata.size"],
  ];
  for (const [text, code] of cases) {
    assert.throws(() => parse(text), { code }, text.slice(0, 80));
  }
  assert.throws(() => parseCoreMetadata(Uint8Array.of(0x4e, 0xff)), { code: "metadata.encoding" });
});

test("parseCoreMetadata() accepts what pip accepts as Requires-Python", () => {
  for (const text of [
    ">=3.8",
    ">=2.7, !=3.0.*,!=3.1.*",
    "~=3.8",
    ">= 3.8 ,",
    "==3.8.1",
    "<4,>=3.8",
  ]) {
    assert.equal(parse(`${least}Requires-Python: ${text}\n`).requiresPython, text);
  }
});

test("parseCoreMetadata() throws nothing but FormatError, and is quick about it", () => {
  const pieces = fc.constantFrom(
    ...[
      "Metadata-Version: 2.1",
      "Name: demo",
      "Version: 1.0",
      "Requires-Python: ",
      ">=3",
      "\n",
      "\r",
    ],
    ...[" ", "\t", ":", "x", "é", "\0", "Description: "],
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 40 }), (parts) => {
      try {
        parse(parts.join(""));
      } catch (error) {
        assert.ok(error instanceof FormatError, String(error));
      }
    }),
    { numRuns: 2000 },
  );
  for (const text of ["\r", "\n ", ": ", ">=1.0.", "a:\r\n "]) {
    const long = text.repeat(metadataLimits.sizeMax / text.length);
    assert.throws(() => parse(least + long), FormatError);
  }
});
