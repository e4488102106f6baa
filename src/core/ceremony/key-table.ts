/**
 * The part of root or targets that says whose signature counts, as a tree to change: keys, roles, holders. Members that
 * we do not know stay where they are.
 */
import type { KeyCard } from "#formats/ceremony/key-card.ts";
import { list, objectTree, string } from "#formats/json/decode.ts";
import { jsonObject } from "#formats/json/value.ts";
import type { Json, JsonObject } from "#formats/json/value.ts";
import { holderToJson } from "#formats/tuf/holder.ts";
import { roleKeys } from "#formats/tuf/role-keys.ts";
import type { RoleKeys } from "#formats/tuf/role-keys.ts";
import { RefusedError } from "#core/errors.ts";

export type KeyTable = {
  readonly keys: JsonObject;
  /** By name, in the file's order. */
  readonly roles: ReadonlyMap<string, JsonObject>;
  readonly holders: JsonObject;
};

const holdersMember = "x-holders";

export function rootKeyTable(signed: JsonObject): KeyTable {
  const roles = new Map<string, JsonObject>();
  for (const [name, role] of memberTree(signed, "roles")) roles.set(name, objectTree(role, name));
  return { keys: memberTree(signed, "keys"), roles, holders: memberTree(signed, holdersMember) };
}

export function withRootKeyTable(signed: JsonObject, table: KeyTable): JsonObject {
  return withHolders(new Map([...signed, ["keys", table.keys], ["roles", table.roles]]), table);
}

export function targetsKeyTable(signed: JsonObject): KeyTable {
  const delegations = memberTree(signed, "delegations");
  const roles = new Map<string, JsonObject>();
  for (const role of list(objectTree)(delegations.get("roles") ?? [], "roles")) {
    roles.set(string(role.get("name") ?? null, "name"), role);
  }
  const keys = memberTree(delegations, "keys");
  return { keys, roles, holders: memberTree(signed, holdersMember) };
}

export function withTargetsKeyTable(signed: JsonObject, table: KeyTable): JsonObject {
  const delegations = new Map([
    ...memberTree(signed, "delegations"),
    ...jsonObject({ keys: table.keys, roles: [...table.roles.values()] }),
  ]);
  return withHolders(new Map([...signed, ["delegations", delegations]]), table);
}

/** Throws RefusedError `ceremony.edit` where the table has no such role. */
export function keysOfRole(table: KeyTable, role: string): RoleKeys {
  return roleKeys(roleTree(table, role), role);
}

/** The role with these keys and this threshold; keys that no role uses any more go, with their holders. */
export function withRoleKeys(
  table: KeyTable,
  role: string,
  { keyIds, threshold }: RoleKeys,
  added?: KeyCard,
): KeyTable {
  const changed = new Map([
    ...roleTree(table, role),
    ...jsonObject({ keyids: [...keyIds], threshold }),
  ]);
  const roles = new Map([...table.roles, [role, changed]]);
  const used = usedKeyIds(roles);
  const wasUsed = usedKeyIds(table.roles);
  const isKept = ([keyId]: readonly [string, Json]): boolean =>
    used.has(keyId) || !wasUsed.has(keyId);
  const keys = new Map([...table.keys].filter(isKept));
  const holders = new Map([...table.holders].filter(isKept));
  if (added !== undefined) {
    keys.set(added.key.keyId, added.key.tree);
    holders.set(added.key.keyId, holderToJson(added));
  }
  return { keys, roles, holders };
}

function usedKeyIds(roles: KeyTable["roles"]): ReadonlySet<string> {
  return new Set([...roles.entries()].flatMap(([name, tree]) => roleKeys(tree, name).keyIds));
}

function roleTree({ roles }: KeyTable, role: string): JsonObject {
  const tree = roles.get(role);
  if (tree !== undefined) return tree;
  throw new RefusedError("ceremony.edit", `Cannot change ${role}: the file names no such role`);
}

function withHolders(signed: Map<string, Json>, { holders }: KeyTable): JsonObject {
  signed.delete(holdersMember);
  if (holders.size > 0) signed.set(holdersMember, holders);
  return signed;
}

function memberTree(tree: JsonObject, name: string): JsonObject {
  return objectTree(tree.get(name) ?? new Map(), name);
}
