/**
 * Proposals: what root, targets and claimed shall say next, without any signature. A proposal may be wrong in every way
 * that a person can be; `checkProposal` says so before anybody signs.
 */
import type { CeremonyFile, CeremonyPolicy } from "#formats/ceremony/ceremony-file.ts";
import type { KeyCard } from "#formats/ceremony/key-card.ts";
import type { NamedOnlineRole } from "#formats/ceremony/online-cards.ts";
import { offlineRoles } from "#formats/door/offline-metadata.ts";
import type { OfflineMetadata, OfflineRole } from "#formats/door/offline-metadata.ts";
import { memberPath, objectTree } from "#formats/json/decode.ts";
import { jsonObject } from "#formats/json/value.ts";
import type { Json, JsonObject } from "#formats/json/value.ts";
import { formatEnvelope } from "#formats/tuf/envelope.ts";
import type { Holders } from "#formats/tuf/holders.ts";
import type { TufKey } from "#formats/tuf/key.ts";
import { rootToJson } from "#formats/tuf/root.ts";
import type { RoleKeys } from "#formats/tuf/role-keys.ts";
import { targetsToJson } from "#formats/tuf/targets.ts";
import type { DelegatedRole } from "#formats/tuf/targets.ts";
import { RefusedError, TrustError } from "#core/errors.ts";
import { nextMetadata } from "#core/tuf/editor.ts";
import { delegatedRoleNames } from "#core/tuf/layout.ts";
import { delegatedPath } from "#core/tuf/offline-roles.ts";
import { checkThreshold } from "#core/tuf/threshold.ts";
import type { CeremonyEdit } from "./edit.ts";
import {
  keysOfRole,
  rootKeyTable,
  targetsKeyTable,
  withRoleKeys,
  withRootKeyTable,
  withTargetsKeyTable,
} from "./key-table.ts";
import type { KeyTable } from "./key-table.ts";
import { namingFile, openCeremony, openOfflineFiles, signersOf } from "./open-ceremony.ts";
import type { KeyedRole } from "./open-ceremony.ts";

export type FirstProposal = {
  readonly policy: CeremonyPolicy;
  readonly offline: Readonly<
    Record<OfflineRole, { readonly cards: readonly KeyCard[]; readonly threshold: number }>
  >;
  readonly online: Readonly<Record<NamedOnlineRole, KeyCard>>;
};

/** Root, targets and claimed, version 1, unsigned. */
export function proposeFirst({ offline, online, policy }: FirstProposal, now: Date): CeremonyFile {
  const metadata = (role: OfflineRole) =>
    nextMetadata({ version: 1, now, lifetimeMs: policy.lifetimes[role] });
  const rootCards = [
    ...offline.root.cards,
    ...offline.targets.cards,
    online.timestamp,
    online.snapshot,
  ];
  const root = rootToJson({
    ...metadata("root"),
    consistentSnapshot: true,
    keys: keysOf(rootCards),
    roles: {
      root: roleKeysOf(offline.root.cards, offline.root.threshold),
      targets: roleKeysOf(offline.targets.cards, offline.targets.threshold),
      timestamp: roleKeysOf([online.timestamp], 1),
      snapshot: roleKeysOf([online.snapshot], 1),
    },
    holders: holdersOf(rootCards),
  });
  const delegated = (name: (typeof delegatedRoleNames)[number]): readonly KeyCard[] =>
    name === "claimed" ? offline.claimed.cards : [online[name]];
  const roles = delegatedRoleNames.map((name): DelegatedRole => {
    const threshold = name === "claimed" ? offline.claimed.threshold : 1;
    const keys = roleKeysOf(delegated(name), threshold);
    return { name, ...keys, paths: [delegatedPath(name)], terminating: false };
  });
  const targetsCards = delegatedRoleNames.flatMap(delegated);
  const targets = targetsToJson({
    ...metadata("targets"),
    targets: new Map(),
    delegations: { keys: keysOf(targetsCards), roles },
    holders: holdersOf(targetsCards),
  });
  const claimed = targetsToJson({ ...metadata("claimed"), targets: new Map() });
  return {
    policy,
    current: undefined,
    nextVersions: { root: 1, targets: 1, claimed: 1 },
    next: unsigned({ root, targets, claimed }),
  };
}

/**
 * The next files of every role that the edits change, and of those that would not verify any more beside them. Throws
 * RefusedError `ceremony.edit` for an edit that cannot be made, FormatError for unreadable files.
 */
export function proposeNext(
  file: Omit<CeremonyFile, "next">,
  edits: readonly CeremonyEdit[],
  now: Date,
): CeremonyFile {
  const { current, nextVersions, policy } = file;
  if (current === undefined) throw cannotEdit("there is nothing in force yet; `create` begins");
  const files = openOfflineFiles(current);
  const trees: Record<OfflineRole, JsonObject> = {
    root: objectTree(files.root.tree, "root"),
    targets: objectTree(files.targets.tree, "targets"),
    claimed: objectTree(files.claimed.tree, "claimed"),
  };
  const drafted = new Set<OfflineRole>();
  const draft = (role: OfflineRole): void => {
    if (drafted.has(role)) return;
    drafted.add(role);
    const { expires, version } = nextMetadata({
      version: nextVersions[role],
      now,
      lifetimeMs: policy.lifetimes[role],
    });
    trees[role] = withMembers(trees[role], { version, expires: expires.text });
  };
  for (const edit of edits) {
    const role = editedFile(edit);
    draft(role);
    trees[role] = withEdit(trees[role], edit);
  }
  const made = (): CeremonyFile => {
    const next = Object.fromEntries([...drafted].map((role) => [role, trees[role]]));
    return { ...file, next: unsigned(next) };
  };
  // Root decides about targets and targets about claimed, so in this order.
  for (const role of ["targets", "claimed"] as const) {
    if (!drafted.has(role) && !stillVerifies(made(), role)) draft(role);
  }
  return made();
}

/** Whether the current file of `role` has enough signatures of the keys that shall be in force. */
function stillVerifies(file: CeremonyFile, role: "claimed" | "targets"): boolean {
  const { after } = openCeremony(file);
  try {
    checkThreshold(role, after[role], signersOf(after, role));
    return true;
  } catch (error) {
    if (error instanceof TrustError) return false;
    throw error;
  }
}

function editedFile(edit: CeremonyEdit): OfflineRole {
  switch (edit.kind) {
    case "renew":
    case "expires":
      return edit.role;
    case "floor":
      return "root";
    case "online-key":
      return namingFile(edit.name);
    case "add-key":
    case "remove-key":
    case "threshold":
      return namingFile(edit.role);
  }
}

function withEdit(tree: JsonObject, edit: CeremonyEdit): JsonObject {
  switch (edit.kind) {
    case "renew":
      return tree;
    case "expires":
      return withMembers(tree, { expires: edit.expires.text });
    case "floor": {
      const floors = objectTree(tree.get("x-floor") ?? new Map(), memberPath("root", "x-floor"));
      return withMembers(tree, { "x-floor": new Map([...floors, [edit.role, edit.version]]) });
    }
    case "online-key":
      return withTable(tree, edit.name, (table) =>
        withRoleKeys(table, edit.name, roleKeysOf([edit.card], 1), edit.card),
      );
    case "add-key":
    case "remove-key":
    case "threshold":
      return withTable(tree, edit.role, (table) => withKeyEdit(table, edit));
  }
}

type KeyEdit = Extract<CeremonyEdit, { kind: "add-key" | "remove-key" | "threshold" }>;

function withKeyEdit(table: KeyTable, edit: KeyEdit): KeyTable {
  const { keyIds, threshold } = keysOfRole(table, edit.role);
  switch (edit.kind) {
    case "add-key": {
      const { keyId } = edit.card.key;
      if (keyIds.includes(keyId)) throw cannotEdit(`${edit.role} has the key ${keyId} already`);
      return withRoleKeys(table, edit.role, { keyIds: [...keyIds, keyId], threshold }, edit.card);
    }
    case "remove-key": {
      const kept = keyIds.filter((keyId) => keyId !== edit.keyId);
      if (kept.length === keyIds.length) throw cannotEdit(`${edit.role} has no key ${edit.keyId}`);
      return withRoleKeys(table, edit.role, { keyIds: kept, threshold });
    }
    case "threshold":
      return withRoleKeys(table, edit.role, { keyIds, threshold: edit.threshold });
  }
}

function withTable(
  tree: JsonObject,
  role: KeyedRole,
  change: (table: KeyTable) => KeyTable,
): JsonObject {
  return namingFile(role) === "root"
    ? withRootKeyTable(tree, change(rootKeyTable(tree)))
    : withTargetsKeyTable(tree, change(targetsKeyTable(tree)));
}

function withMembers(tree: JsonObject, members: Readonly<Record<string, Json>>): JsonObject {
  return new Map([...tree, ...jsonObject(members)]);
}

function unsigned(trees: Partial<Record<OfflineRole, JsonObject>>): OfflineMetadata {
  const made = offlineRoles.flatMap((role) => {
    const tree = trees[role];
    return tree === undefined ? [] : [[role, formatEnvelope(tree, new Map())] as const];
  });
  return Object.fromEntries(made);
}

function roleKeysOf(cards: readonly KeyCard[], threshold: number): RoleKeys {
  const keyIds = cards.map(({ key }) => key.keyId);
  if (new Set(keyIds).size === keyIds.length) return { keyIds, threshold };
  throw new RefusedError(
    "ceremony.key-twice",
    "Cannot propose this: one role would have the same key twice",
  );
}

function keysOf(cards: readonly KeyCard[]): ReadonlyMap<string, TufKey> {
  return new Map(cards.map(({ key }) => [key.keyId, key]));
}

function holdersOf(cards: readonly KeyCard[]): Holders {
  return new Map(cards.map(({ key, kind, name }) => [key.keyId, { name, kind }]));
}

function cannotEdit(reason: string): RefusedError {
  return new RefusedError("ceremony.edit", `Cannot propose this: ${reason}`);
}
