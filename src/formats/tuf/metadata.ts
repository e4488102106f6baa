/** The members that all signed role files have (specification 4.2.1), and the reference to one file from another. */
import type { Instant } from "#formats/bytes/instant.ts";
import { parseInstant } from "#formats/bytes/instant.ts";
import { FormatError } from "#formats/format-error.ts";
import {
  literal,
  natural,
  object,
  optional,
  positive,
  record,
  string,
} from "#formats/json/decode.ts";
import type { Decoder } from "#formats/json/decode.ts";
import { jsonObject } from "#formats/json/value.ts";
import type { Json, JsonObject } from "#formats/json/value.ts";

export type RoleType = "root" | "snapshot" | "targets" | "timestamp";

export type Metadata = {
  readonly specVersion: string;
  /** One or more. */
  readonly version: number;
  readonly expires: Instant;
};

/** A file as its parent lists it. Where hashes are missing, the version alone identifies the content. */
export type MetaFile = {
  readonly version: number;
  /** Bytes. */
  readonly length?: number;
  readonly hashes?: ReadonlyMap<string, string>;
};

/** What our own editor writes. */
export const specVersion = "1.0.34";

const specVersionPattern: RegExp = /^1\.[0-9]{1,9}(?:\.[0-9]{1,9})?$/;

/** Major version 1, as MAJOR.MINOR.PATCH or MAJOR.MINOR (TAP 6). Throws FormatError `tuf.spec-version`. */
const specVersionText: Decoder<string> = (value, at) => {
  const text = string(value, at);
  if (!specVersionPattern.test(text)) {
    throw new FormatError("tuf.spec-version", "Cannot read metadata: spec_version is not 1.x", at);
  }
  return text;
};

const instant: Decoder<Instant> = (value, at) => parseInstant(string(value, at), at);

/** Throws FormatError `tuf.type`, `tuf.spec-version`, `tuf.version`, `bytes.instant`. */
export function parseMetadata(type: RoleType, value: Json, at: string): Metadata {
  // The type first: everything else said of a file of the wrong type would mislead.
  object({ _type: literal(type, "tuf.type") })(value, at);
  const members = commonMembers(value, at);
  const { spec_version: specVersion, version, expires } = members;
  return { specVersion, version, expires };
}

const commonMembers: Decoder<{
  readonly spec_version: string;
  readonly version: number;
  readonly expires: Instant;
}> = object({ spec_version: specVersionText, version: positive("tuf.version"), expires: instant });

export function metadataToJson(type: RoleType, value: Metadata): JsonObject {
  return jsonObject({
    _type: type,
    expires: value.expires.text,
    spec_version: value.specVersion,
    version: value.version,
  });
}

/** Algorithm name → lower-case hex, at least one. */
export const hashes: Decoder<ReadonlyMap<string, string>> = (value, at) => {
  const members = record(string)(value, at);
  if (members.size === 0) {
    throw new FormatError("tuf.metadata", "Cannot read metadata: hashes are listed but empty", at);
  }
  return members;
};

export const metaFile: Decoder<MetaFile> = object({
  version: positive("tuf.version"),
  length: optional(natural),
  hashes: optional(hashes),
});

export function metaFileToJson(file: MetaFile): Json {
  return jsonObject({ hashes: file.hashes, length: file.length, version: file.version });
}
