/**
 * What lies beside a key: the root its holder saw last, and what the key signed last. It is kept by the holder's own
 * machine for itself and is no secret.
 */
import { formatBase64, parseBase64 } from "#formats/bytes/base64.ts";
import { offlineRoles } from "#formats/door/offline-metadata.ts";
import type { OfflineRole } from "#formats/door/offline-metadata.ts";
import { FormatError } from "#formats/format-error.ts";
import { literal, object, optional, positive, string } from "#formats/json/decode.ts";
import type { Decoder } from "#formats/json/decode.ts";
import { formatJson } from "#formats/json/format.ts";
import { parseJson } from "#formats/json/parse.ts";
import { jsonObject } from "#formats/json/value.ts";
import type { Json } from "#formats/json/value.ts";

export type SigningNote = {
  readonly keyId: string;
  /** Exact bytes of the root that was in force when the key signed last; undefined before any was. */
  readonly root?: Uint8Array;
  /** The highest versions that were in force when the key signed. */
  readonly seen?: Readonly<Record<"claimed" | "targets", number>>;
  readonly signed: Readonly<Partial<Record<OfflineRole, SignedVersion>>>;
};

export type SignedVersion = {
  readonly version: number;
  /** Of the canonical form of what was signed, lower-case hex. */
  readonly sha256: string;
};

export const signingNoteLimits = { sizeMax: 1_048_576, depthMax: 8 } as const;

export function formatSigningNote({ keyId, root, seen, signed }: SigningNote): Uint8Array {
  const roles = offlineRoles.map((role): [string, Json | undefined] => {
    const last = signed[role];
    return [role, last && jsonObject({ ...last })];
  });
  return formatJson(
    jsonObject({
      "holdfast-signed": 1,
      key: keyId,
      root: root && formatBase64(root),
      seen: seen && jsonObject({ ...seen }),
      signed: jsonObject(Object.fromEntries(roles)),
    }),
  );
}

const digest: Decoder<string> = (value, at) => {
  const text = string(value, at);
  if (/^[0-9a-f]{64}$/.test(text)) return text;
  throw new FormatError("ceremony.malformed", "Cannot read signing note: a bad hash", at);
};

const signedVersion = object({ version: positive("ceremony.malformed"), sha256: digest });

const note = object({
  "holdfast-signed": literal(1, "ceremony.malformed"),
  key: digest,
  root: optional<Uint8Array>((value, at) => parseBase64(string(value, at), at)),
  seen: optional(
    object({
      targets: positive("ceremony.malformed"),
      claimed: positive("ceremony.malformed"),
    }),
  ),
  signed: object({
    root: optional(signedVersion),
    targets: optional(signedVersion),
    claimed: optional(signedVersion),
  }),
});

/** Throws FormatError `ceremony.malformed`, `json.*`, `bytes.*`. */
export function parseSigningNote(bytes: Uint8Array): SigningNote {
  const { key, root, seen, signed } = note(parseJson(bytes, signingNoteLimits, "note"), "note");
  return { keyId: key, ...(root !== undefined && { root }), ...(seen && { seen }), signed };
}
