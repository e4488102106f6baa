import assert from "node:assert/strict";
import { test } from "node:test";
import { SimTufRepository, actor, keyIdOf } from "#world/tuf-repository.ts";
import { jsonObject } from "#formats/json/value.ts";
import type { Json } from "#formats/json/value.ts";
import { parseSigned } from "./envelope.ts";
import { holders, holdersToJson } from "./holders.ts";
import { root, rootToJson } from "./root.ts";
import { targets, targetsToJson } from "./targets.ts";

const ada = keyIdOf(actor("ada"));
const held = new Map([[ada, { name: "Ada Lovelace", kind: "encrypted-file" }]] as const);

async function file(name: string): Promise<Uint8Array> {
  const repository = new SimTufRepository();
  await repository.publishAll();
  const bytes = repository.files.get(name);
  assert.ok(bytes);
  return bytes;
}

test("root's and targets' x-holders are read and written, and absent where nobody said them", async () => {
  const { value: aRoot } = parseSigned(await file("1.root.json"), root);
  assert.equal("holders" in aRoot, false);
  assert.deepEqual(root(rootToJson({ ...aRoot, holders: held }), "").holders, held);
  const { value: someTargets } = parseSigned(await file("1.targets.json"), targets);
  assert.equal("holders" in someTargets, false);
  assert.deepEqual(targets(targetsToJson({ ...someTargets, holders: held }), "").holders, held);
});

test("holders() takes holders of keys that are not listed, and looks past kinds of a later version", () => {
  const tree = new Map([...(holdersToJson(held) as Map<string, Json>)]);
  tree.set("later", jsonObject({ name: "Bob", kind: "quantum-vault", since: 2031 }));
  assert.deepEqual(holders(tree, ""), held);
});

test("holders() refuses other shapes and names", () => {
  const one = (member: Json): Json => new Map([[ada, member]]);
  const wrong: readonly (readonly [Json, string])[] = [
    ["Ada", "json.type"],
    [one("Ada"), "json.type"],
    [one(jsonObject({ kind: "file" })), "json.type"],
    [one(jsonObject({ name: "Ada" })), "json.type"],
    [one(jsonObject({ name: 7, kind: "file" })), "json.type"],
    [one(jsonObject({ name: " ", kind: "file" })), "tuf.holder"],
    [one(jsonObject({ name: "a\u001b[2K", kind: "file" })), "tuf.holder"],
    [one(jsonObject({ name: "a".repeat(101), kind: "file" })), "tuf.holder"],
  ];
  for (const [tree, code] of wrong) assert.throws(() => holders(tree, "signed"), { code });
});
