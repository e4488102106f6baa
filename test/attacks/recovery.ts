/**
 * What the operator does when keys are stolen (PEP 458 and PEP 480, "Compromise and recovery"): new keys for what was
 * lost, a ceremony that names them in root and targets, and the signer's own rotation. Made of what ceremonies are made
 * of, and given to the signer as they give it.
 */
import { generateEd25519 } from "#crypto/signer.ts";
import type { OfflineMetadata, OfflineRole } from "#formats/door/offline-metadata.ts";
import { parseSigned } from "#formats/tuf/envelope.ts";
import type { TufKey } from "#formats/tuf/key.ts";
import type { RoleKeys } from "#formats/tuf/role-keys.ts";
import { root as rootDecoder, rootToJson } from "#formats/tuf/root.ts";
import type { Root } from "#formats/tuf/root.ts";
import { targets as targetsDecoder, targetsToJson } from "#formats/tuf/targets.ts";
import type { Targets } from "#formats/tuf/targets.ts";
import { lifetimeMs } from "#core/publication/role-life.ts";
import { nextMetadata, signRole, tufSigner } from "#core/tuf/editor.ts";
import type { Signing, TufSigner } from "#core/tuf/editor.ts";
import { onlineKeyNames } from "#core/tuf/layout.ts";
import { signNextOffline } from "#core/tuf/offline-roles.ts";
import { keyFile } from "#stores/memory/key-store.ts";
import type { SignerWorld } from "#world/sim-signer.ts";
import type { KeyName, RobbedIndex } from "./robbed-index.ts";

/** Newly made, by whose they are. */
type NewKeys = ReadonlyMap<KeyName, readonly TufSigner[]>;

const namedByRoot = ["root", "timestamp", "snapshot", "targets"] as const;
const namedByTargets = ["deny", "claimed", "recently-claimed", "unclaimed"] as const;

export type Ceremony = {
  /** Root's `x-floor`: targets and claimed that are older count for nothing. */
  readonly floor?: boolean;
};

/**
 * New keys for these roles: the online ones into the signer's key folder, all of them into what a ceremony signs, and
 * the rest is the signer's own rotation. The thief keeps what he took.
 */
export async function replaceKeys(
  index: RobbedIndex,
  lost: readonly KeyName[],
  ceremony: Ceremony = {},
): Promise<void> {
  const keys: NewKeys = new Map(
    lost.map((name) => [name, index.keysOf(name).map(() => newKey(index))]),
  );
  for (const name of onlineKeyNames) {
    for (const key of keys.get(name) ?? []) index.world.keyFiles.set(keyFile(name, "next"), key);
  }
  const offline = await signOffline(index, keys, ceremony);
  if (Object.keys(offline).length > 0) await index.signer.submitOffline(offline);
  // The signer delegates to the bins itself, and looks for their new key whenever it renews.
  else await index.signer.renewDue();
  index.world = withOfflineKeys(index.world, keys);
}

/** The ceremony that changes no key: offline roles with a new life. */
export async function renewOffline(
  index: RobbedIndex,
  ...roles: readonly OfflineRole[]
): Promise<void> {
  const { metadata, nextVersions } = await index.signer.currentOffline();
  const files: Partial<Record<OfflineRole, Uint8Array>> = {};
  for (const role of roles) {
    const signing = signingOf(index, role, nextVersions[role], index.keysOf(role));
    files[role] = (await signNextOffline(role, metadata[role], signing)).bytes;
  }
  await index.signer.submitOffline(files);
}

/** Root, targets and claimed as far as they name or carry a new key. */
async function signOffline(
  index: RobbedIndex,
  keys: NewKeys,
  { floor = false }: Ceremony,
): Promise<OfflineMetadata> {
  const { metadata, nextVersions: versions } = await index.signer.currentOffline();
  const files: Partial<Record<OfflineRole, Uint8Array>> = {};
  const both = (role: KeyName): readonly TufSigner[] => [
    ...index.keysOf(role),
    ...(keys.get(role) ?? []),
  ];
  if (keys.has("claimed")) {
    const signing = signingOf(index, "claimed", versions.claimed, both("claimed"));
    files.claimed = (await signNextOffline("claimed", metadata.claimed, signing)).bytes;
  }
  if (keys.has("targets") || namedByTargets.some((name) => keys.has(name))) {
    const signing = signingOf(index, "targets", versions.targets, both("targets"));
    const held = parseSigned(metadata.targets, targetsDecoder, "targets").value;
    const next = targetsToJson({ ...withDelegates(held, keys), ...nextMetadata(signing) });
    files.targets = (await signRole("targets", nextMetadata(signing), next, signing)).bytes;
  }
  if (floor || namedByRoot.some((name) => keys.has(name))) {
    const signing = signingOf(index, "root", versions.root, both("root"));
    const held = parseSigned(metadata.root, rootDecoder, "root").value;
    const lowest = new Map(
      (["targets", "claimed"] as const).map((role) => [
        role,
        versions[role] - (files[role] === undefined ? 1 : 0),
      ]),
    );
    const named = { ...withRoles(held, keys), ...nextMetadata(signing) };
    const next = rootToJson(floor ? { ...named, floor: lowest } : named);
    files.root = (await signRole("root", nextMetadata(signing), next, signing)).bytes;
  }
  return files;
}

function signingOf(
  { world }: RobbedIndex,
  role: OfflineRole,
  version: number,
  signers: readonly TufSigner[],
): Signing {
  return {
    version,
    now: world.clock(),
    lifetimeMs: lifetimeMs(role, world.config.lifetimes),
    signers,
  };
}

function withRoles(held: Root, replaced: NewKeys): Root {
  const roles = { ...held.roles };
  const keys = new Map(held.keys);
  for (const name of namedByRoot)
    replaceIn(keys, replaced.get(name), (next) => {
      roles[name] = { ...roles[name], ...next };
    });
  return { ...held, keys, roles };
}

function withDelegates(held: Targets, replaced: NewKeys): Targets {
  const { roles = [] } = held.delegations ?? {};
  const keys = new Map(held.delegations?.keys);
  const next = roles.map((role) => {
    let delegated = role;
    const name = namedByTargets.find((one) => one === role.name);
    replaceIn(keys, name && replaced.get(name), (signers) => {
      delegated = { ...role, ...signers };
    });
    return delegated;
  });
  return { ...held, delegations: { keys, roles: next } };
}

/** Keys that nothing names any more may stay listed: they count for nothing. */
function replaceIn(
  keys: Map<string, TufKey>,
  signers: readonly TufSigner[] | undefined,
  name: (next: Pick<RoleKeys, "keyIds">) => void,
): void {
  if (signers === undefined) return;
  for (const { key } of signers) keys.set(key.keyId, key);
  name({ keyIds: signers.map(({ key }) => key.keyId) });
}

function withOfflineKeys(world: SignerWorld, keys: NewKeys): SignerWorld {
  const { claimed, root, targets } = world.offline;
  const offline = {
    root: keys.get("root") ?? root,
    targets: keys.get("targets")?.[0] ?? targets,
    claimed: keys.get("claimed")?.[0] ?? claimed,
  };
  return { ...world, offline };
}

function newKey({ random }: RobbedIndex): TufSigner {
  return tufSigner(generateEd25519(random.bytes).signer);
}
