/**
 * The people with the offline keys of a simulated world: next files of root, targets and claimed, changed as a test
 * asks, and signed by whom it says.
 */
import type { OfflineRole } from "#formats/door/offline-metadata.ts";
import type { TufKey } from "#formats/tuf/key.ts";
import type { RoleType } from "#formats/tuf/metadata.ts";
import { parseSigned } from "#formats/tuf/envelope.ts";
import { root as rootDecoder, rootToJson } from "#formats/tuf/root.ts";
import type { Root } from "#formats/tuf/root.ts";
import { targets as targetsDecoder, targetsToJson } from "#formats/tuf/targets.ts";
import type { Targets } from "#formats/tuf/targets.ts";
import { nextMetadata, signRole } from "#core/tuf/editor.ts";
import type { TufSigner } from "#core/tuf/editor.ts";
import type { DelegatedRoleName } from "#core/tuf/layout.ts";
import type { Publisher } from "#core/publication/publisher.ts";

export type SimSigning = {
  readonly now: Date;
  readonly lifetimeMs: number;
  readonly signers: readonly TufSigner[];
};

/** The next root after the one in force. */
export async function signNextSimRoot(
  publisher: Publisher,
  edit: (root: Root) => Root,
  { lifetimeMs, now, signers }: SimSigning,
): Promise<Uint8Array> {
  const { metadata, nextVersions } = await publisher.currentOffline();
  const common = nextMetadata({ version: nextVersions.root, now, lifetimeMs });
  const next = edit({ ...parseSigned(metadata.root, rootDecoder).value, ...common });
  return (await signRole("root", common, rootToJson(next), { now, signers })).bytes;
}

/** The next targets or claimed after the one in force. */
export async function signNextSimTargets(
  publisher: Publisher,
  role: Exclude<OfflineRole, "root">,
  edit: (targets: Targets) => Targets,
  { lifetimeMs, now, signers }: SimSigning,
): Promise<Uint8Array> {
  const { metadata, nextVersions } = await publisher.currentOffline();
  const common = nextMetadata({ version: nextVersions[role], now, lifetimeMs });
  const next = edit({ ...parseSigned(metadata[role], targetsDecoder).value, ...common });
  return (await signRole(role, common, targetsToJson(next), { now, signers })).bytes;
}

/** The root with other keys for one role; keys that no role has any more are gone. */
export function withRootKeys(
  root: Root,
  role: RoleType,
  signers: readonly TufSigner[],
  threshold: number = 1,
): Root {
  const roles = { ...root.roles, [role]: { keyIds: signers.map(idOf), threshold } };
  const used = new Set(Object.values(roles).flatMap(({ keyIds }) => keyIds));
  return { ...root, roles, keys: withKeys(root.keys, signers, used) };
}

/** The same for a role that targets delegates to. */
export function withDelegatedKeys(
  targets: Targets,
  role: DelegatedRoleName,
  signers: readonly TufSigner[],
): Targets {
  const { keys = new Map<string, TufKey>(), roles = [] } = targets.delegations ?? {};
  const next = roles.map((one) =>
    one.name === role ? { ...one, keyIds: signers.map(idOf), threshold: 1 } : one,
  );
  const used = new Set(next.flatMap(({ keyIds }) => keyIds));
  return { ...targets, delegations: { keys: withKeys(keys, signers, used), roles: next } };
}

function withKeys(
  keys: ReadonlyMap<string, TufKey>,
  signers: readonly TufSigner[],
  used: ReadonlySet<string>,
): ReadonlyMap<string, TufKey> {
  const all = new Map([...keys, ...signers.map(({ key }) => [key.keyId, key] as const)]);
  return new Map([...all].filter(([keyId]) => used.has(keyId)));
}

function idOf({ key }: TufSigner): string {
  return key.keyId;
}
