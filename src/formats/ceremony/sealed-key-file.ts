/**
 * Encrypted key files (docs/spec/key-files.md): one private key under a passphrase, its public half in clear. What costs
 * memory and time is bounded before anything is computed, from above for this machine's sake and from below, so that
 * nobody is asked for a passphrase over a file that hardly protects it.
 */
import { sealCheckSize, sealNonceSize } from "#crypto/passphrase-seal.ts";
import type { SealOptions, Sealed } from "#crypto/passphrase-seal.ts";
import { formatBase64, parseBase64 } from "#formats/bytes/base64.ts";
import { FormatError } from "#formats/format-error.ts";
import { canonicalJson } from "#formats/json/canonical.ts";
import { literal, object, positive, string } from "#formats/json/decode.ts";
import type { Decoder } from "#formats/json/decode.ts";
import { formatJson } from "#formats/json/format.ts";
import { parseJson } from "#formats/json/parse.ts";
import { isJsonObject, jsonObject } from "#formats/json/value.ts";
import type { Json, JsonObject } from "#formats/json/value.ts";
import type { TufKey } from "#formats/tuf/key.ts";
import { usableKey } from "./key-card.ts";

export type SealedKeyFile = {
  /** What the file says its public key is; true once the file is open. */
  readonly key: TufKey;
  readonly options: SealOptions;
  readonly sealed: Sealed;
};

export const sealedKeyLimits = {
  /** Bytes of the file. */
  sizeMax: 65_536,
  depthMax: 8,
  memoryKiBMin: 65_536,
  /** 1 GiB. */
  memoryKiBMax: 1_048_576,
  passesMin: 3,
  passesMax: 16,
  lanesMax: 16,
  saltSizeMin: 16,
  saltSizeMax: 64,
  ciphertextSizeMax: 16_384,
} as const;

const version = 1;

/** Throws FormatError `key-file.parameters`, `key-card.key`, or `json.*` and `bytes.*` from below. */
export function parseSealedKeyFile(bytes: Uint8Array, file = ""): SealedKeyFile {
  const tree = parseJson(bytes, sealedKeyLimits, file);
  const { cipher, kdf, key, sealed } = members(tree, file);
  const { lanes, memoryKiB, passes, salt } = kdf;
  const header = canonicalJson(headerOf(tree));
  return { key, options: { lanes, memoryKiB, passes, salt, nonce: cipher.nonce, header }, sealed };
}

/** What stands beside the secret, and is sealed with it: everything but the seal itself. */
export function sealedKeyHeader(
  key: TufKey,
  { lanes, memoryKiB, nonce, passes, salt }: Omit<SealOptions, "header">,
): JsonObject {
  return jsonObject({
    "holdfast-key-file": version,
    key: key.tree,
    kdf: jsonObject({ name: "argon2id", memoryKiB, passes, lanes, salt: formatBase64(salt) }),
    cipher: jsonObject({ name: "aes-256-gcm", nonce: formatBase64(nonce) }),
  });
}

export function formatSealedKeyFile(header: JsonObject, sealed: Sealed): Uint8Array {
  const seal = jsonObject({
    passphraseCheck: formatBase64(sealed.passphraseCheck),
    headerCheck: formatBase64(sealed.headerCheck),
    ciphertext: formatBase64(sealed.ciphertext),
  });
  return formatJson(new Map([...header, ["sealed", seal]]));
}

function headerOf(tree: Json): JsonObject {
  const all = isJsonObject(tree) ? [...tree] : [];
  return new Map(all.filter(([name]) => name !== "sealed"));
}

/** An integer in bounds that stand in the specification. */
function bounded(min: number, max: number): Decoder<number> {
  return (value, at) => {
    const number = positive()(value, at);
    if (number < min || number > max) throw refused(`not from ${min} to ${max}`, at);
    return number;
  };
}

function base64(sizeMin: number, sizeMax: number = sizeMin): Decoder<Uint8Array> {
  return (value, at) => {
    const bytes = parseBase64(string(value, at), at);
    const size = bytes.byteLength;
    if (size < sizeMin || size > sizeMax) throw refused(`not ${sizeMin} to ${sizeMax} bytes`, at);
    return bytes;
  };
}

function named(name: string): Decoder<string> {
  return literal(name, "key-file.parameters");
}

const members = object({
  "holdfast-key-file": literal(version, "key-file.parameters"),
  key: usableKey,
  kdf: object({
    name: named("argon2id"),
    memoryKiB: bounded(sealedKeyLimits.memoryKiBMin, sealedKeyLimits.memoryKiBMax),
    passes: bounded(sealedKeyLimits.passesMin, sealedKeyLimits.passesMax),
    lanes: bounded(1, sealedKeyLimits.lanesMax),
    salt: base64(sealedKeyLimits.saltSizeMin, sealedKeyLimits.saltSizeMax),
  }),
  cipher: object({ name: named("aes-256-gcm"), nonce: base64(sealNonceSize) }),
  sealed: object({
    passphraseCheck: base64(sealCheckSize),
    headerCheck: base64(sealCheckSize),
    ciphertext: base64(16, sealedKeyLimits.ciphertextSizeMax),
  }),
});

function refused(reason: string, at: string): FormatError {
  return new FormatError("key-file.parameters", `Cannot use encrypted key file: ${reason}`, at);
}
