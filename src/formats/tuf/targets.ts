/** targets.json and delegated roles (specification 4.5): files with their hashes, and who else may speak for which paths. */
import { sha256Hex } from "#crypto/hash.ts";
import { FormatError } from "#formats/format-error.ts";
import { canonicalString, codePointOrder, integerText } from "#formats/json/canonical.ts";
import {
  boolean,
  json,
  list,
  natural,
  object,
  optional,
  record,
  string,
} from "#formats/json/decode.ts";
import type { Decoder } from "#formats/json/decode.ts";
import { jsonObject } from "#formats/json/value.ts";
import type { Json, JsonObject } from "#formats/json/value.ts";
import { holders, holdersToJson } from "./holders.ts";
import type { Holders } from "./holders.ts";
import { tufKeys, tufKeysToJson } from "./key.ts";
import type { TufKey } from "./key.ts";
import { hashes, metadataToJson, parseMetadata } from "./metadata.ts";
import type { Metadata } from "./metadata.ts";
import { matchesPathPattern, pathPattern } from "./path-pattern.ts";
import { delegatedRoleName } from "./role-file.ts";
import { keyIds, threshold } from "./role-keys.ts";
import type { RoleKeys } from "./role-keys.ts";
import { binName, succinctRoles, succinctRolesToJson } from "./succinct-roles.ts";
import type { SuccinctRoles } from "./succinct-roles.ts";

export type Targets = Metadata & {
  readonly targets: ReadonlyMap<string, TargetFile>;
  readonly delegations?: Delegations;
  /** `x-holders`, ours: who holds the keys of the delegated roles. */
  readonly holders?: Holders;
};

export type TargetFile = {
  /** Bytes. */
  readonly length: number;
  /** Algorithm name → lower-case hex, at least one. */
  readonly hashes: ReadonlyMap<string, string>;
  readonly custom?: Json;
};

export type Delegations =
  | {
      readonly keys: ReadonlyMap<string, TufKey>;
      /** In order of priority; names are unique. */
      readonly roles: readonly DelegatedRole[];
      readonly succinct?: never;
    }
  | {
      readonly keys: ReadonlyMap<string, TufKey>;
      readonly roles?: never;
      readonly succinct: SuccinctRoles;
    };

/** Exactly one of `paths` and `pathHashPrefixes` is there. */
export type DelegatedRole = RoleKeys & {
  readonly name: string;
  readonly terminating: boolean;
  readonly paths?: readonly string[];
  /** Lower-case hex, compared with SHA-256(target path). */
  readonly pathHashPrefixes?: readonly string[];
};

/** Who may sign one delegated role, as its delegator says. */
export type Delegation = RoleKeys & {
  readonly name: string;
  readonly keys: ReadonlyMap<string, TufKey>;
  /** When it matches, nothing behind it is looked at. All clients take bins as terminating, against the text of TAP 15. */
  readonly terminating: boolean;
};

/** Throws FormatError `tuf.*`, `json.type`, `bytes.instant`. */
export const targets: Decoder<Targets> = (value, at) => {
  const metadata = parseMetadata("targets", value, at);
  const { "x-holders": held, ...members } = targetsMembers(value, at);
  return { ...metadata, ...members, ...(held !== undefined && { holders: held }) };
};

const targetFile: Decoder<TargetFile> = object({ length: natural, hashes, custom: optional(json) });

const hashPrefixPattern: RegExp = /^[0-9a-f]{0,64}$/;

const hashPrefix: Decoder<string> = (value, at) => {
  const prefix = string(value, at);
  if (!hashPrefixPattern.test(prefix)) {
    throw new FormatError("tuf.path-pattern", "Cannot read delegation: a bad hash prefix", at);
  }
  return prefix;
};

const delegatedMembers: Decoder<{
  readonly name: string;
  readonly keyids: readonly string[];
  readonly threshold: number;
  readonly terminating: boolean;
  readonly paths?: readonly string[];
  readonly path_hash_prefixes?: readonly string[];
}> = object({
  name: delegatedRoleName,
  keyids: keyIds,
  threshold,
  terminating: boolean,
  paths: optional(list(pathPattern)),
  path_hash_prefixes: optional(list(hashPrefix)),
});

const delegatedRole: Decoder<DelegatedRole> = (value, at) => {
  const members = delegatedMembers(value, at);
  const { name, keyids, threshold, terminating, paths } = members;
  const pathHashPrefixes = members.path_hash_prefixes;
  if ((paths === undefined) === (pathHashPrefixes === undefined)) {
    const message = "Cannot read delegation: expected either paths or path_hash_prefixes";
    throw new FormatError("tuf.metadata", message, at);
  }
  const role = { name, keyIds: keyids, threshold, terminating };
  if (paths !== undefined) return { ...role, paths };
  return { ...role, pathHashPrefixes: pathHashPrefixes ?? [] };
};

const delegatedRoles: Decoder<readonly DelegatedRole[]> = (value, at) => {
  const roles = list(delegatedRole)(value, at);
  if (new Set(roles.map((role) => role.name)).size !== roles.length) {
    const message = "Cannot read delegations: a role is delegated to twice";
    throw new FormatError("tuf.metadata", message, at);
  }
  return roles;
};

const delegations: Decoder<Delegations> = (value, at) => {
  const { keys, roles, succinct_roles: succinct } = delegationsMembers(value, at);
  if (roles !== undefined && succinct === undefined) return { keys, roles };
  if (roles === undefined && succinct !== undefined) return { keys, succinct };
  const message = "Cannot read delegations: expected either roles or succinct_roles";
  throw new FormatError("tuf.metadata", message, at);
};

const delegationsMembers: Decoder<{
  readonly keys: ReadonlyMap<string, TufKey>;
  readonly roles?: readonly DelegatedRole[];
  readonly succinct_roles?: SuccinctRoles;
}> = object({
  keys: tufKeys,
  roles: optional(delegatedRoles),
  succinct_roles: optional(succinctRoles),
});

const targetsMembers: Decoder<
  Pick<Targets, "delegations" | "targets"> & { readonly "x-holders"?: Holders }
> = object({
  targets: record(targetFile),
  delegations: optional(delegations),
  "x-holders": optional(holders),
});

/** The delegations that cover `path`, in order of priority, up to and including the first terminating one. */
export function delegationsFor(delegations: Delegations, path: string): readonly Delegation[] {
  const { keys, roles, succinct } = delegations;
  if (succinct !== undefined) {
    return [{ ...succinct, name: binName(succinct, path), keys, terminating: true }];
  }
  const found: Delegation[] = [];
  for (const role of roles) {
    if (!coversPath(role, path)) continue;
    const { name, keyIds, threshold, terminating } = role;
    found.push({ name, keyIds, threshold, keys, terminating });
    if (terminating) break;
  }
  return found;
}

/** Whether `role` may speak for `path`. */
export function coversPath(role: DelegatedRole, path: string): boolean {
  if (role.paths !== undefined) {
    return role.paths.some((pattern) => matchesPathPattern(pattern, path));
  }
  if (role.pathHashPrefixes === undefined) return false;
  const digest = sha256Hex(Buffer.from(path, "utf8"));
  return role.pathHashPrefixes.some((prefix) => digest.startsWith(prefix));
}

/** The `signed` member. `extra` are members beyond the specification. */
export function targetsToJson(value: Targets, extra: JsonObject = new Map()): JsonObject {
  const files = new Map<string, Json>();
  for (const [path, file] of value.targets) {
    const { custom, hashes, length } = file;
    files.set(path, jsonObject({ custom, hashes, length }));
  }
  const delegations = value.delegations && delegationsToJson(value.delegations);
  return new Map([
    ...extra,
    ...metadataToJson("targets", value),
    ...jsonObject({
      delegations,
      targets: files,
      "x-holders": value.holders && holdersToJson(value.holders),
    }),
  ]);
}

function delegationsToJson(delegations: Delegations): Json {
  const { keys, roles, succinct } = delegations;
  return jsonObject({
    keys: tufKeysToJson(keys),
    roles: roles?.map(delegatedRoleToJson),
    succinct_roles: succinct && succinctRolesToJson(succinct),
  });
}

function delegatedRoleToJson(role: DelegatedRole): Json {
  return jsonObject({
    keyids: [...role.keyIds],
    name: role.name,
    path_hash_prefixes: role.pathHashPrefixes,
    paths: role.paths,
    terminating: role.terminating,
    threshold: role.threshold,
  });
}

/**
 * The canonical form of `targetsToJson(value)` for a role that only lists files, each by its length and SHA-256: character
 * by character the same without the tree. A signer writes thousands of bins in one go. Throws FormatError `json.number`, or
 * `json.duplicate-member` for a path that is there twice.
 */
export function fileListText(
  { expires, specVersion, version }: Metadata,
  files: readonly { readonly path: string; readonly length: number; readonly sha256: string }[],
): string {
  const lines: string[] = [];
  let before: string | undefined;
  const compare = codePointOrder(files.map(({ path }) => path));
  const sorted = files.toSorted((a, b) => compare(a.path, b.path));
  for (const { length, path, sha256 } of sorted) {
    if (path === before) {
      throw new FormatError("json.duplicate-member", "Cannot write targets: a path is there twice");
    }
    before = path;
    const hash = canonicalString(sha256);
    lines.push(
      `${canonicalString(path)}:{"hashes":{"sha256":${hash}},"length":${integerText(length)}}`,
    );
  }
  return [
    `{"_type":"targets","expires":${canonicalString(expires.text)},`,
    `"spec_version":${canonicalString(specVersion)},"targets":{${lines.join(",")}},`,
    `"version":${integerText(version)}}`,
  ].join("");
}
