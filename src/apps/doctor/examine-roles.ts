/**
 * Who signs what: every role's keys with their holders, and keys that are where they should not be. The signer says it
 * while it runs; otherwise root, targets and the key folder do.
 */
import { terminalText } from "#formats/bytes/terminal-text.ts";
import { accessSync, constants, existsSync } from "node:fs";
import { UnavailableError } from "#core/errors.ts";
import { heldKeyStatuses, heldKeys } from "#core/publication/key-ring.ts";
import { offlineRoleNames } from "#core/tuf/layout.ts";
import type { OnlineKeyName } from "#core/tuf/layout.ts";
import { keyKeepers, signersByRole } from "#core/tuf/role-keepers.ts";
import { shortKeyId, watchRoleKeys, watchRoles } from "#core/watch/watch-roles.ts";
import type { WatchedKeys } from "#core/watch/watch-roles.ts";
import type { KeyStatus } from "#formats/door/signer-status.ts";
import { FormatError } from "#formats/format-error.ts";
import { parseSigned } from "#formats/tuf/envelope.ts";
import type { RoleKeys } from "#formats/tuf/role-keys.ts";
import { root as rootDecoder } from "#formats/tuf/root.ts";
import { targets as targetsDecoder } from "#formats/tuf/targets.ts";
import type { DataFolder } from "#stores/folder/data-folder.ts";
import { openKeyFolder } from "#stores/folder/online-keys.ts";
import { createSignerDoor } from "#stores/host/signer-door.ts";
import type { Finding } from "./finding.ts";
import type { FollowedTree } from "./follow-tree.ts";

export async function examineRoles(
  data: DataFolder,
  tree: FollowedTree | undefined,
  now: Date,
): Promise<readonly Finding[]> {
  const status = await askSigner(data);
  if (status !== undefined) {
    const renewedAt = new Map(status.roles.map(({ role, signedAt }) => [role, signedAt]));
    // How long each role lives is what the client's own look at the metadata has found.
    const warnings = watchRoles(status, now).filter(({ code }) => !isExpiry.has(code));
    return [...listKeepers(status, renewedAt), ...warnings.map(findingOf)];
  }
  const keys = tree && (await readKeys(data, tree));
  if (keys === undefined) return [];
  return [...listKeepers(keys, new Map()), ...watchRoleKeys(keys).map(findingOf)];
}

const isExpiry: ReadonlySet<string> = new Set(["role.expired", "role.expiring"]);

async function askSigner(data: DataFolder): Promise<Parameters<typeof watchRoles>[0] | undefined> {
  if (!existsSync(data.signerSocket)) return undefined;
  const door = createSignerDoor(data.signerSocket);
  try {
    return await door.readStatus();
  } catch (error) {
    // Whether it runs is another finding; one of another version speaks another language.
    if (error instanceof UnavailableError || error instanceof FormatError) return undefined;
    throw error;
  } finally {
    door.close();
  }
}

async function readKeys(
  data: DataFolder,
  { store }: FollowedTree,
): Promise<WatchedKeys | undefined> {
  const newest = store.roots.get(Math.max(0, ...store.roots.keys()));
  const targets = store.roles.get("targets");
  if (newest === undefined || targets === undefined) return undefined;
  const root = parseSigned(newest, rootDecoder).value;
  const opened = parseSigned(targets, targetsDecoder).value;
  const bins = unclaimedBins(store.roles.get("unclaimed"));
  const signers = new Map([
    ...signersByRole(root, opened),
    ...(bins ? [["bins", bins] as const] : []),
  ]);
  const held = await readHeldKeys(data, signers);
  const isOffline = new Set<string>(offlineRoleNames);
  const roles = [...signers].map(([role, { keyIds, threshold }]) => {
    return { role, keyIds, threshold, offline: isOffline.has(role) };
  });
  // Where this user may not look, it is not known what the signer lacks.
  const watched = held === undefined ? roles.filter(({ offline }) => offline) : roles;
  return { roles: watched, keys: keyKeepers(root, opened), heldKeys: held ?? [] };
}

function unclaimedBins(bytes: Uint8Array | undefined): RoleKeys | undefined {
  return bytes && parseSigned(bytes, targetsDecoder).value.delegations?.succinct;
}

async function readHeldKeys(
  data: DataFolder,
  signers: ReadonlyMap<string, RoleKeys>,
): Promise<WatchedKeys["heldKeys"] | undefined> {
  try {
    accessSync(data.onlineKeys, constants.R_OK | constants.X_OK);
  } catch {
    return undefined;
  }
  const ring = await openKeyFolder(data.onlineKeys).read();
  // Where metadata could not be followed so far, a key is taken for what its file is called.
  const named = (role: OnlineKeyName): readonly string[] =>
    signers.get(role)?.keyIds ??
    heldKeys(ring, role)
      .slice(0, 1)
      .map(({ key }) => key.keyId);
  return heldKeyStatuses(ring, {
    timestamp: named("timestamp"),
    snapshot: named("snapshot"),
    deny: named("deny"),
    "recently-claimed": named("recently-claimed"),
    unclaimed: named("unclaimed"),
    bins: named("bins"),
  });
}

function listKeepers(
  { keys, roles }: WatchedKeys,
  renewedAt: ReadonlyMap<string, string>,
): readonly Finding[] {
  const byId = new Map(keys.map((key) => [key.keyId, key]));
  return roles.map(({ keyIds, offline, role, threshold }) => {
    const holders = keyIds.map((keyId) => describeKeeper(keyId, byId.get(keyId), offline));
    const count = keyIds.length === 1 ? "the key" : `${threshold} of the keys`;
    const renewed = renewedAt.get(role);
    const last = renewed === undefined ? "" : `; last signed at ${renewed}`;
    const message = `${role} is signed by ${count} of ${holders.join(", ")}${last}`;
    return { level: "good", code: "role.keys", subject: role, message };
  });
}

function describeKeeper(keyId: string, key: KeyStatus | undefined, isOffline: boolean): string {
  const holder = key?.holder;
  // Metadata names no holder of a key that the signer makes by itself.
  const unnamed = isOffline ? "an unnamed holder" : "the signer";
  const name = holder === undefined ? unnamed : `${terminalText(holder.name)}, ${holder.kind}`;
  return `${name} (${key?.scheme ?? "unknown"} ${shortKeyId(keyId)}…)`;
}

function findingOf({ code, level, message, role }: ReturnType<typeof watchRoles>[number]): Finding {
  return { level, code, subject: role, message };
}
