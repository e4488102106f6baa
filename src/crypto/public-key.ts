/**
 * Public keys and the one way to check a signature with them. The key decides the algorithm, never the message. A
 * parser answers undefined for what is not a good key of its kind; `verifySignature` answers false and never throws.
 */
import { constants, createPublicKey, verify } from "node:crypto";
import type { KeyObject } from "node:crypto";

export type SignatureScheme = "ecdsa-sha2-nistp256" | "ed25519" | "rsassa-pss-sha256";

export type PublicKey = {
  readonly scheme: SignatureScheme;
  /** The key material in one canonical text: equal for equal keys, however they were written. */
  readonly identity: string;
  readonly handle: KeyObject;
};

const ed25519SpkiPrefix: Uint8Array = Buffer.from("302a300506032b6570032100", "hex");
const p256SpkiPrefix: Uint8Array = Buffer.from(
  "3059301306072a8648ce3d020106082a8648ce3d030107034200",
  "hex",
);
const p256PointSize = 65;
const ed25519Size = 32;
const ed25519SignatureSize = 64;
const rsaBitsMin = 2048;
/** Bounds the time one verification can take. */
const rsaBitsMax = 8192;
/** Larger exponents only cost time. */
const rsaExponentMax = 0xffff_ffff;
const pemSizeMax = 8192;

/** From the 32 bytes of RFC 8032. */
export function parseEd25519PublicKey(raw: Uint8Array): PublicKey | undefined {
  if (raw.byteLength !== ed25519Size || isWeakEd25519Point(raw)) return undefined;
  const spki = Buffer.concat([ed25519SpkiPrefix, raw]);
  const handle = importSpki(spki);
  if (handle?.asymmetricKeyType !== "ed25519") return undefined;
  return { scheme: "ed25519", identity: `ed25519:${Buffer.from(raw).toString("hex")}`, handle };
}

/** From a PEM `PUBLIC KEY` on the curve P-256. */
export function parseEcdsaPublicKey(pem: string): PublicKey | undefined {
  const handle = importPem(pem);
  if (handle?.asymmetricKeyType !== "ec") return undefined;
  if (handle.asymmetricKeyDetails?.namedCurve !== "prime256v1") return undefined;
  return ecdsaPublicKey(handle);
}

/** From a point of P-256 that is not compressed (SEC 1, 2.3.3). */
export function parseP256Point(raw: Uint8Array): PublicKey | undefined {
  if (raw.byteLength !== p256PointSize) return undefined;
  const handle = importSpki(Buffer.concat([p256SpkiPrefix, raw]));
  return handle?.asymmetricKeyType === "ec" ? ecdsaPublicKey(handle) : undefined;
}

/** From a PEM `PUBLIC KEY` with a modulus of 2,048 to 8,192 bits. */
export function parseRsaPublicKey(pem: string): PublicKey | undefined {
  const handle = importPem(pem);
  if (handle?.asymmetricKeyType !== "rsa") return undefined;
  const bits = handle.asymmetricKeyDetails?.modulusLength ?? 0;
  const exponent = handle.asymmetricKeyDetails?.publicExponent ?? 0n;
  if (bits < rsaBitsMin || bits > rsaBitsMax) return undefined;
  // With exponent 1 every message signs itself.
  if (exponent < 3n || exponent > rsaExponentMax || exponent % 2n === 0n) return undefined;
  return rsaPublicKey(handle);
}

/** From a PEM `PUBLIC KEY` of whichever kind we verify with. */
export function parsePublicKeyPem(pem: string): PublicKey | undefined {
  const handle = importPem(pem);
  if (handle?.asymmetricKeyType === "ed25519") return parseEd25519PublicKey(rawEd25519(handle));
  return parseEcdsaPublicKey(pem) ?? parseRsaPublicKey(pem);
}

/** The public half of a private key, or undefined where the kind is not one of ours. */
export function publicKeyOf(privateKey: KeyObject): PublicKey | undefined {
  const handle = createPublicKey(privateKey);
  if (handle.asymmetricKeyType === "ed25519") return parseEd25519PublicKey(rawEd25519(handle));
  const pem = handle.export({ type: "spki", format: "pem" }).toString();
  return parseEcdsaPublicKey(pem) ?? parseRsaPublicKey(pem);
}

/** The 32 bytes of an ed25519 key. */
export function formatEd25519PublicKey(key: PublicKey): Uint8Array {
  return rawEd25519(key.handle);
}

/** PEM `PUBLIC KEY` with LF line ends and a last LF, as TUF key objects hold it. */
export function formatPublicKeyPem(key: PublicKey): string {
  return key.handle.export({ type: "spki", format: "pem" }).toString();
}

/** Same material, same text. Thresholds count these, never the names that keys are given. */
export function publicKeyIdentity(key: PublicKey): string {
  return key.identity;
}

/** False for every signature that does not verify, whatever is wrong with it. ECDSA signatures are DER. */
export function verifySignature(
  key: PublicKey,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  try {
    switch (key.scheme) {
      case "ed25519":
        if (signature.byteLength !== ed25519SignatureSize) return false;
        return verify(null, message, key.handle, signature);
      case "ecdsa-sha2-nistp256":
        return verify("sha256", message, { key: key.handle, dsaEncoding: "der" }, signature);
      case "rsassa-pss-sha256": {
        const { RSA_PKCS1_PSS_PADDING: padding, RSA_PSS_SALTLEN_AUTO: saltLength } = constants;
        return verify("sha256", message, { key: key.handle, padding, saltLength }, signature);
      }
    }
  } catch {
    return false;
  }
}

function ecdsaPublicKey(handle: KeyObject): PublicKey {
  // A point can be written compressed or not; its coordinates cannot differ.
  const { x = "", y = "" } = handle.export({ format: "jwk" });
  return { scheme: "ecdsa-sha2-nistp256", identity: `p256:${x}.${y}`, handle };
}

function rsaPublicKey(handle: KeyObject): PublicKey {
  const { n = "", e = "" } = handle.export({ format: "jwk" });
  return { scheme: "rsassa-pss-sha256", identity: `rsa:${n}.${e}`, handle };
}

function rawEd25519(handle: KeyObject): Uint8Array {
  const spki = handle.export({ type: "spki", format: "der" });
  return new Uint8Array(spki.subarray(ed25519SpkiPrefix.byteLength));
}

function importSpki(der: Buffer): KeyObject | undefined {
  try {
    return createPublicKey({ key: der, type: "spki", format: "der" });
  } catch {
    return undefined;
  }
}

const pemPattern: RegExp =
  /^-----BEGIN PUBLIC KEY-----\r?\n((?:[A-Za-z0-9+/=]+\r?\n)+)-----END PUBLIC KEY-----\s*$/;

/** Only SPKI: Node's own PEM reader would also take private keys and certificates and derive a public key. */
function importPem(pem: string): KeyObject | undefined {
  const body = pem.length > pemSizeMax ? undefined : pemPattern.exec(pem)?.[1];
  if (body === undefined) return undefined;
  const text = body.replaceAll(/\s/g, "");
  const der = Buffer.from(text, "base64");
  if (der.toString("base64") !== text) return undefined;
  return importSpki(der);
}

/** y coordinates of the points whose order divides 8: for them anyone can make a signature. */
const smallOrderY: ReadonlySet<bigint> = new Set([
  0n,
  1n,
  0x7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffecn,
  0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
  0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n,
]);
const fieldPrime: bigint = (1n << 255n) - 19n;

/** Points of small order, and encodings that are not reduced: a second text for the same point. */
function isWeakEd25519Point(raw: Uint8Array): boolean {
  let y = 0n;
  for (const [index, byte] of [...raw].toReversed().entries()) {
    y = (y << 8n) | BigInt(index === 0 ? byte & 0x7f : byte);
  }
  return y >= fieldPrime || smallOrderY.has(y);
}
