/**
 * Files of the roles whose keys lie offline (design 5): the first ones, and the next ones after those that exist. A
 * next file keeps everything the one before said, members unknown to us included.
 */
import type { PublicKey } from "#crypto/public-key.ts";
import { isJsonObject } from "#formats/json/value.ts";
import type { Json, JsonObject } from "#formats/json/value.ts";
import { parseSigned } from "#formats/tuf/envelope.ts";
import type { Holders } from "#formats/tuf/holders.ts";
import { tufKeyOf } from "#formats/tuf/key.ts";
import type { TufKey } from "#formats/tuf/key.ts";
import { root as rootDecoder, rootToJson } from "#formats/tuf/root.ts";
import type { RoleKeys } from "#formats/tuf/role-keys.ts";
import { targets as targetsDecoder, targetsToJson } from "#formats/tuf/targets.ts";
import type { DelegatedRole, Delegations } from "#formats/tuf/targets.ts";
import { invariant } from "#core/errors.ts";
import { nextMetadata, signRole } from "./editor.ts";
import type { RoleFile, Signing, TufSigner } from "./editor.ts";
import { delegatedRoleNames, denyPath, pagePattern } from "./layout.ts";
import type { DelegatedRoleName, OfflineRoleName } from "./layout.ts";

export type RootKeys = {
  readonly root: readonly PublicKey[];
  readonly rootThreshold: number;
  readonly targets: PublicKey;
  readonly timestamp: PublicKey;
  readonly snapshot: PublicKey;
};

/** `holders`: of these keys, for people to read. */
export async function signFirstRoot(
  keys: RootKeys,
  signing: Signing,
  holders: Holders = new Map(),
): Promise<RoleFile> {
  const metadata = nextMetadata(signing);
  const { root, rootThreshold, snapshot, targets, timestamp } = keys;
  const tree = rootToJson({
    ...metadata,
    consistentSnapshot: true,
    keys: keysById([...root, snapshot, targets, timestamp]),
    roles: {
      root: roleKeysOf(root, rootThreshold),
      snapshot: roleKeysOf([snapshot]),
      targets: roleKeysOf([targets]),
      timestamp: roleKeysOf([timestamp]),
    },
    ...(holders.size > 0 && { holders }),
  });
  return await signRole("root", metadata, tree, signing);
}

export async function signFirstTargets(
  delegated: Readonly<Record<DelegatedRoleName, PublicKey>>,
  signing: Signing,
  holders: Holders = new Map(),
): Promise<RoleFile> {
  const metadata = nextMetadata(signing);
  const delegations = firstDelegations(delegated);
  const tree = targetsToJson({
    ...metadata,
    targets: new Map(),
    delegations,
    ...(holders.size > 0 && { holders }),
  });
  return await signRole("targets", metadata, tree, signing);
}

/** What `targets` delegates: names, paths and order are always the same, only keys differ. */
export function firstDelegations(
  delegated: Readonly<Record<DelegatedRoleName, PublicKey>>,
): Delegations {
  const roles = delegatedRoleNames.map((name): DelegatedRole => ({
    name,
    ...roleKeysOf([delegated[name]]),
    paths: [delegatedPath(name)],
    terminating: false,
  }));
  return { keys: keysById(Object.values(delegated)), roles };
}

export function delegatedPath(name: DelegatedRoleName): string {
  return name === "deny" ? denyPath : pagePattern;
}

/** The next file of a role, with the content of `current`. Throws FormatError when that cannot be read. */
export async function signNextOffline(
  role: OfflineRoleName,
  current: Uint8Array,
  signing: Signing,
): Promise<RoleFile> {
  const { tree } =
    role === "root" ? parseSigned(current, rootDecoder) : parseSigned(current, targetsDecoder);
  const metadata = nextMetadata(signing);
  const members: readonly (readonly [string, Json])[] = [
    ["spec_version", metadata.specVersion],
    ["version", metadata.version],
    ["expires", metadata.expires.text],
  ];
  return await signRole(role, metadata, new Map([...membersOf(tree), ...members]), signing);
}

/** Those of the keys that count for the role, as the files that delegate to it say. */
export function signersFor(
  role: OfflineRoleName,
  current: { readonly root: Uint8Array; readonly targets: Uint8Array },
  held: readonly TufSigner[],
): { readonly signers: readonly TufSigner[]; readonly threshold: number } {
  const { keyIds, threshold } =
    role === "claimed" ? claimedKeys(current.targets) : rootRoleKeys(current.root, role);
  const signers = held.filter(({ key }) => keyIds.includes(key.keyId));
  return { signers, threshold };
}

function rootRoleKeys(root: Uint8Array, role: "root" | "targets"): RoleKeys {
  return parseSigned(root, rootDecoder).value.roles[role];
}

function claimedKeys(targets: Uint8Array): RoleKeys {
  const { delegations } = parseSigned(targets, targetsDecoder).value;
  const claimed = delegations?.roles?.find(({ name }) => name === "claimed");
  invariant(claimed !== undefined, "targets delegates to claimed");
  return claimed;
}

function membersOf(tree: Json): JsonObject {
  invariant(isJsonObject(tree), "a signed role is an object");
  return tree;
}

export function roleKeysOf(keys: readonly PublicKey[], threshold: number = 1): RoleKeys {
  return { keyIds: keys.map((key) => tufKeyOf(key).keyId), threshold };
}

export function keysById(keys: readonly PublicKey[]): ReadonlyMap<string, TufKey> {
  return new Map(keys.map(tufKeyOf).map((key) => [key.keyId, key]));
}
