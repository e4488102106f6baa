/** Forms that are no form: every way a multipart body can be broken gets a clear refusal and leaves nothing behind. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { makeWheel } from "#clients/small-wheel.ts";
import {
  boundary,
  fieldPart,
  filePart,
  formBody,
  honestFields,
  joinParts,
  part,
} from "./form-bytes.ts";
import { openSocket } from "./raw-http.ts";
import { checkParserRefusal, checkRefusal, startTriedIndex } from "./tried-index.ts";
import type { TriedIndex } from "./tried-index.ts";

const wheel = makeWheel({ project: "shape-new", version: "1.0", ballast: 300_000 });
const fields = honestFields(wheel);
const fieldParts = fields.map(([name, value]) => fieldPart(name, value));
const whole = formBody(fields, wheel);
const closing = `\r\n--${boundary}--\r\n`;

type Case = {
  readonly name: string;
  readonly body: Uint8Array;
  readonly headers?: readonly string[];
  readonly code?: string;
};

const cases: readonly Case[] = [
  { name: "an empty body", body: Buffer.alloc(0) },
  { name: "only the closing boundary", body: Buffer.from(closing) },
  { name: "a body that is no form", body: Buffer.alloc(100_000, 7) },
  { name: "no boundary", body: whole, headers: ["Content-Type: multipart/form-data"] },
  {
    name: "an empty boundary",
    body: whole,
    headers: ['Content-Type: multipart/form-data; boundary=""'],
  },
  {
    name: "another boundary",
    body: whole,
    headers: ["Content-Type: multipart/form-data; boundary=another"],
  },
  {
    name: "a boundary of 8,000 characters",
    body: whole,
    headers: [`Content-Type: multipart/form-data; boundary=${"b".repeat(8_000)}`],
  },
  {
    name: "another type",
    body: whole,
    headers: [`Content-Type: multipart/mixed; boundary=${boundary}`],
  },
  {
    name: "a URL-encoded form",
    body: Buffer.from("name=shape-new&version=1.0&:action=file_upload"),
    headers: ["Content-Type: application/x-www-form-urlencoded"],
  },
  { name: "JSON", body: Buffer.from("{}"), headers: ["Content-Type: application/json"] },
  { name: "a compressed body", body: whole, headers: ["Content-Encoding: gzip"] },
  { name: "no closing boundary", body: whole.subarray(0, whole.length - closing.length) },
  { name: "an end in the middle of the file", body: whole.subarray(0, whole.length - 100_000) },
  { name: "an end in the middle of a field", body: whole.subarray(0, 150) },
  { name: "an end in the middle of a part's headers", body: whole.subarray(0, 60) },
  {
    name: "a form in a form",
    body: joinParts([
      ...fieldParts,
      part(
        `Content-Disposition: form-data; name="content"; filename="${wheel.filename}"\r\nContent-Type: multipart/mixed; boundary=inner`,
        `--inner\r\nContent-Disposition: attachment; filename="${wheel.filename}"\r\n\r\nx\r\n--inner--`,
      ),
    ]),
    code: "upload.digest-mismatch",
  },
  {
    name: "10,000 fields",
    body: joinParts(Array.from({ length: 10_000 }, (_, at) => fieldPart(`field-${at}`, "x"))),
  },
  {
    name: "10,000 values of one field before an honest form",
    body: joinParts([
      ...Array.from({ length: 10_000 }, () => fieldPart("classifiers", "x")),
      ...fieldParts,
      filePart(wheel),
    ]),
  },
  {
    name: "a field of 5 MB",
    body: joinParts([
      ...fieldParts,
      fieldPart("description", "x".repeat(5_000_000)),
      filePart(wheel),
    ]),
  },
  {
    name: "fields of 20 MB together",
    body: joinParts([
      ...fieldParts,
      ...Array.from({ length: 20 }, () => fieldPart("description", "x".repeat(1_000_000))),
      filePart(wheel),
    ]),
  },
  {
    name: "a file name of 100 kB",
    body: joinParts([...fieldParts, filePart({ ...wheel, filename: "n".repeat(100_000) })]),
    code: "filename.invalid",
  },
  {
    name: "5,000 headers before the file's own",
    body: joinParts([
      ...fieldParts,
      part(
        `${"X-More: y\r\n".repeat(5_000)}Content-Disposition: form-data; name="content"; filename="${wheel.filename}"`,
        wheel.bytes,
      ),
    ]),
  },
  { name: "two files", body: joinParts([...fieldParts, filePart(wheel), filePart(wheel)]) },
  { name: "no file", body: joinParts(fieldParts) },
  {
    name: "a file as a field",
    body: joinParts([...fieldParts, fieldPart("content", wheel.bytes)]),
  },
  {
    name: "a file without a name of its part",
    body: joinParts([
      ...fieldParts,
      part(`Content-Disposition: form-data; filename="${wheel.filename}"`, wheel.bytes),
    ]),
  },
  {
    name: "a file in another part",
    body: joinParts([...fieldParts, filePart(wheel, "file")]),
  },
  {
    name: "another file part beside it",
    body: joinParts([...fieldParts, filePart(wheel), filePart(wheel, "more")]),
  },
  {
    name: "a part without a disposition",
    body: joinParts([part("X-Nothing: here", "x"), ...fieldParts]),
  },
  {
    name: "a NUL in a part's headers",
    body: joinParts([
      ...fieldParts,
      part(`Content-Disposition: form-data; name="con\0tent"; filename="${wheel.filename}"`, "x"),
    ]),
  },
  {
    name: "a newline in a name",
    body: joinParts([
      ...fieldParts,
      part(`Content-Disposition: form-data; name="con\r\ntent"; filename="a.whl"`, "x"),
    ]),
  },
  {
    name: "a base64 file",
    body: joinParts([
      ...fieldParts,
      part(
        `Content-Disposition: form-data; name="content"; filename="${wheel.filename}"\r\nContent-Transfer-Encoding: base64`,
        Buffer.from(wheel.bytes).toString("base64"),
      ),
    ]),
    code: "upload.digest-mismatch",
  },
];

describe("upload forms that are broken", () => {
  let index: TriedIndex;
  before(async () => {
    index = await startTriedIndex("shape");
  });
  after(() => index?.remove());

  for (const { name, body, headers, code } of cases) {
    test(name, async () => {
      checkRefusal(await index.post(body, headers), code ?? "upload.form");
      await index.checkUnharmed();
    });
  }

  test("the file first, text around the form, and parts that say nothing are no fault", async () => {
    const first = makeWheel({ project: "shape-first", version: "1.0" });
    const parts = honestFields(first).map(([name, value]) => fieldPart(name, value));
    const unreadable = [
      fieldPart("n".repeat(100_000), "x"),
      part(`${"X-More: y\r\n".repeat(5_000)}Content-Disposition: form-data; name="x"`, "x"),
      part("X-Nothing: here", "x"),
    ];
    const form = joinParts([filePart(first), ...unreadable, ...parts]);
    const body = Buffer.concat([Buffer.from("preamble\r\n"), form, Buffer.from("epilogue")]);
    const answer = await index.post(body);
    assert.equal(answer.status, 200, answer.reason);
    index.accepted.add(first.sha256);
    await index.checkUnharmed();
  });

  test("transfer encodings that are none", async () => {
    const head = [
      ...["POST /legacy/ HTTP/1.1", "Host: localhost", `Authorization: ${index.authorization}`],
      `Content-Type: multipart/form-data; boundary=${boundary}`,
    ];
    const chunked = [...head, "Transfer-Encoding: chunked"];
    for (const body of [
      "zz\r\nabc\r\n0\r\n\r\n",
      "-5\r\nabc\r\n",
      "ffffffffffffffffff\r\nabc",
      "\0\0\0\0",
    ]) {
      checkParserRefusal(await index.send(chunked, [body]), JSON.stringify(body));
    }
    const both = [...chunked, "Content-Length: 5"];
    checkParserRefusal(await index.send(both, ["0\r\n\r\n"]), "length and chunks");
    const unknown = [...head, "Transfer-Encoding: gzip, carrier-pigeon"];
    checkParserRefusal(await index.send(unknown, ["x"]), "an unknown encoding");
    const empty = await index.send([...chunked, "Connection: close"], ["0\r\n\r\n"]);
    checkRefusal(empty, "upload.form");
    const tiny = [...whole].map((byte) =>
      Buffer.from(`1\r\n${String.fromCharCode(byte)}\r\n`, "latin1"),
    );
    const cut = Buffer.concat([...tiny.slice(0, 2_000), Buffer.from("0\r\n\r\n")]);
    checkRefusal(await index.send([...chunked, "Connection: close"], [cut]), "upload.form");
    await index.checkUnharmed();
  });

  test("lengths that are none", async () => {
    const head = [
      ...["POST /legacy/ HTTP/1.1", "Host: localhost", `Authorization: ${index.authorization}`],
      `Content-Type: multipart/form-data; boundary=${boundary}`,
    ];
    for (const length of ["-1", "1e9", "0x10", "99999999999999999999999", "5, 5", "five"]) {
      const answer = await index.send([...head, `Content-Length: ${length}`], ["x"]);
      checkParserRefusal(answer, length);
    }
    const huge = await index.send([...head, "Content-Length: 9000000000000"], ["x"], { end: true });
    assert.ok(huge && huge.status >= 400 && huge.status < 500);
    await index.checkUnharmed();
  });

  test("a hundred uploads that stop in the middle", async () => {
    const head = [
      ...["POST /legacy/ HTTP/1.1", "Host: localhost", `Authorization: ${index.authorization}`],
      `Content-Type: multipart/form-data; boundary=${boundary}`,
      `Content-Length: ${whole.length}`,
    ];
    const sockets = await Promise.all(Array.from({ length: 100 }, () => openSocket(index.port)));
    await Promise.all(
      sockets.map(async (socket, at) => {
        const sent = Promise.withResolvers<void>();
        socket.write(`${head.join("\r\n")}\r\n\r\n`);
        socket.write(whole.subarray(0, 1 + ((at * 3_001) % (whole.length - 1))), () =>
          sent.resolve(),
        );
        await sent.promise;
        if (at % 2 === 0) socket.destroy();
        else socket.resetAndDestroy();
      }),
    );
    await index.checkUnharmed();
  });

  test("the honest path is open as before", () => index.checkWorks());
});
