/** What a recovery casts off is a key, whatever its object says beside the material and whatever id that makes. */
import { publicKeyIdentity } from "#crypto/public-key.ts";
import type { TufKey } from "#formats/tuf/key.ts";
import { RefusedError } from "#core/errors.ts";
import { delegatedKeys, keysNamedBy } from "#core/publication/offline-set.ts";
import type { OfflineSet } from "#core/publication/offline-set.ts";

/**
 * `held`: the roles that named them until now. Throws RefusedError `recovery.key-kept`: what is published would be the
 * thief's to sign as before.
 */
export function checkCastOff(
  set: OfflineSet,
  binKeyIds: readonly string[],
  castOff: readonly string[],
  held: OfflineSet,
): void {
  const keys = new Map([...keysOf(held), ...keysOf(set)].map((key) => [key.keyId, key]));
  // A key of the bins, or one that no role names any more, has the id that its material makes.
  const names = (keyId: string): string => identityOf(keys.get(keyId)) ?? keyId;
  const stolen = new Set(castOff.map(names));
  for (const [owner, keyIds] of owners(set, binKeyIds)) {
    const kept = keyIds.find((keyId) => stolen.has(names(keyId)));
    if (kept === undefined) continue;
    throw new RefusedError(
      "recovery.key-kept",
      `Cannot recover: ${owner} would keep the stolen key ${kept}; replace it in the ceremony`,
    );
  }
}

function owners(
  set: OfflineSet,
  binKeyIds: readonly string[],
): ReadonlyMap<string, readonly string[]> {
  const { root, targets } = set;
  return new Map<string, readonly string[]>([
    ...Object.entries(keysNamedBy(set, binKeyIds)),
    ["root", root.value.roles.root.keyIds],
    ["targets", root.value.roles.targets.keyIds],
    ["claimed", delegatedKeys(targets.value, "claimed")?.keyIds ?? []],
  ]);
}

function keysOf({ root, targets }: OfflineSet): readonly TufKey[] {
  return [...root.value.keys.values(), ...(targets.value.delegations?.keys.values() ?? [])];
}

/** undefined for a key that verifies nothing; then only its id can be compared. */
function identityOf(key: TufKey | undefined): string | undefined {
  return key?.publicKey && publicKeyIdentity(key.publicKey);
}
