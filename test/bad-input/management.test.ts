/** The management API given what is no JSON, JSON of another shape, and names of things that are not there. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { fetchPage } from "#clients/plain-client.ts";
import { checkSuccess } from "#clients/program-run.ts";
import type { Answer } from "./raw-http.ts";
import { checkRefusal, startTriedIndex } from "./tried-index.ts";
import type { TriedIndex } from "./tried-index.ts";

const seed = 20_261_124;
const verbs = ["yank", "unyank", "delete"];

const refusals = /^(request|file|upload|version|filename|project)\./;

const noRequests: readonly (string | Uint8Array)[] = [
  ...[
    "{",
    "[]",
    "null",
    "1",
    '"x"',
    "{}{}",
    "{'a':1}",
    "\ufeff{}",
    "nan",
    "\0",
    "[".repeat(60_000),
  ],
  ...[
    '{"version":1}',
    '{"version":[]}',
    '{"version":{"a":1}}',
    '{"version":null}',
    '{"a":'.repeat(9_000),
  ],
  ...['{"unknown":true}', '{"__proto__":{"version":"1.0"}}', '{"version":"1.0","constructor":1}'],
  ...['{"version":"9.9"}', '{"version":"../.."}', '{"version":"\\u0000"}', '{"version":""}'],
  ...[
    '{"filename":"../x"}',
    '{"filename":["x"]}',
    '{"version":"1.0","reason":1}',
    '{"purge":"yes"}',
  ],
  ...[`{"version":"${"1".repeat(60_000)}"}`, `{"version":"1.0","reason":"${"r".repeat(60_000)}"}`],
  ...[Buffer.from([0x7b, 0xff, 0x7d]), Buffer.from([0xc0, 0xae]), "x".repeat(1_000_000)],
];

describe("the management API given what it cannot mean", () => {
  let index: TriedIndex;
  let page: Uint8Array;
  let authorization: string;
  before(async () => {
    index = await startTriedIndex("managed");
    const args = ["admin", "token", "create", "--allow", "manage"];
    const token = checkSuccess(await index.holdfast.command(args)).stdout.trim();
    authorization = `Basic ${Buffer.from(`__token__:${token}`).toString("base64")}`;
    page = await fetchPage(index.holdfast.ready.simple, "managed");
  });
  after(() => index?.remove());

  const manage = (path: string, body: string | Uint8Array): Promise<Answer | undefined> =>
    index.send(
      [
        ...[`POST /api/projects/${path} HTTP/1.1`, "Host: localhost", "Connection: close"],
        ...[`Authorization: ${authorization}`, "Content-Type: application/json"],
        `Content-Length: ${Buffer.byteLength(body)}`,
      ],
      [body],
    );
  const checkUnchanged = async (): Promise<void> => {
    assert.deepEqual(await fetchPage(index.holdfast.ready.simple, "managed"), page);
    await index.checkUnharmed();
  };

  test("bodies that are no request", async () => {
    for (const verb of verbs) {
      for (const body of noRequests) {
        const about = `${verb} ${Buffer.from(body).toString("latin1").slice(0, 60)}`;
        checkRefusal(await manage(`managed/${verb}`, body), refusals, about);
      }
    }
    await checkUnchanged();
  });

  test("projects, verbs and methods that are not there", async () => {
    const good = '{"version":"1.0"}';
    for (const name of ["none", "..%2fmanaged", "%00", "__proto__", "a".repeat(900), "%ff"]) {
      checkRefusal(
        await manage(`${name}/yank`, good),
        /^(project\.unknown|file\.unknown|request\.)/,
        name,
      );
    }
    for (const verb of [
      "destroy",
      "__proto__",
      "constructor",
      "toString",
      "YANK",
      "yank/x",
      "%2e%2e",
    ]) {
      checkRefusal(await manage(`managed/${verb}`, good), /^request\./, verb);
    }
    await checkUnchanged();
  });

  test("any JSON", async () => {
    const property = fc.asyncProperty(
      fc.constantFrom(...verbs),
      fc.oneof(
        fc.json(),
        fc
          .dictionary(fc.constantFrom("version", "filename", "reason", "purge"), fc.jsonValue())
          .map((value) => JSON.stringify(value)),
      ),
      async (verb, body) => {
        const answer = await manage(`managed/${verb}`, body);
        assert.ok(answer && answer.status < 500, body);
        if (answer.status >= 400) checkRefusal(answer, refusals, body);
      },
    );
    await fc.assert(property, { seed, numRuns: 200 });
    await index.checkUnharmed();
  });

  test("the honest path is open as before", () => index.checkWorks());
});
