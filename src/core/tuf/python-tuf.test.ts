/** A repository that python-tuf wrote and signed: the same bytes, ids and signatures, and the same walk through it. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { verifySignature } from "#crypto/public-key.ts";
import { isJsonObject } from "#formats/json/value.ts";
import { parseJson } from "#formats/json/parse.ts";
import { canonicalJson } from "#formats/json/canonical.ts";
import { parseUtf8 } from "#formats/bytes/utf8.ts";
import { formatEnvelope, parseSigned } from "#formats/tuf/envelope.ts";
import { parseTufKey, tufKeyOf } from "#formats/tuf/key.ts";
import { root } from "#formats/tuf/root.ts";
import { hashedTargetPath } from "#formats/tuf/target-path.ts";
import { binName } from "#formats/tuf/succinct-roles.ts";
import { targets } from "#formats/tuf/targets.ts";
import type { FetchResponse } from "#core/ports.ts";
import { createMemoryTrustedStore } from "#stores/memory/trusted-store.ts";
import { checkListedFile } from "./listed-file.ts";
import { consistentPath } from "./target-download.ts";
import { createUpdater } from "./updater.ts";

const folder = join(import.meta.dirname, "../../../test/vectors/tuf/python-tuf");
const vector = (name: string): Uint8Array => new Uint8Array(readFileSync(join(folder, name)));

const signedFiles: readonly [string, string][] = [
  ["1.root.json", "root"],
  ["timestamp.json", "timestamp"],
  ["1.snapshot.json", "snapshot"],
  ["1.targets.json", "targets"],
  ["1.bin-7.json", "bin-7"],
  ["1.bin-c.json", "bin-c"],
  ["1.bin-e.json", "bin-e"],
];

test("canonical forms are the bytes that python-tuf signed", () => {
  for (const [file, role] of signedFiles) {
    const { canonical } = parseSigned(vector(file), (value) => value, file);
    assert.deepEqual(canonical, vector(`${role}.signed.canonical`), file);
  }
});

test("envelopes are written as python-tuf writes them", () => {
  for (const [file] of signedFiles) {
    const { tree, signatures } = parseSigned(vector(file), (value) => value, file);
    assert.equal(parseUtf8(formatEnvelope(tree, signatures)), parseUtf8(vector(file)), file);
  }
});

test("key ids and canonical key objects are python-tuf's, also for keys we write ourselves", () => {
  for (const scheme of ["ed25519", "ecdsa", "rsa"]) {
    const file = parseJson(vector(`${scheme}.key.json`));
    assert.ok(isJsonObject(file));
    const key = parseTufKey(file.get("key") ?? null);
    assert.equal(key.keyId, file.get("keyid"));
    assert.equal(parseUtf8(canonicalJson(key.tree)), file.get("canonical"));
    assert.ok(key.publicKey);
    assert.equal(tufKeyOf(key.publicKey).keyId, key.keyId);
  }
});

test("every signature verifies: ed25519, ECDSA and RSA-PSS", () => {
  const { value } = parseSigned(vector("1.root.json"), root);
  const schemes = new Set<string>();
  for (const [file] of signedFiles) {
    const { canonical, signatures } = parseSigned(vector(file), (tree) => tree);
    assert.ok(signatures.size > 0);
    for (const [keyId, signature] of signatures) {
      const key = value.keys.get(keyId)?.publicKey;
      assert.ok(key);
      schemes.add(key.scheme);
      assert.equal(verifySignature(key, canonical, signature), true, file);
      assert.equal(verifySignature(key, canonical.slice(1), signature), false, file);
    }
  }
  assert.equal(schemes.size, 3);
});

test("the updater walks the repository, and asks for nothing it does not need", async () => {
  const store = createMemoryTrustedStore();
  await store.writeRoot(1, vector("1.root.json"));
  const requests: string[] = [];
  const fetch = async ({ url }: { readonly url: URL }): Promise<FetchResponse> => {
    const name = url.pathname.slice("/tuf/".length);
    requests.push(name);
    const isThere = signedFiles.some(([file]) => file === name);
    const body = isThere ? vector(name) : new Uint8Array();
    return { status: isThere ? 200 : 404, headers: {}, body };
  };
  const clock = (): Date => new Date("2026-01-01T00:00:00Z");
  const config = { metadataUrl: new URL("https://index.example/tuf/") };
  const updater = createUpdater({ clock, fetch, store }, config);
  const view = await updater.refresh();
  const topLevel = ["2.root.json", "timestamp.json", "1.snapshot.json", "1.targets.json"];
  assert.deepEqual(requests, topLevel);

  const numpy = await updater.findTarget(view, "simple/numpy/index.json");
  assert.ok(numpy !== "absent");
  assert.equal(numpy.role.name, "bin-e");
  assert.equal(numpy.target.length, 23);
  const wheel = "packages/ab/cd/requests-2.32.0-py3-none-any.whl";
  const requestsWheel = await updater.findTarget(view, wheel);
  assert.ok(requestsWheel !== "absent");
  assert.deepEqual([...requestsWheel.target.hashes.keys()], ["blake2b", "sha256"]);
  const sha256 = requestsWheel.target.hashes.get("sha256") ?? "";
  assert.equal(consistentPath(wheel, requestsWheel.target), hashedTargetPath(wheel, sha256));
  assert.throws(() => checkListedFile("a file", new Uint8Array(47), requestsWheel.target), {
    code: "tuf.hash",
  });
  assert.equal(await updater.findTarget(view, "a/b"), "absent");
  await updater.findTarget(view, "simple/requests/index.json");
  assert.deepEqual(requests, [...topLevel, "1.bin-e.json", "1.bin-7.json", "1.bin-c.json"]);

  const again = createUpdater({ clock, fetch, store }, config);
  requests.length = 0;
  assert.ok((await again.findTarget(await again.refresh(), wheel)) !== "absent");
  assert.deepEqual(requests, ["2.root.json", "timestamp.json"]);
});

test("bins are named as python-tuf names them", () => {
  const { value } = parseSigned(vector("1.targets.json"), targets);
  const { succinct } = value.delegations ?? {};
  assert.ok(succinct);
  for (const bin of ["bin-7", "bin-e"]) {
    const { targets: listed } = parseSigned(vector(`1.${bin}.json`), targets).value;
    assert.ok(listed.size > 0);
    for (const path of listed.keys()) assert.equal(binName(succinct, path), bin);
  }
});
