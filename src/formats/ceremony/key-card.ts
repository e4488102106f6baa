/**
 * Key cards (docs/spec/key-files.md): a public key on its way from its holder to a ceremony. A card proves nothing; what
 * people compare is the key's fingerprint.
 */
import { FormatError } from "#formats/format-error.ts";
import { literal, object } from "#formats/json/decode.ts";
import type { Decoder } from "#formats/json/decode.ts";
import { formatJson } from "#formats/json/format.ts";
import { parseJson } from "#formats/json/parse.ts";
import { jsonObject } from "#formats/json/value.ts";
import { holder } from "#formats/tuf/holder.ts";
import type { Holder } from "#formats/tuf/holder.ts";
import { parseTufKey, tufKeyOf } from "#formats/tuf/key.ts";
import type { TufKey } from "#formats/tuf/key.ts";

export type KeyCard = Holder & {
  /** Written in the one way that gives it its id; we can verify with it. */
  readonly key: TufKey;
};

export const keyCardLimits = {
  sizeMax: 32_768,
  depthMax: 8,
} as const;

const version = 1;

/** Throws FormatError `key-card.key`, `tuf.holder`, or `json.*` and `bytes.*` from below. */
export function parseKeyCard(bytes: Uint8Array, file = ""): KeyCard {
  const tree = parseJson(bytes, keyCardLimits, file);
  const { key } = members(tree, file);
  return { ...holder(tree, file), key };
}

export function formatKeyCard({ key, kind, name }: KeyCard): Uint8Array {
  return formatJson(jsonObject({ "holdfast-key-card": version, name, kind, key: key.tree }));
}

/** What people compare aloud: of the key alone, whoever holds it. */
export function keyFingerprint({ keyId }: TufKey): string {
  return `sha256:${keyId}`;
}

/**
 * A TUF key object in the one form that `tufKeyOf` gives it: a second form would be a second id for the same key.
 * Throws FormatError `key-card.key`.
 */
export const usableKey: Decoder<TufKey> = (value, at) => {
  const key = parseTufKey(value, at);
  if (key.publicKey === undefined) throw unusable("it is not one that we can verify with", at);
  if (tufKeyOf(key.publicKey).keyId !== key.keyId) {
    throw unusable("it is not written in its usual form, so that it would have a second id", at);
  }
  return key;
};

const members = object({ "holdfast-key-card": literal(version), key: usableKey });

function unusable(reason: string, at: string): FormatError {
  return new FormatError("key-card.key", `Cannot use the key of this card: ${reason}`, at);
}
