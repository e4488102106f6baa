import assert from "node:assert/strict";
import { constants, createPrivateKey, generateKeyPairSync, sign } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { test } from "node:test";
import {
  formatEd25519PublicKey,
  formatPublicKeyPem,
  parseEcdsaPublicKey,
  parseEd25519PublicKey,
  parseRsaPublicKey,
  publicKeyIdentity,
  verifySignature,
} from "./public-key.ts";
import type { PublicKey } from "./public-key.ts";
import {
  ecdsaSignerFromPem,
  ed25519SignerFromSeed,
  formatEd25519Pem,
  generateEd25519,
  rsaSignerFromPem,
  signerFromPem,
} from "./signer.ts";
import type { Signer } from "./signer.ts";

const message = Buffer.from("a message");
const pkcs8 = (key: KeyObject): string => key.export({ type: "pkcs8", format: "pem" }).toString();
const spki = (key: KeyObject): string => key.export({ type: "spki", format: "pem" }).toString();
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const p256 = generateKeyPairSync("ec", { namedCurve: "P-256" });

const signers: ReadonlyMap<string, Signer> = new Map([
  ["ed25519", ed25519SignerFromSeed(new Uint8Array(32).fill(7))],
  ["ecdsa-sha2-nistp256", ecdsaSignerFromPem(pkcs8(p256.privateKey))],
  ["rsassa-pss-sha256", rsaSignerFromPem(pkcs8(rsa.privateKey))],
]);

for (const [scheme, signer] of signers) {
  test(`${scheme}: what signers sign verifies, and nothing else does`, async () => {
    const key = signer.publicKey;
    assert.equal(key.scheme, scheme);
    const signature = await signer.sign(message);
    assert.equal(verifySignature(key, message, signature), true);
    assert.equal(verifySignature(key, Buffer.from("another message"), signature), false);
    for (const bad of [
      new Uint8Array(),
      signature.slice(1),
      Buffer.concat([signature, signature]),
      message,
    ]) {
      assert.equal(verifySignature(key, message, bad), false);
    }
    for (let index = 0; index < signature.length; index += 7) {
      const flipped = signature.slice();
      flipped[index] = (flipped[index] ?? 0) ^ 1;
      assert.equal(verifySignature(key, message, flipped), false, `byte ${index}`);
    }
    for (const other of signers.values()) {
      if (other !== signer)
        assert.equal(verifySignature(other.publicKey, message, signature), false);
    }
  });
}

test("verifySignature() takes any RSA salt length, and signers write 32 bytes of salt", async () => {
  const key = parsed(parseRsaPublicKey(spki(rsa.publicKey)));
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  for (const saltLength of [0, 20, 32, 222]) {
    const signature = sign("sha256", message, { key: rsa.privateKey, padding, saltLength });
    assert.equal(verifySignature(key, message, signature), true, `salt ${saltLength}`);
  }
  const pkcs1 = sign("sha256", message, rsa.privateKey);
  assert.equal(verifySignature(key, message, pkcs1), false);
});

test("ECDSA signatures are DER, not the raw pair", () => {
  const key = parsed(parseEcdsaPublicKey(spki(p256.publicKey)));
  const raw = sign("sha256", message, { key: p256.privateKey, dsaEncoding: "ieee-p1363" });
  assert.equal(verifySignature(key, message, raw), false);
});

test("a key has one identity, however it is written", () => {
  const pem = spki(p256.publicKey);
  const compressed = compressedP256(p256.publicKey);
  assert.notEqual(compressed, pem);
  const identity = publicKeyIdentity(parsed(parseEcdsaPublicKey(pem)));
  assert.equal(publicKeyIdentity(parsed(parseEcdsaPublicKey(compressed))), identity);
  assert.equal(
    publicKeyIdentity(parsed(parseEcdsaPublicKey(pem.replaceAll("\n", "\r\n")))),
    identity,
  );
  assert.equal(publicKeyIdentity(parsed(parseEcdsaPublicKey(pem.trimEnd()))), identity);
  const identities = [...signers.values()].map((signer) => publicKeyIdentity(signer.publicKey));
  assert.equal(new Set(identities).size, 3);
});

function parsed(key: PublicKey | undefined): PublicKey {
  assert.ok(key);
  return key;
}

/** The same point with 33 bytes instead of 65. */
function compressedP256(key: KeyObject): string {
  const { x = "", y = "" } = key.export({ format: "jwk" });
  const isOdd = ((Buffer.from(y, "base64url").at(-1) ?? 0) & 1) === 1;
  const head = Buffer.from("3039301306072a8648ce3d020106082a8648ce3d030107032200", "hex");
  const der = Buffer.concat([head, Buffer.from([isOdd ? 3 : 2]), Buffer.from(x, "base64url")]);
  return `-----BEGIN PUBLIC KEY-----\n${der.toString("base64")}\n-----END PUBLIC KEY-----\n`;
}

test("parsers answer undefined for keys of another kind, short keys and other documents", () => {
  const short = generateKeyPairSync("rsa", { modulusLength: 1024 });
  const p384 = generateKeyPairSync("ec", { namedCurve: "P-384" });
  const pss = generateKeyPairSync("rsa-pss", { modulusLength: 2048 });
  assert.equal(parseRsaPublicKey(spki(short.publicKey)), undefined);
  assert.equal(parseRsaPublicKey(spki(pss.publicKey)), undefined);
  assert.equal(parseRsaPublicKey(spki(p256.publicKey)), undefined);
  assert.equal(parseEcdsaPublicKey(spki(p384.publicKey)), undefined);
  assert.equal(parseEcdsaPublicKey(spki(rsa.publicKey)), undefined);
  for (const text of [
    "",
    "x",
    pkcs8(p256.privateKey),
    `x${spki(p256.publicKey)}`,
    "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
  ]) {
    assert.equal(parseEcdsaPublicKey(text), undefined);
  }
});

test("parseRsaPublicKey() refuses an exponent with which every message signs itself", () => {
  assert.ok(parseRsaPublicKey(rsaPem(3)));
  assert.equal(parseRsaPublicKey(rsaPem(1)), undefined);
  assert.equal(parseRsaPublicKey(rsaPem(2)), undefined);
});

/** The test key's modulus with another exponent, of one byte. */
function rsaPem(exponent: number): string {
  const { n = "" } = rsa.publicKey.export({ format: "jwk" });
  const modulus = Buffer.concat([Buffer.from([0]), Buffer.from(n, "base64url")]);
  const numbers = Buffer.concat([der(0x02, modulus), Buffer.from([0x02, 0x01, exponent])]);
  const bits = der(0x03, Buffer.concat([Buffer.from([0]), der(0x30, numbers)]));
  const algorithm = Buffer.from("300d06092a864886f70d0101010500", "hex");
  const body = der(0x30, Buffer.concat([algorithm, bits])).toString("base64");
  return `-----BEGIN PUBLIC KEY-----\n${body}\n-----END PUBLIC KEY-----\n`;
}

function der(tag: number, content: Buffer): Buffer {
  const head = Buffer.from([tag, 0x82, 0, 0]);
  head.writeUInt16BE(content.length, 2);
  return Buffer.concat([head, content]);
}

test("parseEd25519PublicKey() refuses points for which anyone can sign, and unreduced ones", () => {
  const weak = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  ];
  for (const hex of weak)
    assert.equal(parseEd25519PublicKey(Buffer.from(hex, "hex")), undefined, hex);
  assert.equal(parseEd25519PublicKey(new Uint8Array(31).fill(9)), undefined);
  const { publicKey } = ed25519SignerFromSeed(new Uint8Array(32).fill(1));
  const raw = formatEd25519PublicKey(publicKey);
  assert.equal(publicKeyIdentity(parsed(parseEd25519PublicKey(raw))), publicKeyIdentity(publicKey));
});

test("signers read back from PEM have the same key", () => {
  const { seed, signer } = generateEd25519((size) => new Uint8Array(size).fill(3));
  const again = signerFromPem(formatEd25519Pem(seed));
  assert.equal(publicKeyIdentity(again.publicKey), publicKeyIdentity(signer.publicKey));
  assert.equal(String(seed), "[secret]");
  assert.equal(
    formatPublicKeyPem(signerFromPem(pkcs8(p256.privateKey)).publicKey),
    spki(p256.publicKey),
  );
});

test("signers refuse other keys without repeating them", () => {
  const p384 = generateKeyPairSync("ec", { namedCurve: "P-384" });
  for (const pem of ["garbage", spki(p256.publicKey), pkcs8(p384.privateKey)]) {
    assert.throws(() => signerFromPem(pem), {
      name: "TypeError",
      message: /^Cannot use private key/,
    });
  }
  assert.throws(() => rsaSignerFromPem(pkcs8(p256.privateKey)), TypeError);
  assert.throws(() => ed25519SignerFromSeed(new Uint8Array(31)), TypeError);
  assert.ok(createPrivateKey(pkcs8(p256.privateKey)));
});
