/**
 * The offline roles at the door: current ones on their way to a ceremony, newly signed ones on their way back. Several
 * may come at once and are then published together, because one may verify only beside another.
 */
import { formatBase64, parseBase64 } from "#formats/bytes/base64.ts";
import { natural, object, optional, string } from "#formats/json/decode.ts";
import type { Decoder } from "#formats/json/decode.ts";
import { formatJson } from "#formats/json/format.ts";
import { parseJson } from "#formats/json/parse.ts";
import { jsonObject } from "#formats/json/value.ts";
import type { Json } from "#formats/json/value.ts";
import { FormatError } from "#formats/format-error.ts";
import { doorLimits } from "./limits.ts";

export type OfflineRole = "claimed" | "root" | "targets";

export const offlineRoles: readonly OfflineRole[] = ["root", "targets", "claimed"];

export function isOfflineRole(text: string): text is OfflineRole {
  return offlineRoles.some((role) => role === text);
}

/** Newly signed files, exact bytes. */
export type OfflineMetadata = Readonly<Partial<Record<OfflineRole, Uint8Array>>>;

/** What a ceremony starts from. */
export type CurrentOfflineMetadata = {
  readonly metadata: Readonly<Record<OfflineRole, Uint8Array>>;
  /** What the next file of each must say: one more, or further after a restored backup. */
  readonly nextVersions: Readonly<Record<OfflineRole, number>>;
};

export function formatOfflineMetadata(metadata: OfflineMetadata): Uint8Array {
  return formatJson(metadataToJson(metadata));
}

/** Throws FormatError `json.*`, `bytes.base64` or `bytes.utf8`. */
export function parseOfflineMetadata(bytes: Uint8Array): OfflineMetadata {
  const { metadataSizeMax: sizeMax, depthMax } = doorLimits;
  const metadata = submitted(parseJson(bytes, { sizeMax, depthMax }), "metadata");
  if (offlineRoles.some((role) => metadata[role] !== undefined)) return metadata;
  throw new FormatError("json.type", "Cannot read metadata: it names no offline role", "metadata");
}

export function formatCurrentOfflineMetadata(current: CurrentOfflineMetadata): Uint8Array {
  return formatJson(
    jsonObject({
      metadata: metadataToJson(current.metadata),
      nextVersions: jsonObject({ ...current.nextVersions }),
    }),
  );
}

/** Throws FormatError `json.*`, `bytes.base64` or `bytes.utf8`. */
export function parseCurrentOfflineMetadata(bytes: Uint8Array): CurrentOfflineMetadata {
  const { answerSizeMax: sizeMax, depthMax } = doorLimits;
  return current(parseJson(bytes, { sizeMax, depthMax }), "current");
}

function metadataToJson(metadata: OfflineMetadata): Json {
  const text = (bytes: Uint8Array | undefined): string | undefined =>
    bytes === undefined ? undefined : formatBase64(bytes);
  return jsonObject({
    root: text(metadata.root),
    targets: text(metadata.targets),
    claimed: text(metadata.claimed),
  });
}

const file: Decoder<Uint8Array> = (value, at) => parseBase64(string(value, at), at);

const submitted = object({
  root: optional(file),
  targets: optional(file),
  claimed: optional(file),
});

const current = object({
  metadata: object({ root: file, targets: file, claimed: file }),
  nextVersions: object({ root: natural, targets: natural, claimed: natural }),
});
