import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { anyJson } from "#world/any-json.ts";
import { formatUtf8, parseUtf8 } from "#formats/bytes/utf8.ts";
import { canonicalJson } from "#formats/json/canonical.ts";
import { json } from "#formats/json/decode.ts";
import { formatEnvelope, parseSigned } from "./envelope.ts";

const keyId = fc.oneof(fc.string({ unit: "binary", maxLength: 6 }), fc.constantFrom("é", "ab"));
const signatures = fc
  .uniqueArray(keyId)
  .map((ids) => new Map(ids.map((id) => [id, Uint8Array.of(1, 2)])));

/** From the middle of a larger buffer, as the network hands bytes out. */
function inBuffer(bytes: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from("xx"), bytes, Buffer.from("yy")]).subarray(2, -2);
}

test("parseSigned() verifies the canonical form of the tree received, however the file is written", () => {
  const spaced = (text: string): string => ` ${text} `;
  const turned = (text: string): string =>
    text.replace(/^\{("signatures":\[.*?\]),("signed":.*)\}$/s, "{$2,$1}");
  const longer = (text: string): string => `${text.slice(0, -1)},"unknown":1}`;
  const between = (text: string): string => text.replace('"signed":', '"signeb":1,"signed":');
  let spellings = 0;
  fc.assert(
    fc.property(anyJson(), signatures, (tree, signed) => {
      const file = parseUtf8(formatEnvelope(tree, signed));
      for (const text of [file, ...[spaced, turned, longer, between].map((write) => write(file))]) {
        const parsed = parseSigned(inBuffer(formatUtf8(text)), json);
        assert.deepEqual(parsed.tree, tree);
        assert.deepEqual(Buffer.from(parsed.canonical), Buffer.from(canonicalJson(tree)), text);
        assert.deepEqual([...parsed.signatures.keys()].length, signed.size);
        spellings++;
      }
    }),
    { seed: 1, numRuns: 300 },
  );
  assert.equal(spellings, 1_500);
});
