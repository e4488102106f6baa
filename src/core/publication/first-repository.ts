/** The beginning of a repository: its keys and the first files of the roles whose keys lie offline (design 5). */
import { generateEd25519 } from "#crypto/signer.ts";
import type { PublicKey } from "#crypto/public-key.ts";
import type { Lifetimes } from "#formats/config/config.ts";
import type { OfflineRole } from "#formats/door/offline-metadata.ts";
import type { Holder, HolderKind } from "#formats/tuf/holder.ts";
import { tufKeyOf } from "#formats/tuf/key.ts";
import type { Random } from "#core/ports.ts";
import { tufSigner } from "#core/tuf/editor.ts";
import type { TufSigner } from "#core/tuf/editor.ts";
import { signFirstRoot, signFirstTargets } from "#core/tuf/offline-roles.ts";
import { signEmptyRole } from "#core/tuf/online-roles.ts";
import type { OnlineKeyName } from "#core/tuf/layout.ts";
import type { OnlineKeys } from "./online-keys.ts";
import { lifetimeMs } from "./role-life.ts";

export type OfflineKeys = {
  readonly root: readonly TufSigner[];
  readonly targets: TufSigner;
  readonly claimed: TufSigner;
};

export type FirstKeys = {
  /** How many root keys must sign. */
  readonly rootThreshold: number;
  readonly offline: OfflineKeys;
  readonly online: Readonly<Record<OnlineKeyName, PublicKey>>;
};

/** Root, targets and claimed, version 1. */
export async function initRepository(
  { rootThreshold, offline, online }: FirstKeys,
  lifetimes: Lifetimes,
  now: Date,
): Promise<Readonly<Record<OfflineRole, Uint8Array>>> {
  const signing = (role: OfflineRole, signers: readonly TufSigner[]) => {
    return { version: 1, now, lifetimeMs: lifetimeMs(role, lifetimes), signers };
  };
  const root = await signFirstRoot(
    {
      root: offline.root.map(({ publicKey }) => publicKey),
      rootThreshold,
      targets: offline.targets.publicKey,
      timestamp: online.timestamp,
      snapshot: online.snapshot,
    },
    signing("root", offline.root),
    new Map([
      ...offline.root.map((key, at) => held(key.publicKey, `root-${at + 1}`, "file")),
      held(offline.targets.publicKey, "targets", "file"),
      held(online.timestamp, "timestamp", "online"),
      held(online.snapshot, "snapshot", "online"),
    ]),
  );
  const targets = await signFirstTargets(
    {
      deny: online.deny,
      claimed: offline.claimed.publicKey,
      "recently-claimed": online["recently-claimed"],
      unclaimed: online.unclaimed,
    },
    signing("targets", [offline.targets]),
    new Map([
      held(offline.claimed.publicKey, "claimed", "file"),
      held(online.deny, "deny", "online"),
      held(online["recently-claimed"], "recently-claimed", "online"),
      held(online.unclaimed, "unclaimed", "online"),
    ]),
  );
  const claimed = await signEmptyRole("claimed", signing("claimed", [offline.claimed]));
  return { root: root.bytes, targets: targets.bytes, claimed: claimed.bytes };
}

/** Nobody's name is known here: a key is called as its file is. */
function held(key: PublicKey, name: string, kind: HolderKind): readonly [string, Holder] {
  return [tufKeyOf(key).keyId, { name, kind }];
}

/** New keys from the world's randomness, held in memory only: for simulated worlds. */
export function generateRepositoryKeys(
  random: Random,
  rootKeys: number = 1,
): { readonly offline: OfflineKeys; readonly online: OnlineKeys } {
  const next = (): TufSigner => tufSigner(generateEd25519(random).signer);
  return {
    offline: {
      root: Array.from({ length: rootKeys }, next),
      targets: next(),
      claimed: next(),
    },
    online: {
      timestamp: next(),
      snapshot: next(),
      deny: next(),
      "recently-claimed": next(),
      unclaimed: next(),
      bins: next(),
    },
  };
}

export function publicOnlineKeys(keys: OnlineKeys): Readonly<Record<OnlineKeyName, PublicKey>> {
  return {
    timestamp: keys.timestamp.publicKey,
    snapshot: keys.snapshot.publicKey,
    deny: keys.deny.publicKey,
    "recently-claimed": keys["recently-claimed"].publicKey,
    unclaimed: keys.unclaimed.publicKey,
    bins: keys.bins.publicKey,
  };
}
