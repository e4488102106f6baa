/**
 * Things that sign. A file, an agent and a key service look alike: a public key and an asynchronous `sign`. Callers
 * sign only what a format produced with domain separation (canonical JSON, a note), never bytes from outside.
 */
import { constants, createPrivateKey, sign as signWith } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { publicKeyOf } from "./public-key.ts";
import type { PublicKey } from "./public-key.ts";
import { Secret } from "./secret.ts";

export type Signer = {
  readonly publicKey: PublicKey;
  sign(message: Uint8Array): Promise<Uint8Array>;
};

const ed25519Pkcs8Prefix: Uint8Array = Buffer.from("302e020100300506032b657004220420", "hex");
const ed25519SeedSize = 32;

/** Throws TypeError unless `seed` has 32 bytes. */
export function ed25519SignerFromSeed(seed: Uint8Array): Signer {
  return signerOf(ed25519PrivateKey(seed));
}

/** A new ed25519 key from 32 random bytes; the seed is all there is to keep. */
export function generateEd25519(random: (size: number) => Uint8Array): {
  readonly seed: Secret;
  readonly signer: Signer;
} {
  const seed = random(ed25519SeedSize);
  return { seed: new Secret(seed), signer: ed25519SignerFromSeed(seed) };
}

/**
 * From a PKCS#8 PEM of an ed25519, P-256 or RSA (2,048 bits or more) key. Throws TypeError for anything else, with a
 * message that does not repeat the input.
 */
export function signerFromPem(pem: string): Signer {
  return signerOf(importPrivateKey(pem));
}

/** PKCS#8 PEM of an ed25519 seed. */
export function formatEd25519Pem(seed: Secret): string {
  return ed25519PrivateKey(seed.reveal()).export({ type: "pkcs8", format: "pem" }).toString();
}

/** The same key as PKCS#8 DER. Throws as `signerFromPem`. */
export function pkcs8FromPem(pem: string): Secret {
  const key = importPrivateKey(pem);
  signerOf(key);
  return pkcs8Of(key);
}

/** PKCS#8 DER of an ed25519 seed. */
export function formatEd25519Pkcs8(seed: Secret): Secret {
  return pkcs8Of(ed25519PrivateKey(seed.reveal()));
}

/** As `signerFromPem`, from PKCS#8 DER. */
export function signerFromPkcs8(pkcs8: Secret): Signer {
  const key = Buffer.from(pkcs8.reveal());
  let handle: KeyObject;
  try {
    handle = createPrivateKey({ key, format: "der", type: "pkcs8" });
  } catch {
    throw new TypeError("Cannot use private key: expected an unencrypted PKCS#8 key");
  }
  return signerOf(handle);
}

/** As `signerFromPem`, for a P-256 key only. */
export function ecdsaSignerFromPem(pem: string): Signer {
  return ofScheme(signerFromPem(pem), "ecdsa-sha2-nistp256");
}

/** As `signerFromPem`, for an RSA key only. */
export function rsaSignerFromPem(pem: string): Signer {
  return ofScheme(signerFromPem(pem), "rsassa-pss-sha256");
}

function ofScheme(signer: Signer, scheme: PublicKey["scheme"]): Signer {
  if (signer.publicKey.scheme !== scheme)
    throw new TypeError(`Cannot use private key: not for ${scheme}`);
  return signer;
}

function ed25519PrivateKey(seed: Uint8Array): KeyObject {
  if (seed.byteLength !== ed25519SeedSize) {
    throw new TypeError("Cannot use ed25519 seed: it must have 32 bytes");
  }
  const key = Buffer.concat([ed25519Pkcs8Prefix, seed]);
  return createPrivateKey({ key, type: "pkcs8", format: "der" });
}

function pkcs8Of(key: KeyObject): Secret {
  return new Secret(key.export({ type: "pkcs8", format: "der" }));
}

function importPrivateKey(pem: string): KeyObject {
  try {
    return createPrivateKey({ key: pem, format: "pem", type: "pkcs8" });
  } catch {
    throw new TypeError("Cannot use private key: expected an unencrypted PKCS#8 PEM");
  }
}

function signerOf(key: KeyObject): Signer {
  const publicKey = publicKeyOf(key);
  if (publicKey === undefined) {
    throw new TypeError(
      "Cannot use private key: expected ed25519, P-256 or RSA of 2048 bits or more",
    );
  }
  return {
    publicKey,
    sign: async (message) => {
      const { buffer, byteLength, byteOffset } = signBytes(publicKey.scheme, key, message);
      return new Uint8Array(buffer, byteOffset, byteLength);
    },
  };
}

function signBytes(scheme: PublicKey["scheme"], key: KeyObject, message: Uint8Array): Uint8Array {
  switch (scheme) {
    case "ed25519":
      return signWith(null, message, key);
    case "ecdsa-sha2-nistp256":
      return signWith("sha256", message, { key, dsaEncoding: "der" });
    case "rsassa-pss-sha256": {
      // Node's default is the longest salt, which strict verifiers refuse.
      const padding = constants.RSA_PKCS1_PSS_PADDING;
      return signWith("sha256", message, { key, padding, saltLength: 32 });
    }
  }
}
