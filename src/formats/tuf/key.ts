/**
 * TUF key objects (specification 4.2, TAP 9). A key id is the SHA-256 of the canonical form of the whole key object,
 * unknown members included; it is always computed, never believed. Keys of unknown schemes are kept, because the file
 * that lists them is still good; they verify nothing.
 */
import { sha256Hex } from "#crypto/hash.ts";
import {
  formatEd25519PublicKey,
  formatPublicKeyPem,
  parseEcdsaPublicKey,
  parseEd25519PublicKey,
  parseRsaPublicKey,
} from "#crypto/public-key.ts";
import type { PublicKey } from "#crypto/public-key.ts";
import { formatHex, isHex, parseHex } from "#formats/bytes/hex.ts";
import { FormatError } from "#formats/format-error.ts";
import { canonicalJson } from "#formats/json/canonical.ts";
import { memberPath, object, objectTree, string } from "#formats/json/decode.ts";
import type { Decoder } from "#formats/json/decode.ts";
import { isJsonObject, jsonObject } from "#formats/json/value.ts";
import type { Json } from "#formats/json/value.ts";

export type TufKey = {
  /** 64 lower-case hex digits. */
  readonly keyId: string;
  /** undefined: nothing we can verify with. */
  readonly publicKey: PublicKey | undefined;
  /** The key object as received. */
  readonly tree: Json;
};

const keyMembers: Decoder<{ readonly keytype: string; readonly scheme: string }> = object({
  keytype: string,
  keyval: objectTree,
  scheme: string,
});

/** Throws FormatError `json.type` where the object lacks `keytype`, `scheme` or `keyval`. */
export function parseTufKey(tree: Json, at = ""): TufKey {
  const { keytype, scheme } = keyMembers(tree, at);
  const keyId = sha256Hex(canonicalJson(tree));
  let parsed: { readonly publicKey: PublicKey | undefined } | undefined;
  return {
    keyId,
    tree,
    // Reading a key costs more than reading its object, and a role with thousands of delegations uses a few of them.
    get publicKey() {
      parsed ??= { publicKey: parseMaterial(keytype, scheme, tree) };
      return parsed.publicKey;
    },
  };
}

/** The key object that every TUF client reads, and its id. */
export function tufKeyOf(publicKey: PublicKey): TufKey {
  const tree = jsonObject({
    keytype: keyTypes[publicKey.scheme],
    keyval: jsonObject({ public: materialText(publicKey) }),
    scheme: publicKey.scheme,
  });
  return { keyId: sha256Hex(canonicalJson(tree)), publicKey, tree };
}

/** The `keys` member of root and of delegations. Throws FormatError `tuf.key-id` for an id that is not its key's. */
export const tufKeys: Decoder<ReadonlyMap<string, TufKey>> = (value, at) => {
  const keys = new Map<string, TufKey>();
  for (const [keyId, tree] of objectTree(value, at)) {
    const key = parseTufKey(tree, memberPath(at, keyId));
    if (key.keyId !== keyId) {
      const message = `Cannot read key: its id is ${key.keyId}, not the one it is listed under`;
      throw new FormatError("tuf.key-id", message, memberPath(at, keyId));
    }
    keys.set(keyId, key);
  }
  return keys;
};

export function tufKeysToJson(keys: ReadonlyMap<string, TufKey>): Json {
  return new Map([...keys].map(([keyId, key]) => [keyId, key.tree]));
}

const keyTypes: Readonly<Record<PublicKey["scheme"], string>> = {
  "ecdsa-sha2-nistp256": "ecdsa",
  ed25519: "ed25519",
  "rsassa-pss-sha256": "rsa",
};

function materialText(key: PublicKey): string {
  if (key.scheme === "ed25519") return formatHex(formatEd25519PublicKey(key));
  return formatPublicKeyPem(key);
}

function parseMaterial(keytype: string, scheme: string, tree: Json): PublicKey | undefined {
  const keyval = isJsonObject(tree) ? tree.get("keyval") : undefined;
  const text = keyval !== undefined && isJsonObject(keyval) ? keyval.get("public") : undefined;
  if (typeof text !== "string") return undefined;
  switch (`${keytype}/${scheme}`) {
    case "ed25519/ed25519":
      return isHex(text, 32) ? parseEd25519PublicKey(parseHex(text)) : undefined;
    case "ecdsa/ecdsa-sha2-nistp256":
    // The key type's name before specification 1.0.31; old roots still carry it.
    case "ecdsa-sha2-nistp256/ecdsa-sha2-nistp256":
      return parseEcdsaPublicKey(text);
    case "rsa/rsassa-pss-sha256":
      return parseRsaPublicKey(text);
    default:
      return undefined;
  }
}
