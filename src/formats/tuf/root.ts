/** root.json (specification 4.3): the keys and thresholds of the four top-level roles. */
import { FormatError } from "#formats/format-error.ts";
import {
  boolean,
  memberPath,
  object,
  objectTree,
  optional,
  positive,
  record,
} from "#formats/json/decode.ts";
import type { Decoder } from "#formats/json/decode.ts";
import { jsonObject } from "#formats/json/value.ts";
import type { JsonObject } from "#formats/json/value.ts";
import { holders, holdersToJson } from "./holders.ts";
import type { Holders } from "./holders.ts";
import { tufKeys, tufKeysToJson } from "./key.ts";
import type { TufKey } from "./key.ts";
import { metadataToJson, parseMetadata } from "./metadata.ts";
import type { Metadata, RoleType } from "./metadata.ts";
import { roleKeys, roleKeysToJson } from "./role-keys.ts";
import type { RoleKeys } from "./role-keys.ts";

export type Root = Metadata & {
  /** Whether file names carry versions and target names hashes (specification 6.2). */
  readonly consistentSnapshot: boolean;
  readonly keys: ReadonlyMap<string, TufKey>;
  readonly roles: Readonly<Record<RoleType, RoleKeys>>;
  /** `x-floor`, ours: the lowest version of a targets role that may still be accepted. */
  readonly floor?: ReadonlyMap<string, number>;
  /** `x-holders`, ours: who holds the keys. */
  readonly holders?: Holders;
};

/** Throws FormatError `tuf.*`, `json.type`, `bytes.instant`. */
export const root: Decoder<Root> = (value, at) => {
  const metadata = parseMetadata("root", value, at);
  const members = rootMembers(value, at);
  return {
    ...metadata,
    consistentSnapshot: members.consistent_snapshot,
    keys: members.keys,
    roles: members.roles,
    ...(members["x-floor"] !== undefined && { floor: members["x-floor"] }),
    ...(members["x-holders"] !== undefined && { holders: members["x-holders"] }),
  };
};

const roles: Decoder<Root["roles"]> = (value, at) => {
  const tree = objectTree(value, at);
  const role = (name: RoleType): RoleKeys => {
    const member = tree.get(name);
    if (member !== undefined) return roleKeys(member, memberPath(at, name));
    throw new FormatError("tuf.metadata", `Cannot read root: it names no keys for ${name}`, at);
  };
  return {
    root: role("root"),
    snapshot: role("snapshot"),
    targets: role("targets"),
    timestamp: role("timestamp"),
  };
};

const rootMembers: Decoder<{
  readonly consistent_snapshot: boolean;
  readonly keys: ReadonlyMap<string, TufKey>;
  readonly roles: Root["roles"];
  readonly "x-floor"?: ReadonlyMap<string, number>;
  readonly "x-holders"?: Holders;
}> = object({
  consistent_snapshot: boolean,
  keys: tufKeys,
  roles,
  "x-floor": optional(record(positive("tuf.version"))),
  "x-holders": optional(holders),
});

/** The `signed` member. `extra` are members beyond the specification, as received. */
export function rootToJson(value: Root, extra: JsonObject = new Map()): JsonObject {
  return new Map([
    ...extra,
    ...metadataToJson("root", value),
    ...jsonObject({
      consistent_snapshot: value.consistentSnapshot,
      keys: tufKeysToJson(value.keys),
      roles: jsonObject({
        root: roleKeysToJson(value.roles.root),
        snapshot: roleKeysToJson(value.roles.snapshot),
        targets: roleKeysToJson(value.roles.targets),
        timestamp: roleKeysToJson(value.roles.timestamp),
      }),
      "x-floor": value.floor,
      "x-holders": value.holders && holdersToJson(value.holders),
    }),
  ]);
}
