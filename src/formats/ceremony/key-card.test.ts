import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { describe, test } from "node:test";
import { parseEcdsaPublicKey } from "#crypto/public-key.ts";
import { ed25519SignerFromSeed } from "#crypto/signer.ts";
import { formatUtf8, parseUtf8 } from "#formats/bytes/utf8.ts";
import { holderKinds } from "#formats/tuf/holder.ts";
import { tufKeyOf } from "#formats/tuf/key.ts";
import { formatKeyCard, keyFingerprint, parseKeyCard } from "./key-card.ts";
import type { KeyCard } from "./key-card.ts";

const key = tufKeyOf(ed25519SignerFromSeed(new Uint8Array(32).fill(7)).publicKey);
const card: KeyCard = { name: "Ada Lovelace", kind: "ssh-agent", key };

function edited(find: string, replacement: string): Uint8Array {
  const text = parseUtf8(formatKeyCard(card));
  assert.ok(text.includes(find), find);
  return formatUtf8(text.replace(find, replacement));
}

describe("key cards", () => {
  test("are read as they were written", () => {
    for (const kind of holderKinds) {
      const bytes = formatKeyCard({ ...card, kind });
      const read = parseKeyCard(bytes);
      assert.deepEqual([read.name, read.kind, read.key.keyId], ["Ada Lovelace", kind, key.keyId]);
      assert.deepEqual(formatKeyCard(read), bytes);
    }
    assert.equal(keyFingerprint(key), `sha256:${key.keyId}`);
  });

  test("hold a name of one line and a known kind", () => {
    for (const name of ["", " Ada", "Ada\\n", "\\u202eadA", "x".repeat(101)]) {
      assert.throws(() => parseKeyCard(edited("Ada Lovelace", name)), { code: "tuf.holder" }, name);
    }
    assert.throws(() => parseKeyCard(edited("ssh-agent", "paper")), { code: "tuf.holder" });
    assert.equal(parseKeyCard(edited("Ada Lovelace", "Zoë O'Hara 李")).name, "Zoë O'Hara 李");
  });

  test("hold a key that verifies, in the one form that gives it its id", () => {
    const refused = { code: "key-card.key" };
    assert.throws(() => parseKeyCard(edited('"scheme":"ed25519"', '"scheme":"ed448"')), refused);
    assert.throws(
      () => parseKeyCard(edited(/[0-9a-f]{64}/.exec(text())?.[0] ?? "", "00")),
      refused,
    );
    assert.throws(() => parseKeyCard(edited('"keytype"', '"note":"x","keytype"')), refused);
    assert.throws(() => parseKeyCard(edited('"keytype"', '"type"')), { code: "json.type" });
    const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const pem = publicKey.export({ type: "spki", format: "pem" }).toString();
    const ecdsa = parseEcdsaPublicKey(pem);
    assert.ok(ecdsa);
    const bytes = formatKeyCard({ ...card, key: tufKeyOf(ecdsa) });
    assert.equal(parseKeyCard(bytes).key.keyId, tufKeyOf(ecdsa).keyId);
    const otherEnds = formatUtf8(parseUtf8(bytes).replaceAll(String.raw`\n`, String.raw`\r\n`));
    assert.throws(() => parseKeyCard(otherEnds), refused);
  });

  test("are of this version, small and strict JSON", () => {
    const later = edited('"holdfast-key-card":1', '"holdfast-key-card":2');
    assert.throws(() => parseKeyCard(later), { code: "json.type" });
    assert.throws(() => parseKeyCard(new Uint8Array(32_769)), { code: "json.size" });
    const twice = edited('"kind"', '"kind":"file","kind"');
    assert.throws(() => parseKeyCard(twice), { code: "json.duplicate-member" });
  });
});

function text(): string {
  return parseUtf8(formatKeyCard(card));
}
