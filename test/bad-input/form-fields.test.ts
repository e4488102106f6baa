/** Well-formed forms with wrong, hostile or odd values: digests of each kind, names, versions, paths, any Unicode. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { changeField, fieldPart, filePart, honestFields, joinParts, part } from "./form-bytes.ts";
import type { Field } from "./form-bytes.ts";
import { makeWheel } from "#clients/small-wheel.ts";
import { createHash } from "#crypto/hash.ts";
import { checkRefusal, startTriedIndex } from "./tried-index.ts";
import type { TriedIndex } from "./tried-index.ts";

const seed = 20_261_121;
const wheel = makeWheel({ project: "fields-new", version: "1.0" });
const fields = honestFields(wheel);

/** What people try where a name or a path is expected. */
const tricks: readonly string[] = [
  ...["..", "../../etc/passwd", "..\\..\\x", "/etc/passwd", "C:\\x", "%2e%2e%2f", "%2f", "%00"],
  ...["a\0b", "\0", "a\nb", "a\r\nX-Injected: yes\r\n\r\n", "\u001b[2J", "a\tb", " ", "."],
  ...[
    "\u202ednuos",
    "🐍🐍",
    "ｎｕｍｐｙ",
    "naïve",
    "e\u0301",
    "\ufeffname",
    "\ud800",
    "İ",
    "ß",
    "Ⅻ",
  ],
  ...["a".repeat(10_000), "é".repeat(10_000), "-", "--help", "$(id)", "`id`", "'; DROP TABLE x;--"],
  ...["<script>alert(1)</script>", "{{7*7}}", "__proto__", "constructor", "hasOwnProperty", "\"'"],
  ...["//a//b", "a//b", ".incoming", "con", "nul.whl", "file:///etc/passwd", "http://127.0.0.1/"],
];

describe("upload forms with wrong values", () => {
  let index: TriedIndex;
  before(async () => {
    index = await startTriedIndex("fields");
  });
  after(() => index?.remove());

  const uploadWith = async (name: string, value: string | undefined, code: RegExp | string) => {
    const answer = await index.upload(changeField(fields, name, value), wheel);
    checkRefusal(answer, code, `${name}=${JSON.stringify(value)?.slice(0, 80) ?? "absent"}:`);
  };

  test("digests that are another file's, of each kind", async () => {
    const other = createHash("sha512");
    other.update(Buffer.from("another file"));
    const hex = other.digestHex();
    for (const [name, value] of [
      ["md5_digest", hex.slice(0, 32)],
      ["sha256_digest", hex.slice(0, 64)],
      ["blake2_256_digest", hex.slice(64)],
    ] as const) {
      await uploadWith(name, value, "upload.digest-mismatch");
      await uploadWith(name, value.slice(1), "upload.form");
      await uploadWith(name, `${value}00`, "upload.form");
      await uploadWith(name, `zz${value.slice(2)}`, "upload.form");
      await uploadWith(name, Buffer.from(value, "hex").toString("base64"), "upload.form");
      await uploadWith(name, "0".repeat(1_000_000), "upload.form");
      for (const trick of tricks) await uploadWith(name, trick, /^upload\.(form|digest-mismatch)$/);
    }
    await uploadWith("sha256_digest", undefined, "upload.form");
    await index.checkUnharmed();
  });

  test("required fields that are missing, empty or there twice", async () => {
    for (const name of [":action", "name", "version", "filetype"]) {
      await uploadWith(name, undefined, "upload.form");
      await uploadWith(name, "", "upload.form");
      await uploadWith(name, "UNKNOWN", "upload.form");
      const twice: readonly Field[] = [...fields, [name, "x"]];
      checkRefusal(await index.upload(twice, wheel), "upload.form", `${name} twice:`);
    }
    await index.checkUnharmed();
  });

  test("tricks in every field that says something", async () => {
    for (const trick of tricks) {
      await uploadWith(":action", trick, "upload.form");
      await uploadWith("filetype", trick, "upload.form");
      if (trick.trim() !== "") {
        await uploadWith("protocol_version", trick, "upload.form");
      }
      await uploadWith("name", trick, /^(project-name|filename|upload)\./);
      await uploadWith("version", trick, /^(version|upload)\./);
      await uploadWith(trick.trim() === "" ? "version" : "name", trick, /\./);
    }
    for (const version of [
      "1.0/..",
      "01.0.1",
      "1.1",
      "1.0+..",
      "1!1.0",
      "1.0.",
      "v2",
      "1.0\n2.0",
    ]) {
      await uploadWith("version", version, /^(version|upload)\./);
    }
    await uploadWith("filetype", "sdist", "upload.form");
    await uploadWith("filetype", "bdist_egg", "upload.form");
    await uploadWith(":action", "submit", "upload.form");
    await uploadWith("protocol_version", "2", "upload.form");
    await index.checkUnharmed();
  });

  test("tricks in the file's name", async () => {
    const stem = "fields_new-1.0-py3-none-any";
    const names = [
      ...tricks,
      ...tricks.map((trick) => `${trick}.whl`),
      ...tricks.map((trick) => `${trick}-1.0-py3-none-any.whl`),
      // Any word could be a tag.
      ...tricks.flatMap((trick) =>
        /^\w[\w.]*$/.test(trick) ? [] : `fields_new-1.0-${trick}-none-any.whl`,
      ),
      ...[`../${stem}.whl`, `/tmp/${stem}.whl`, `${stem}.whl/`, `${stem}.whl\0.txt`, `${stem}.WHL`],
      ...[
        `${stem}.whl.exe`,
        `.${stem}.whl`,
        `%2e%2e%2f${stem}.whl`,
        `${stem}.whl `,
        `a\\${stem}.whl`,
      ],
      ...["fields_new-1.0.tar.bz2", "fields_new-1.0.exe", "fields-new.tar.gz", ".whl", ".tar.gz"],
      ...["other-1.0-py3-none-any.whl", "fields_new-2.0-py3-none-any.whl", "fields_new-1.0.whl"],
      ...[`${"x".repeat(300)}-1.0-py3-none-any.whl`],
    ];
    for (const filename of names) {
      const answer = await index.upload(fields, { ...wheel, filename });
      checkRefusal(answer, /^(filename|version|upload|wheel)\./, JSON.stringify(filename));
    }
    await index.checkUnharmed();
  });

  test("names of parts that mean something elsewhere are ordinary fields", async () => {
    const odd = [...tricks, "__proto__", "toString", "content[]", "name[]", ":Action", "NAME"];
    const parts = [...fields, ...odd.map((name): Field => [name, "x"])].map(([name, value]) =>
      fieldPart(name.toWellFormed(), value),
    );
    // A field whose name ends in NUL is not the field without it.
    const bad = makeWheel({ project: "fields-odd", version: "1.0" });
    const nul = honestFields(bad)
      .filter(([name]) => name !== "name")
      .map(([name, value]) => fieldPart(name, value));
    const cut = part('Content-Disposition: form-data; name="name\0"', "fields-odd");
    checkRefusal(await index.post(joinParts([...nul, cut, filePart(bad)])), "upload.form");
    const answer = await index.post(joinParts([...parts, filePart(wheel)]));
    assert.equal(answer.status, 200, answer.reason);
    index.accepted.add(wheel.sha256);
    await index.checkUnharmed();
  });

  test("bytes that are no UTF-8", async () => {
    const overlong = [
      Buffer.from([0xc0, 0xae]),
      Buffer.from([0xff, 0xfe]),
      Buffer.from([0xed, 0xa0, 0x80]),
    ];
    const bad = makeWheel({ project: "fields-bytes", version: "1.0" });
    for (const bytes of overlong) {
      for (const broken of [":action", "name", "version", "filetype", "sha256_digest"]) {
        const parts = honestFields(bad).map(([name, value]) =>
          fieldPart(name, name === broken ? Buffer.concat([Buffer.from(value), bytes]) : value),
        );
        const answer = await index.post(joinParts([...parts, filePart(bad)]));
        checkRefusal(
          answer,
          /^(upload|version|project-name)\./,
          `${broken} + ${bytes.toString("hex")}`,
        );
      }
    }
    await index.checkUnharmed();
  });

  test("any text in any field", async () => {
    const text = fc.oneof(
      fc.string({ unit: "grapheme", maxLength: 200 }),
      fc.string({ unit: "binary", maxLength: 200 }),
      fc.constantFrom(...tricks),
    );
    const name = fc.constantFrom(
      ...fields.map(([field]) => field),
      "md5_digest",
      "summary",
      "keywords",
    );
    const property = fc.asyncProperty(name, text, async (field, value) => {
      const answer = await index.upload(changeField(fields, field, value), wheel);
      // The honest bytes again are welcome, whatever is said in fields that say nothing about them.
      if (answer.status !== 200) checkRefusal(answer, /\./);
    });
    await fc.assert(property, { seed, numRuns: 400 });
    index.accepted.add(wheel.sha256);
    await index.checkUnharmed();
  });

  test("the honest path is open as before", () => index.checkWorks());
});
