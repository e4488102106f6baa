import assert from "node:assert/strict";
import { test } from "node:test";
import { digestHex } from "#crypto/hash.ts";
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import { UnavailableError } from "#core/errors.ts";
import type { FetchResponse } from "#core/ports.ts";
import { clientLimits } from "./limits.ts";
import { checkListedFile } from "./listed-file.ts";
import { createRoleDownload } from "./role-download.ts";
import { fetchTarget } from "./target-download.ts";

const bytes = formatUtf8("content");
const hashes = (
  ...pairs: readonly [string, string][]
): { hashes: ReadonlyMap<string, string> } => ({
  hashes: new Map(pairs),
});
const right = digestHex("sha256", bytes);
const wrong = digestHex("sha256", formatUtf8("other"));

test("checkListedFile() wants every hash it knows to be right, and to know one", () => {
  checkListedFile("f", bytes, {});
  checkListedFile("f", bytes, { length: 7, ...hashes(["sha256", right]) });
  checkListedFile("f", bytes, hashes(["sha512", digestHex("sha512", bytes)]));
  checkListedFile(
    "f",
    bytes,
    hashes(["blake2b", digestHex("blake2b512", bytes)], ["new", "00"], ["sha256", right]),
  );
  for (const listed of [
    hashes(["sha256", wrong]),
    hashes(["sha256", right], ["sha512", wrong]),
    hashes(["sha256", right.toUpperCase()]),
    hashes(["sha256", right.slice(0, 10)]),
    hashes(["new", right]),
    hashes(["md5", digestHex("md5", bytes)]),
    hashes(["__proto__", right]),
  ]) {
    assert.throws(() => checkListedFile("f", bytes, listed), { code: "tuf.hash" });
  }
  for (const length of [0, 6, 8]) {
    assert.throws(() => checkListedFile("f", bytes, { length }), { code: "tuf.length" });
  }
});

const respond =
  (status: number, body: Uint8Array = bytes) =>
  async (): Promise<FetchResponse> => ({
    status,
    headers: {},
    body,
  });

test("a body over the bound is refused, whoever counts", async () => {
  const url = new URL("https://h/tuf");
  const careless = createRoleDownload(respond(200), url, clientLimits);
  await assert.rejects(careless.fetchRole("timestamp", undefined, 6), { code: "tuf.length" });
  assert.deepEqual(await careless.fetchRole("timestamp", undefined, 7), bytes);
  const careful = createRoleDownload(
    async () => {
      throw new UnavailableError("network.size", "more than 6 bytes");
    },
    url,
    clientLimits,
  );
  await assert.rejects(careful.fetchRole("timestamp", undefined, 6), { code: "tuf.length" });
});

test("fetchTarget() asks for the hashed name and gives out verified bytes only", async () => {
  const target = { length: 7, ...hashes(["sha256", right]) };
  const asked: string[] = [];
  const load = (status: number, body: Uint8Array, isConsistent = true): Promise<Uint8Array> =>
    fetchTarget(
      async ({ url }, limits) => {
        asked.push(url.href);
        assert.equal(limits.sizeMax, 7);
        return { status, headers: {}, body };
      },
      new URL("https://h/targets"),
      "simple/a b/index.json",
      target,
      isConsistent,
      clientLimits,
    );
  assert.deepEqual(await load(200, bytes), bytes);
  assert.deepEqual(await load(200, bytes, false), bytes);
  assert.deepEqual(asked, [
    `https://h/targets/simple/a%20b/${right}.index.json`,
    "https://h/targets/simple/a%20b/index.json",
  ]);
  await assert.rejects(load(200, formatUtf8("CONTENT")), { code: "tuf.hash" });
  await assert.rejects(load(200, formatUtf8("conten")), { code: "tuf.length" });
  await assert.rejects(load(200, formatUtf8("content!")), { code: "tuf.length" });
  await assert.rejects(load(404, bytes), { code: "tuf.missing" });
  await assert.rejects(load(503, bytes), { code: "network.status" });
});
