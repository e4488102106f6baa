import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FormatError } from "#formats/format-error.ts";
import { parseDistributionFilename } from "./filename.ts";
import { normaliseProjectName } from "./project-name.ts";

test("parseDistributionFilename() reads wheels", () => {
  assert.deepEqual(parseDistributionFilename("PySocks-1.7.1-py3-none-any.whl"), {
    kind: "wheel",
    filename: "PySocks-1.7.1-py3-none-any.whl",
    project: "pysocks",
    version: "1.7.1",
    pythonTag: "py3",
    abiTag: "none",
    platformTag: "any",
  });
  const built = parseDistributionFilename("a_b-1.0_1-2x-cp311-abi3-manylinux_2_17_x86_64.whl");
  assert.equal(built.project, "a-b");
  assert.equal(built.version, "1.0.post1");
  assert.equal(built.kind === "wheel" && built.build, "2x");
});

test("parseDistributionFilename() reads sdists, also those from before PEP 625", () => {
  const names: readonly (readonly [string, string, string])[] = [
    ["PyYAML-6.0.1.tar.gz", "pyyaml", "6.0.1"],
    ["zope.interface-5.0.tar.gz", "zope-interface", "5.0"],
    ["python-dateutil-2.8.2.tar.gz", "python-dateutil", "2.8.2"],
    ["foo-1.0-beta.tar.gz", "foo", "1.0b0"],
    ["numpy-1.19.5.zip", "numpy", "1.19.5"],
    ["a-1!2.0+local.tar.gz", "a", "1!2.0+local"],
  ];
  for (const [filename, project, version] of names) {
    const parsed = parseDistributionFilename(filename);
    assert.deepEqual([parsed.kind, parsed.project, parsed.version], ["sdist", project, version]);
  }
});

test("parseDistributionFilename() lets the project decide where an sdist's version starts", () => {
  const filename = "foo-1.0-1.tar.gz";
  assert.equal(parseDistributionFilename(filename).project, "foo-1-0");
  const parsed = parseDistributionFilename(filename, normaliseProjectName("foo"));
  assert.deepEqual([parsed.project, parsed.version], ["foo", "1.0.post1"]);
});

test("parseDistributionFilename() refuses another project's file", () => {
  for (const filename of ["demo-1.0.tar.gz", "demo-1.0-py3-none-any.whl"]) {
    assert.throws(() => parseDistributionFilename(filename, normaliseProjectName("other")), {
      code: "filename.project",
    });
  }
});

test("parseDistributionFilename() refuses what is no file name of a distribution", () => {
  const names = [
    ...["", ".tar.gz", "-1.0.tar.gz", "demo.tar.gz", "demo-x.tar.gz", "demo-1.0.tar.bz2"],
    ...["demo-1.0.TAR.GZ", "demo-1.0.egg", "demo-1.0-py3-none.whl", "demo-1.0-x-py3-none-any.whl"],
    ...["demo-1.0-1-2-py3-none-any.whl", "demo-1.0--none-any.whl", "demo-x-py3-none-any.whl"],
    ...["demo-1.0-..-none-any.whl", "demo-1.0-py3.-none-any.whl", "demo-1.0-py2..py3-none-any.whl"],
    ...["../demo-1.0.tar.gz", "a/demo-1.0.tar.gz", ".demo-1.0.tar.gz", "demo-1.0\n.tar.gz"],
    ...[
      "démo-1.0.tar.gz",
      "demo 1.0.tar.gz",
      "demo-1.0-py3-none-a+b.whl",
      `demo-1.${"0".repeat(240)}.zip`,
    ],
  ];
  for (const filename of names) {
    assert.throws(
      () => parseDistributionFilename(filename),
      { code: "filename.invalid" },
      filename,
    );
  }
});

test("parseDistributionFilename() throws nothing but FormatError", () => {
  const pieces = fc.constantFrom(
    "demo",
    "1.0",
    "-",
    "_",
    ".",
    "py3",
    "none",
    "any",
    "+",
    "!",
    "/",
    "é",
    "\0",
  );
  const names = fc
    .tuple(fc.array(pieces, { maxLength: 14 }), fc.constantFrom(".whl", ".tar.gz", ".zip", ""))
    .map(([parts, end]) => parts.join("") + end);
  fc.assert(
    fc.property(names, (filename) => {
      try {
        assert.equal(parseDistributionFilename(filename).filename, filename);
      } catch (error) {
        assert.ok(error instanceof FormatError, String(error));
      }
    }),
    { numRuns: 1000 },
  );
});
