/** timestamp.json (specification 4.6): the one snapshot that is current. */
import { FormatError } from "#formats/format-error.ts";
import { memberPath, object, objectTree } from "#formats/json/decode.ts";
import type { Decoder } from "#formats/json/decode.ts";
import { jsonObject } from "#formats/json/value.ts";
import type { JsonObject } from "#formats/json/value.ts";
import { metaFile, metaFileToJson, metadataToJson, parseMetadata } from "./metadata.ts";
import type { MetaFile, Metadata } from "./metadata.ts";

export type Timestamp = Metadata & { readonly snapshot: MetaFile };

/** Throws FormatError `tuf.*`, `json.type`, `bytes.instant`. */
export const timestamp: Decoder<Timestamp> = (value, at) => {
  const metadata = parseMetadata("timestamp", value, at);
  return { ...metadata, snapshot: timestampMembers(value, at).meta };
};

const onlySnapshot: Decoder<MetaFile> = (value, at) => {
  const tree = objectTree(value, at);
  const snapshot = tree.get("snapshot.json");
  if (snapshot === undefined || tree.size !== 1) {
    const message = "Cannot read timestamp: it must list snapshot.json and nothing else";
    throw new FormatError("tuf.metadata", message, at);
  }
  return metaFile(snapshot, memberPath(at, "snapshot.json"));
};

const timestampMembers: Decoder<{ readonly meta: MetaFile }> = object({ meta: onlySnapshot });

/** The `signed` member. `extra` are members beyond the specification. */
export function timestampToJson(value: Timestamp, extra: JsonObject = new Map()): JsonObject {
  const meta = jsonObject({ "snapshot.json": metaFileToJson(value.snapshot) });
  return new Map([...extra, ...metadataToJson("timestamp", value), ...jsonObject({ meta })]);
}
