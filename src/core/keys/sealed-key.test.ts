import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { verifySignature } from "#crypto/public-key.ts";
import { Secret } from "#crypto/secret.ts";
import { formatEd25519Pkcs8, pkcs8FromPem } from "#crypto/signer.ts";
import { sealWithPassphrase } from "#crypto/passphrase-seal.ts";
import { parseUtf8, formatUtf8 } from "#formats/bytes/utf8.ts";
import {
  formatSealedKeyFile,
  parseSealedKeyFile,
  sealedKeyHeader,
  sealedKeyLimits,
} from "#formats/ceremony/sealed-key-file.ts";
import { canonicalJson } from "#formats/json/canonical.ts";
import { checkNewPassphrase, parsePassphrase } from "./passphrase.ts";
import { openSealedKey, sealKey } from "./sealed-key.ts";

const vectors = join(import.meta.dirname, "../../../test/vectors/key-files");
const cheapest = { memoryKiB: sealedKeyLimits.memoryKiBMin, passes: 3, lanes: 4 };
const seed = new Secret(new Uint8Array(32).fill(5));
const passphrase = parsePassphrase(formatUtf8("nine lives of a cat"));
let next = 0;
const random = (size: number): Uint8Array => new Uint8Array(size).fill(++next);
const sealed = parseUtf8(await sealKey(formatEd25519Pkcs8(seed), passphrase, random, cheapest));

function edited(find: RegExp, replacement: string): Uint8Array {
  assert.match(sealed, find);
  return formatUtf8(sealed.replace(find, replacement));
}

/** Another base64 character of the same file: the bytes that stand before it are as they were. */
function flipped(member: string): Uint8Array {
  const value = new RegExp(`"${member}":"([^"]{8})(.)`);
  const [, head = "", character] = value.exec(sealed) ?? [];
  return edited(value, `"${member}":"${head}${character === "A" ? "B" : "A"}`);
}

describe("encrypted key files", () => {
  test("give back the key that was sealed, of every kind", async () => {
    const p256 = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
    const pem = p256.export({ type: "pkcs8", format: "pem" }).toString();
    for (const pkcs8 of [formatEd25519Pkcs8(seed), pkcs8FromPem(pem)]) {
      const bytes = await sealKey(pkcs8, passphrase, random, cheapest);
      const opened = await openSealedKey(bytes, passphrase, "root-1");
      assert.deepEqual(opened.pkcs8.reveal(), pkcs8.reveal());
      const message = formatUtf8("a message");
      const signature = await opened.signer.sign(message);
      const { key } = parseSealedKeyFile(bytes);
      assert.ok(key.publicKey !== undefined);
      assert.equal(verifySignature(key.publicKey, message, signature), true);
      assert.ok(!Buffer.from(bytes).includes(Buffer.from(seed.reveal())));
    }
  });

  test("of another implementation are read", async () => {
    const typed = parsePassphrase(formatUtf8("Zoe\u0308's correct horse"));
    for (const name of ["ed25519", "p256", "rsa"]) {
      const bytes = new Uint8Array(readFileSync(join(vectors, `${name}.json`)));
      const { signer } = await openSealedKey(bytes, typed, name);
      const { key } = parseSealedKeyFile(bytes);
      assert.equal(signer.publicKey.identity, key.publicKey?.identity);
    }
  });

  test("say that the passphrase is wrong", async () => {
    const other = parsePassphrase(formatUtf8("nine lives of a dog"));
    const opening = openSealedKey(formatUtf8(sealed), other, "root-1");
    await assert.rejects(opening, {
      code: "key.passphrase",
      message: /^Cannot open root-1: wrong passphrase/,
    });
    for (const [find, replacement] of [
      [/"lanes":4/, '"lanes":5'],
      [/"passes":3/, '"passes":4'],
      [/"memoryKiB":65536/, '"memoryKiB":65544'],
    ] as const) {
      const changed = edited(find, replacement);
      await assert.rejects(openSealedKey(changed, passphrase, "x"), { code: "key.passphrase" });
    }
    for (const member of ["salt", "passphraseCheck"]) {
      const changed = flipped(member);
      await assert.rejects(openSealedKey(changed, passphrase, "x"), { code: "key.passphrase" });
    }
  });

  test("say that what stands in clear was changed", async () => {
    const header = { code: "key-file.header" };
    const other = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    const changes = [
      edited(/"public":"[0-9a-f]{64}"/, `"public":"${other}"`),
      edited(/"cipher":/, '"note":"x","cipher":'),
      edited(/"name":"argon2id"/, '"name":"argon2id","note":"x"'),
      flipped("nonce"),
      flipped("headerCheck"),
    ];
    for (const changed of changes) {
      await assert.rejects(openSealedKey(changed, passphrase, "x"), header);
    }
  });

  test("say that the ciphertext was changed", async () => {
    const changes = [
      flipped("ciphertext"),
      edited(/"ciphertext":"[^"]+"/, `"ciphertext":"${"A".repeat(88)}"`),
      // Four characters are three bytes: the tag is cut.
      edited(/[A-Za-z0-9+/=]{4}","headerCheck/, '","headerCheck'),
    ];
    for (const changed of changes) {
      const opening = openSealedKey(changed, passphrase, "x");
      await assert.rejects(opening, { code: "key-file.ciphertext" });
    }
  });

  test("that seal another key than they say, or none, are refused", async () => {
    const { key, options } = parseSealedKeyFile(formatUtf8(sealed));
    const tree = sealedKeyHeader(key, options);
    const sealing = { ...options, header: canonicalJson(tree) };
    const otherKey = formatEd25519Pkcs8(new Secret(new Uint8Array(32).fill(6)));
    for (const secret of [otherKey, seed, new Secret(new Uint8Array())]) {
      const bytes = formatSealedKeyFile(
        tree,
        await sealWithPassphrase(secret, passphrase, sealing),
      );
      const opening = openSealedKey(bytes, passphrase, "x");
      await assert.rejects(opening, { code: "key-file.key" });
    }
  });

  test("with absurd parameters are refused before anything is computed", () => {
    const absurd: readonly (readonly [RegExp, string])[] = [
      [/"memoryKiB":\d+/, '"memoryKiB":65535'],
      [/"memoryKiB":\d+/, '"memoryKiB":1048577'],
      [/"memoryKiB":\d+/, '"memoryKiB":9007199254740991'],
      [/"passes":3/, '"passes":2'],
      [/"passes":3/, '"passes":17'],
      [/"lanes":4/, '"lanes":17'],
      [/"salt":"[^"]+"/, '"salt":"AAAA"'],
      [/"salt":"[^"]+"/, `"salt":"${"AAAA".repeat(22)}"`],
      [/"nonce":"[^"]+"/, '"nonce":"AAAA"'],
      [/"ciphertext":"[^"]+"/, `"ciphertext":"${"AAAA".repeat(5462)}"`],
      [/"ciphertext":"[^"]+"/, '"ciphertext":"AAAA"'],
      [/argon2id/, "argon2d"],
      [/aes-256-gcm/, "none"],
      [/"holdfast-key-file":1/, '"holdfast-key-file":2'],
    ];
    for (const [find, replacement] of absurd) {
      const parsing = (): unknown => parseSealedKeyFile(edited(find, replacement));
      assert.throws(parsing, { code: "key-file.parameters" }, replacement);
    }
    const negative = edited(/"lanes":4/, '"lanes":0');
    assert.throws(() => parseSealedKeyFile(negative), { code: "json.type" });
    const large = new Uint8Array(sealedKeyLimits.sizeMax + 1);
    assert.throws(() => parseSealedKeyFile(large), { code: "json.size" });
  });

  test("never share salt or nonce", async () => {
    const again = await sealKey(formatEd25519Pkcs8(seed), passphrase, random, cheapest);
    const [one, two] = [formatUtf8(sealed), again].map(
      (bytes) => parseSealedKeyFile(bytes).options,
    );
    assert.notDeepEqual(one?.salt, two?.salt);
    assert.notDeepEqual(one?.nonce, two?.nonce);
  });
});

describe("passphrases", () => {
  test("are one text in one form", () => {
    const composed = parsePassphrase(formatUtf8("Zo\u00eb")).reveal();
    assert.deepEqual(parsePassphrase(formatUtf8("Zoe\u0308")).reveal(), composed);
    for (const bytes of [
      new Uint8Array(),
      Uint8Array.of(0xff),
      formatUtf8("a\u0007"),
      new Uint8Array(1025).fill(0x61),
    ]) {
      const error = { code: "key.passphrase", message: /^Cannot use this passphrase/ };
      assert.throws(() => parsePassphrase(bytes), error);
    }
  });

  test("for a new key are long enough and typed the same twice", () => {
    const short = parsePassphrase(formatUtf8("ëëëëëëëëëëë"));
    assert.throws(() => checkNewPassphrase(short, short), { code: "key.passphrase-weak" });
    const other = parsePassphrase(formatUtf8("nine lives of a dog"));
    const differs = { code: "key.passphrase-differs" };
    assert.throws(() => checkNewPassphrase(passphrase, other), differs);
    checkNewPassphrase(passphrase, passphrase);
  });
});
