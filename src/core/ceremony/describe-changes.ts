/**
 * What a person has to see before signing, as values: every key with its holder, every threshold, expiry and floor,
 * before and after, who has signed, and every other member that changes. Words are made in the app.
 */
import type { Instant } from "#formats/bytes/instant.ts";
import type { CeremonyPolicy } from "#formats/ceremony/ceremony-file.ts";
import { offlineRoles } from "#formats/door/offline-metadata.ts";
import type { OfflineRole } from "#formats/door/offline-metadata.ts";
import { isJsonArray, isJsonObject, jsonObject } from "#formats/json/value.ts";
import type { Json, JsonObject } from "#formats/json/value.ts";
import type { Holder } from "#formats/tuf/holder.ts";
import { specVersion } from "#formats/tuf/metadata.ts";
import { delegatedRoleNames } from "#core/tuf/layout.ts";
import { delegatedPath } from "#core/tuf/offline-roles.ts";
import { ceremonyHash } from "./ceremony-hash.ts";
import { holderOf, keyedRoles, namingFile, signersOf } from "./open-ceremony.ts";
import type { Ceremony, KeyedRole, OfflineFiles } from "./open-ceremony.ts";
import { signatureDemands } from "./signatures.ts";
import type { SignatureDemand } from "./signatures.ts";
import { oldestRoot, rootFingerprint } from "./signing-memory.ts";
import type { NamedRoot } from "./signing-memory.ts";
import { treeChanges } from "./tree-changes.ts";
import type { TreeChange } from "./tree-changes.ts";

export type CeremonyDescription = {
  /** Of all that is proposed, without signatures. */
  readonly hash: string;
  readonly policy: CeremonyPolicy;
  /** What is said to be in force; undefined for the first ceremony. */
  readonly currentRoot: NamedRoot | undefined;
  /** From which it follows; undefined where the file brings none, or it does not. */
  readonly oldestRoot: NamedRoot | undefined;
  readonly files: readonly FileDescription[];
  readonly roles: readonly RoleDescription[];
  readonly floors: readonly FloorDescription[];
  readonly others: readonly OtherChange[];
  readonly demands: readonly SignatureDemand[];
};

export type FileDescription = {
  readonly role: OfflineRole;
  /** Whether it is signed in this ceremony. */
  readonly changes: boolean;
  readonly version: number;
  readonly versionBefore: number | undefined;
  readonly expires: Instant;
  readonly expiresBefore: Instant | undefined;
};

export type KeyChange = "added" | "other-holder" | "removed" | "same";

export type KeyDescription = {
  readonly keyId: string;
  readonly scheme: string;
  readonly change: KeyChange;
  /** As it will be said; of a removed key, as it was. Undefined: nobody said. */
  readonly holder: Holder | undefined;
  readonly holderBefore: Holder | undefined;
};

export type RoleDescription = {
  readonly role: KeyedRole;
  readonly threshold: number;
  /** undefined: there was no such role. */
  readonly thresholdBefore: number | undefined;
  readonly keys: readonly KeyDescription[];
};

export type FloorDescription = {
  readonly role: string;
  readonly floor: number | undefined;
  readonly floorBefore: number | undefined;
};

export type OtherChange = TreeChange & { readonly file: OfflineRole };

export function describeChanges(ceremony: Ceremony): CeremonyDescription {
  const { current, file } = ceremony;
  return {
    hash: ceremonyHash(ceremony),
    policy: file.policy,
    currentRoot: current && {
      version: current.root.value.version,
      fingerprint: rootFingerprint(current.root.bytes),
    },
    oldestRoot: oldestRoot(ceremony),
    files: offlineRoles.map((role) => describeFile(ceremony, role)),
    roles: keyedRoles.map((role) => describeRole(ceremony, role)),
    floors: describeFloors(ceremony),
    others: offlineRoles.flatMap((role) => otherChanges(ceremony, role)),
    demands: signatureDemands(ceremony),
  };
}

function describeFile({ after, current, next }: Ceremony, role: OfflineRole): FileDescription {
  const { expires, version } = after[role].value;
  return {
    role,
    changes: next[role] !== undefined,
    version,
    versionBefore: current?.[role].value.version,
    expires,
    expiresBefore: current?.[role].value.expires,
  };
}

function describeRole({ after, current }: Ceremony, role: KeyedRole): RoleDescription {
  const signers = signersOf(after, role);
  const before = current && signersOf(current, role);
  const keyIds = [...new Set([...signers.keyIds, ...(before?.keyIds ?? [])])];
  const keys = keyIds.map((keyId): KeyDescription => {
    const isThere = signers.keyIds.includes(keyId);
    const wasThere = before?.keyIds.includes(keyId) ?? false;
    const holderBefore = current && holderOf(current, role, keyId);
    const holder = isThere ? holderOf(after, role, keyId) : holderBefore;
    const key = (isThere ? signers : before)?.keys.get(keyId);
    const kept = sameHolder(holder, holderBefore) ? "same" : "other-holder";
    return {
      keyId,
      scheme: key?.publicKey?.scheme ?? "unknown",
      change: !wasThere ? "added" : isThere ? kept : "removed",
      holder,
      holderBefore,
    };
  });
  return { role, threshold: signers.threshold, thresholdBefore: before?.threshold, keys };
}

function sameHolder(a: Holder | undefined, b: Holder | undefined): boolean {
  return a?.name === b?.name && a?.kind === b?.kind;
}

function describeFloors({ after, current }: Ceremony): readonly FloorDescription[] {
  const floors = after.root.value.floor ?? new Map<string, number>();
  const before = current?.root.value.floor ?? new Map<string, number>();
  const roles = new Set([...floors.keys(), ...before.keys()]);
  return [...roles].map((role) => {
    return { role, floor: floors.get(role), floorBefore: before.get(role) };
  });
}

function otherChanges(ceremony: Ceremony, role: OfflineRole): readonly OtherChange[] {
  const { after, current, next } = ceremony;
  const file = next[role];
  if (file === undefined) return [];
  const before =
    current === undefined ? usualTree(role) : undescribed(current, role, current[role].tree);
  const changes = treeChanges(before, undescribed(after, role, after[role].tree));
  return changes.map((change) => ({ file: role, ...change }));
}

/** The members of one of these files that no other part of a description shows. */
function undescribed(files: OfflineFiles, file: OfflineRole, tree: Json): JsonObject {
  const rest = new Map(isJsonObject(tree) ? tree : []);
  rest.delete("version");
  rest.delete("expires");
  if (file === "claimed") return rest;
  if (file === "root") {
    rest.delete("keys");
    rest.delete("x-floor");
    const roles = rest.get("roles") ?? null;
    if (isJsonObject(roles)) {
      const shown = [...roles].map(([name, role]) => [name, withoutKeys(name, role)] as const);
      rest.set("roles", new Map(shown));
    }
  } else {
    const delegations = new Map(objectOf(rest.get("delegations")));
    delegations.delete("keys");
    const roles = delegations.get("roles") ?? null;
    if (isJsonArray(roles)) {
      const shown = roles.map((role) => withoutKeys(objectOf(role).get("name"), role));
      delegations.set("roles", shown);
    }
    rest.set("delegations", delegations);
  }
  // A holder is shown beside its key; what stands for no key, or in words that we do not know, is shown as it is.
  const shown = (keyId: string): boolean =>
    keyedRoles.some(
      (role) =>
        namingFile(role) === file &&
        signersOf(files, role).keyIds.includes(keyId) &&
        holderOf(files, role, keyId) !== undefined,
    );
  const holders = [...objectOf(rest.get("x-holders"))].filter(
    ([keyId, holder]) => !shown(keyId) || objectOf(holder).size > 2,
  );
  rest.delete("x-holders");
  if (holders.length > 0) rest.set("x-holders", new Map(holders));
  return rest;
}

/** Of the roles that are described; of others every member is shown. */
function withoutKeys(name: Json | undefined, role: Json): Json {
  const rest = new Map(objectOf(role));
  if (!keyedRoles.some((known) => known === name)) return rest;
  rest.delete("keyids");
  rest.delete("threshold");
  return rest;
}

function objectOf(value: Json | undefined): JsonObject {
  return value !== undefined && isJsonObject(value) ? value : new Map();
}

/** What every first file says, so that only what is unusual about one is shown. */
function usualTree(role: OfflineRole): JsonObject {
  const common = { _type: role === "root" ? "root" : "targets", spec_version: specVersion };
  if (role === "root") {
    const roles = {
      root: new Map(),
      snapshot: new Map(),
      targets: new Map(),
      timestamp: new Map(),
    };
    return jsonObject({ ...common, consistent_snapshot: true, roles: jsonObject(roles) });
  }
  if (role === "claimed") return jsonObject({ ...common, targets: new Map() });
  const roles = delegatedRoleNames.map((name) =>
    jsonObject({ name, paths: [delegatedPath(name)], terminating: false }),
  );
  return jsonObject({ ...common, targets: new Map(), delegations: jsonObject({ roles }) });
}
