/** snapshot.json (specification 4.4): the version of every targets role at one moment. */
import { FormatError } from "#formats/format-error.ts";
import {
  canonicalString,
  canonicalText,
  compareCodePoints,
  integerText,
} from "#formats/json/canonical.ts";
import { memberPath, object, objectTree } from "#formats/json/decode.ts";
import type { Decoder } from "#formats/json/decode.ts";
import { isJsonObject, jsonObject } from "#formats/json/value.ts";
import type { Json, JsonObject } from "#formats/json/value.ts";
import { metaFile, metaFileToJson, metadataToJson, parseMetadata } from "./metadata.ts";
import type { MetaFile, Metadata } from "./metadata.ts";

export type Snapshot = Metadata & {
  /** By role name, without the `.json` of the file. */
  readonly meta: ListedRoles;
};

/** Each role once. A `ReadonlyMap` is one. */
export type ListedRoles = Iterable<readonly [string, MetaFile]> & {
  get(role: string): MetaFile | undefined;
};

/** Throws FormatError `tuf.*`, `json.type`, `bytes.instant`. */
export const snapshot: Decoder<Snapshot> = (value, at) => {
  const metadata = parseMetadata("snapshot", value, at);
  return { ...metadata, meta: snapshotMembers(value, at).meta };
};

const suffix = ".json";

const roleFiles: Decoder<ListedRoles> = (value, at) => {
  const tree = objectTree(value, at);
  for (const [name, file] of tree) {
    if (!name.endsWith(suffix)) {
      const message = "Cannot read snapshot: it lists a name that does not end in .json";
      throw new FormatError("tuf.metadata", message, memberPath(at, name));
    }
    if (versionAlone(file) === undefined) metaFile(file, memberPath(at, name));
  }
  return new RolesOfTree(tree);
};

/** Nearly all of them, and there may be many thousand: read without a path for messages. */
function versionAlone(file: Json): number | undefined {
  if (!isJsonObject(file) || file.size !== 1) return undefined;
  const version = file.get("version");
  return typeof version === "number" && version >= 1 ? version : undefined;
}

/** A tree whose members have all been decoded once. Few of them are asked for, so none is kept a second time. */
class RolesOfTree implements ListedRoles {
  readonly #tree: JsonObject;

  constructor(tree: JsonObject) {
    this.#tree = tree;
  }

  get(role: string): MetaFile | undefined {
    const file = this.#tree.get(role + suffix);
    return file === undefined ? undefined : decodedFile(file);
  }

  *[Symbol.iterator](): Generator<readonly [string, MetaFile]> {
    for (const [name, file] of this.#tree) {
      yield [name.slice(0, -suffix.length), decodedFile(file)];
    }
  }
}

function decodedFile(file: Json): MetaFile {
  const version = versionAlone(file);
  return version === undefined ? metaFile(file, "") : { version };
}

const snapshotMembers: Decoder<{ readonly meta: ListedRoles }> = object({ meta: roleFiles });

/** The `signed` member. `extra` are members beyond the specification. */
export function snapshotToJson(value: Snapshot, extra: JsonObject = new Map()): JsonObject {
  const meta = new Map<string, Json>();
  for (const [role, file] of value.meta) meta.set(role + suffix, metaFileToJson(file));
  return new Map([...extra, ...metadataToJson("snapshot", value), ...jsonObject({ meta })]);
}

/**
 * The canonical form of `snapshotToJson({ ...metadata, meta })`, character by character, without the tree: a signer of
 * many thousand bins writes one for each upload. `lines` are the `metaLines` of `meta`, or of its parts in the order of
 * their file names, with a comma between two. Throws FormatError `json.number`.
 */
export function snapshotText({ expires, specVersion, version }: Metadata, lines: string): string {
  return [
    `{"_type":"snapshot","expires":${canonicalString(expires.text)},"meta":{${lines}},`,
    `"spec_version":${canonicalString(specVersion)},"version":${integerText(version)}}`,
  ].join("");
}

/** What a snapshot says of these roles, each of them there once, in canonical form. Throws FormatError `json.number`. */
export function metaLines(meta: Iterable<readonly [string, MetaFile]>): string {
  const sorted = [...meta].toSorted(([a], [b]) => compareCodePoints(a + suffix, b + suffix));
  return sorted.map(([role, file]) => metaLine(role, file)).join(",");
}

/** One of these lines. */
export function metaLine(role: string, file: MetaFile): string {
  return `${canonicalString(role + suffix)}:${metaFileText(file)}`;
}

function metaFileText(file: MetaFile): string {
  const { hashes, length, version } = file;
  if (hashes !== undefined || length !== undefined) return canonicalText(metaFileToJson(file));
  return `{"version":${integerText(version)}}`;
}
