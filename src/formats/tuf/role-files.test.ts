/** What decoders of role files take and refuse, one fault at a time in an otherwise good file. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { actor, keyIdOf, SimTufRepository } from "#world/tuf-repository.ts";
import { sha256Hex } from "#crypto/hash.ts";
import { formatUtf8, parseUtf8 } from "#formats/bytes/utf8.ts";
import { canonicalJson } from "#formats/json/canonical.ts";
import { parseJson } from "#formats/json/parse.ts";
import type { Json } from "#formats/json/value.ts";
import { formatCanonicalEnvelope, formatEnvelope, parseSigned } from "./envelope.ts";
import { tufKeyOf } from "./key.ts";
import type { Metadata } from "./metadata.ts";
import { root, rootToJson } from "./root.ts";
import { snapshot, snapshotToJson } from "./snapshot.ts";
import { targets, targetsToJson } from "./targets.ts";
import { timestamp, timestampToJson } from "./timestamp.ts";

type Fault = readonly [from: string | RegExp, to: string, code: string];

async function publishedFiles(): Promise<ReadonlyMap<string, string>> {
  const repository = new SimTufRepository();
  repository.listsHashes = true;
  repository.delegate("targets", { name: "a", paths: ["x/*"] });
  repository.delegate("targets", { name: "b", pathHashPrefixes: ["0", "ff"], terminating: true });
  repository.addTarget("targets", "x/y", "content");
  repository.delegateBins("a", "bin", 4, []);
  await repository.publishAll();
  return new Map([...repository.files].map(([file, bytes]) => [file, parseUtf8(bytes)]));
}

const files: ReadonlyMap<string, string> = await publishedFiles();

function fileText(file: string): string {
  const text = files.get(file);
  assert.ok(text, file);
  return text;
}

function read(file: string, text: string): Metadata {
  const bytes = formatUtf8(text);
  if (file === "1.root.json") return parseSigned(bytes, root, file).value;
  if (file === "timestamp.json") return parseSigned(bytes, timestamp, file).value;
  if (file === "1.snapshot.json") return parseSigned(bytes, snapshot, file).value;
  return parseSigned(bytes, targets, file).value;
}

const everyFile = [
  "1.root.json",
  "timestamp.json",
  "1.snapshot.json",
  "1.targets.json",
  "1.a.json",
];

const commonFaults: readonly Fault[] = [
  [/"_type":"[a-z]+"/, '"_type":"other"', "tuf.type"],
  [/"_type":"[a-z]+",/, "", "json.type"],
  ['"version":1}}', '"version":0}}', "tuf.version"],
  ['"version":1}}', '"version":-1}}', "tuf.version"],
  ['"version":1}}', '"version":"1"}}', "tuf.version"],
  ['"version":1}}', '"version":1.0}}', "json.number"],
  ['"version":1}}', '"version":1,"version":2}}', "json.duplicate-member"],
  // The file's own version, where others stand before it.
  [/"version":1\}\}\s*$/, '"version":0}}', "tuf.version"],
  [/"version":1\}\}\s*$/, '"version":9007199254740992}}', "json.number"],
  [/"version":1\}\}\s*$/, "}}", "json.syntax"],
  ['"expires":"2030-01-01T00:00:00Z"', '"expires":"2030-01-01"', "bytes.instant"],
  ['"expires":"2030-01-01T00:00:00Z"', '"expires":"2030-02-30T00:00:00Z"', "bytes.instant"],
  ['"expires":"2030-01-01T00:00:00Z"', '"expires":"2030-01-01T00:00:00+00:00"', "bytes.instant"],
  ['"expires":"2030-01-01T00:00:00Z"', '"expires":1893456000', "json.type"],
  ['"spec_version":"1.0.31"', '"spec_version":"2.0.0"', "tuf.spec-version"],
  ['"spec_version":"1.0.31"', '"spec_version":"1"', "tuf.spec-version"],
  ['"spec_version":"1.0.31"', '"spec_version":"10.0.0"', "tuf.spec-version"],
  ['"spec_version":"1.0.31"', '"spec_version":"1.0.0.0"', "tuf.spec-version"],
  ['"spec_version":"1.0.31"', '"spec_version":"1.x"', "tuf.spec-version"],
  ['"spec_version":"1.0.31"', '"spec_version":1', "json.type"],
  ['"spec_version":"1.0.31",', "", "json.type"],
  // What the parser refuses it refuses everywhere, also in members that nobody knows.
  ['"signed":{', '"signed":{},"signed":{', "json.duplicate-member"],
  ['"signed":{', '"signed":{"x":1,"\\u0078":2,', "json.duplicate-member"],
  ['"signed":{', '"signed":{"x":"\\ud800",', "json.string"],
  ['"signed":{', '"signed":{"x":9007199254740993,', "json.number"],
  ['"signed":{', '"signed":{"x":-0,', "json.number"],
  ['"signed":{', '"signed":{"x":1e3,', "json.number"],
  ['"signed":{', `"signed":{"x":${"[".repeat(64)}${"]".repeat(64)},`, "json.depth"],
  [/"_type":("[a-z]+")/, '"__proto__":{"_type":$1}', "json.type"],
  ['"signatures":[', '"signatures":[null,', "json.type"],
  ['"signatures":', '"signature":', "json.type"],
  ['"signed":', '"unsigned":', "json.type"],
  [/"signatures":\[(\{[^}]*\})/, '"signatures":[$1,$1', "tuf.envelope"],
];

const faults: ReadonlyMap<string, readonly Fault[]> = new Map([
  [
    "1.root.json",
    [
      [/"keys":\{"(.)/, '"keys":{"$1$1', "tuf.key-id"],
      [/"public":"(.)/, '"public":"0$1', "tuf.key-id"],
      ['"keytype":"ed25519",', "", "json.type"],
      ['"threshold":1', '"threshold":0', "tuf.threshold"],
      ['"threshold":1', '"threshold":-1', "tuf.threshold"],
      ['"threshold":1', '"threshold":true', "tuf.threshold"],
      ['"threshold":1', '"threshold":"1"', "tuf.threshold"],
      ['"threshold":1', '"threshold":1.5', "json.number"],
      ['"threshold":1', '"threshold":9007199254740992', "json.number"],
      ['"timestamp":{"keyids"', '"other":{"keyids"', "tuf.metadata"],
      [/"keyids":\["([0-9a-f]+)"/, '"keyids":["$1","$1"', "tuf.key-id"],
      ['"consistent_snapshot":true', '"consistent_snapshot":"true"', "json.type"],
    ],
  ],
  [
    "timestamp.json",
    [
      ['"snapshot.json":', '"other.json":', "tuf.metadata"],
      ['"meta":{', '"meta":{"targets.json":{"version":1},', "tuf.metadata"],
      [/"hashes":\{[^}]*\}/, '"hashes":{}', "tuf.metadata"],
      [/"length":\d+/, '"length":-1', "json.type"],
    ],
  ],
  [
    "1.snapshot.json",
    [
      ['"targets.json":', '"targets":', "tuf.metadata"],
      [/("a\.json":\{[^}]*\}[^}]*)"version":1/, '$1"version":0', "tuf.version"],
      [/("a\.json":\{[^}]*\}[^}]*)"version":1/, '$1"version":true', "tuf.version"],
      ['"a.json":', '"b.json":', "json.duplicate-member"],
    ],
  ],
  [
    "1.targets.json",
    [
      ['"terminating":true', '"terminating":1', "json.type"],
      [',"terminating":false', "", "json.type"],
      ['"name":"b"', '"name":"a"', "tuf.metadata"],
      ['"name":"b"', '"name":"root"', "tuf.role-name"],
      ['"name":"b"', '"name":""', "tuf.role-name"],
      ['"paths":["x/*"],', "", "tuf.metadata"],
      ['"paths":["x/*"]', '"paths":["x/*"],"path_hash_prefixes":["0"]', "tuf.metadata"],
      ['"ff"', '"FF"', "tuf.path-pattern"],
      ['"ff"', '"fg"', "tuf.path-pattern"],
      ['"ff"', `"${"f".repeat(65)}"`, "tuf.path-pattern"],
      [/"keys":\{"(.)/, '"keys":{"$1$1', "tuf.key-id"],
      [/"keyids":\["([0-9a-f]+)"/, '"keyids":["$1","$1"', "tuf.key-id"],
      ['"threshold":1', '"threshold":-1', "tuf.threshold"],
      ['"threshold":1', '"threshold":"1"', "tuf.threshold"],
      ['"threshold":1', '"threshold":0', "tuf.threshold"],
      [
        '"delegations":{',
        '"delegations":{"succinct_roles":{"bit_length":4,"keyids":[],"name_prefix":"x","threshold":1},',
        "tuf.metadata",
      ],
      [/"hashes":\{[^}]*\}/, '"hashes":{}', "tuf.metadata"],
      ['"length":7', '"length":-7', "json.type"],
    ],
  ],
  [
    "1.a.json",
    [
      ['"bit_length":4', '"bit_length":0', "tuf.metadata"],
      ['"bit_length":4', '"bit_length":33', "tuf.metadata"],
      ['"name_prefix":"bin"', '"name_prefix":""', "tuf.role-name"],
      ['"threshold":1', '"threshold":0', "tuf.threshold"],
    ],
  ],
]);

for (const file of everyFile) {
  describe(file, () => {
    test("is read when it is good", () => {
      assert.equal(read(file, fileText(file)).version, 1);
    });
    for (const [from, to, code] of [...commonFaults, ...(faults.get(file) ?? [])]) {
      test(`is refused with ${code} when ${String(from)} becomes ${to}`, () => {
        const bad = fileText(file).replace(from, to);
        assert.notEqual(bad, fileText(file));
        assert.throws(() => read(file, bad), { code });
      });
    }
  });
}

test("every version 1 of the specification is taken, with or without a patch", () => {
  for (const version of ["1.0", "1.0.0", "1.0.34", "1.99.1"]) {
    const text = fileText("timestamp.json").replace('"1.0.31"', `"${version}"`);
    assert.equal(read("timestamp.json", text).specVersion, version);
  }
});

test("formatters write what decoders read, and keep members they do not know", () => {
  const extra: ReadonlyMap<string, Json> = new Map([["x-more", "kept"]]);
  const bytes = (file: string): Uint8Array => formatUtf8(fileText(file));
  const again = (tree: Json): Uint8Array => canonicalJson(tree);
  const r = parseSigned(bytes("1.root.json"), root);
  assert.deepEqual(again(rootToJson(r.value)), r.canonical);
  const ts = parseSigned(bytes("timestamp.json"), timestamp);
  assert.deepEqual(again(timestampToJson(ts.value)), ts.canonical);
  const s = parseSigned(bytes("1.snapshot.json"), snapshot);
  assert.deepEqual(again(snapshotToJson(s.value)), s.canonical);
  for (const file of ["1.targets.json", "1.a.json", "1.b.json"]) {
    const t = parseSigned(bytes(file), targets);
    assert.deepEqual(again(targetsToJson(t.value)), t.canonical);
    assert.equal(targetsToJson(t.value, extra).get("x-more"), "kept");
  }
});

test("root's x-floor is read and written", () => {
  const r = parseSigned(formatUtf8(fileText("1.root.json")), root).value;
  const floor = new Map([["targets", 3]]);
  const tree = rootToJson({ ...r, floor });
  assert.deepEqual(root(tree, "").floor, floor);
  const bad = rootToJson({ ...r, floor: new Map([["targets", 0]]) });
  assert.throws(() => root(bad, ""), { code: "tuf.version" });
});

test("bad, empty and upper-case signatures are told apart from none", () => {
  const signer = actor("alice");
  const signed = new Map<string, Json>([["_type", "x"]]);
  const entry = (keyid: string, sig: string): Json =>
    new Map([
      ["keyid", keyid],
      ["sig", sig],
    ]);
  const envelope = new Map<string, Json>([
    [
      "signatures",
      [
        entry("a", ""),
        entry("b", "zz"),
        entry("c", "0"),
        entry("d", "AB"),
        entry(keyIdOf(signer), "ab"),
      ],
    ],
    ["signed", signed],
  ]);
  const { signatures } = parseSigned(formatUtf8(JSON.stringify(plain(envelope))), (value) => value);
  assert.deepEqual([...signatures.keys()], ["d", keyIdOf(signer)]);
  assert.deepEqual(signatures.get("d"), Uint8Array.of(0xab));
});

function plain(value: Json): unknown {
  if (value instanceof Map) return Object.fromEntries([...value].map(([k, v]) => [k, plain(v)]));
  return Array.isArray(value) ? value.map(plain) : value;
}

test("formatEnvelope() is read back and does not depend on the order of signatures", () => {
  const tree = new Map<string, Json>([
    ["b", 1],
    ["a", [null, true]],
  ]);
  const signatures = new Map([
    ["k2", Uint8Array.of(2)],
    ["k1", Uint8Array.of(1)],
  ]);
  const bytes = formatEnvelope(tree, signatures);
  const reversed = new Map([...signatures].toReversed());
  assert.deepEqual(formatEnvelope(tree, reversed), bytes);
  assert.deepEqual(formatCanonicalEnvelope(canonicalJson(tree), reversed), bytes);
  const again = parseSigned(bytes, (value) => value);
  assert.deepEqual(again.tree, tree);
  assert.deepEqual(again.signatures, signatures);
  assert.deepEqual(parseJson(bytes), parseJson(formatEnvelope(again.tree, again.signatures)));
});

test("a key of an unknown scheme is kept and cannot verify", () => {
  const key: Json = new Map<string, Json>([
    ["keytype", "ml-dsa"],
    ["scheme", "ml-dsa-65"],
    ["keyval", new Map([["public", "00"]])],
  ]);
  const r = parseSigned(formatUtf8(fileText("1.root.json")), root).value;
  const [known] = r.keys.values();
  assert.ok(known);
  const unknown = { keyId: keyIdOfTree(key), publicKey: undefined, tree: key };
  const tree = rootToJson({ ...r, keys: new Map([...r.keys, [unknown.keyId, unknown]]) });
  const read = root(tree, "").keys.get(unknown.keyId);
  assert.equal(read?.publicKey, undefined);
  assert.deepEqual(read?.tree, key);
});

function keyIdOfTree(tree: Json): string {
  const bytes = canonicalJson(tree);
  return sha256Hex(bytes);
}

test("a key's id covers members that nobody knows", () => {
  const plainKey = tufKeyOf(actor("alice").publicKey);
  const members = plainKey.tree instanceof Map ? plainKey.tree : new Map<string, Json>();
  const custom: Json = new Map([...members, ["keyid_hash_algorithms", "md5"]]);
  assert.notEqual(keyIdOfTree(custom), plainKey.keyId);
  const r = parseSigned(formatUtf8(fileText("1.root.json")), root).value;
  const listed = (keyId: string): Json =>
    rootToJson({ ...r, keys: new Map([...r.keys, [keyId, { ...plainKey, tree: custom }]]) });
  assert.ok(root(listed(keyIdOfTree(custom)), "").keys.get(keyIdOfTree(custom))?.publicKey);
  assert.throws(() => root(listed(plainKey.keyId), ""), { code: "tuf.key-id" });
});
