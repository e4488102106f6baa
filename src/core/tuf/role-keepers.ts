/**
 * Who may sign each role and who holds those keys, as root and targets say it (design 5). For people to look at: nothing
 * is accepted or refused by it.
 */
import type { Holder } from "#formats/tuf/holder.ts";
import type { Holders } from "#formats/tuf/holders.ts";
import type { TufKey } from "#formats/tuf/key.ts";
import type { RoleKeys } from "#formats/tuf/role-keys.ts";
import type { Root } from "#formats/tuf/root.ts";
import type { Targets } from "#formats/tuf/targets.ts";

export type KeyKeeper = {
  readonly keyId: string;
  /** As TUF names it; "unknown" for one we cannot verify with. */
  readonly scheme: string;
  /** undefined: the metadata does not say. */
  readonly holder?: Holder;
};

/** By role; the bins, whose delegator is `unclaimed`, are not among them. */
export function signersByRole(root: Root, targets: Targets): ReadonlyMap<string, RoleKeys> {
  const signers = new Map<string, RoleKeys>(Object.entries(root.roles));
  for (const { keyIds, name, threshold } of targets.delegations?.roles ?? []) {
    signers.set(name, { keyIds, threshold });
  }
  return signers;
}

/** Each key that root or targets lists, once. Root's word on a holder comes first. */
export function keyKeepers(root: Root, targets: Targets): readonly KeyKeeper[] {
  const keepers = new Map<string, KeyKeeper>();
  const add = (keys: ReadonlyMap<string, TufKey>, holders: Holders | undefined): void => {
    for (const [keyId, { publicKey }] of keys) {
      if (keepers.has(keyId)) continue;
      const holder = holders?.get(keyId);
      const scheme = publicKey?.scheme ?? "unknown";
      keepers.set(keyId, { keyId, scheme, ...(holder && { holder }) });
    }
  };
  add(root.keys, root.holders);
  add(targets.delegations?.keys ?? new Map(), targets.holders);
  return [...keepers.values()];
}
