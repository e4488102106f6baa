/**
 * Who signs what (docs/spec/repository.md, "Rotation", and ADR 7). Metadata in force says it. Beside its keys, which
 * suffice, timestamp and snapshot are signed by those of the next root and of the one before, for clients that judge by
 * one of these: caches hand out a root, its absence, or a timestamp for longer than the others. A signature by a key
 * that a client does not know says nothing to it.
 */
import { addMilliseconds } from "#formats/bytes/instant.ts";
import { invariant } from "#core/errors.ts";
import type { TufSigner } from "#core/tuf/editor.ts";
import type { OnlineKeyName } from "#core/tuf/layout.ts";
import { freshBinKey, heldKeys, keyAt, keyNotHeld, namedKeys } from "./key-ring.ts";
import type { KeyRing, NamedKeys } from "./key-ring.ts";
import { publicationLimits } from "./limits.ts";
import { onlineKeyName } from "./role-life.ts";

export type RoleSigners = (role: string) => readonly TufSigner[];

/** Throws RefusedError `key.not-held`, when it is asked for a role of which metadata names no key that is held. */
export function roleSigners(ring: KeyRing, named: NamedKeys, isOverlap: boolean): RoleSigners {
  return (role) => {
    const name = onlineKeyName(role);
    const inForce = namedKeys(ring, name, named[name]);
    if (inForce.length === 0) {
      throw keyNotHeld(ring, role, `this signer holds none of its keys, ${named[name].join(", ")}`);
    }
    if (!isJudgedByRoot(name)) return inForce;
    const others = isOverlap ? heldKeys(ring, name) : [keyAt(ring, name, "next")];
    return distinct([...inForce, ...others]);
  };
}

/** Until then clients may be told that there is no new root: from when it became public, or we cannot tell since when. */
export function overlapEnd(rootSignedAt: Date, openedAt: Date): Date {
  const since = rootSignedAt > openedAt ? rootSignedAt : openedAt;
  return addMilliseconds(since, publicationLimits.overlapMs);
}

/** Online roles whose newest file lacks a signature that it would get now, not counting those of the overlap. */
export function unsignedRoles(
  ring: KeyRing,
  named: NamedKeys,
  signedBy: ReadonlyMap<string, readonly string[]>,
): ReadonlySet<string> {
  const signers = roleSigners(ring, named, false);
  const unsigned = [...signedBy].filter(([role, keyIds]) =>
    signers(role).some(({ key }) => !keyIds.includes(key.keyId)),
  );
  return new Set(unsigned.map(([role]) => role));
}

/** The bins' next key is in force as soon as it is there: the signer delegates to the bins itself. */
export function wantedBinKey(ring: KeyRing, binKeyIds: readonly string[]): TufSigner {
  const wanted =
    keyAt(ring, "bins", "next") ?? namedKeys(ring, "bins", binKeyIds)[0] ?? freshBinKey(ring);
  invariant(wanted !== undefined, "a key of the bins is held, as checked when the ring was taken");
  return wanted;
}

/** Whether something has to be signed anew because of the keys alone. */
export function lacksSignatures(
  ring: KeyRing,
  named: NamedKeys,
  signedBy: ReadonlyMap<string, readonly string[]>,
): boolean {
  const { key } = wantedBinKey(ring, named.bins);
  return !named.bins.includes(key.keyId) || unsignedRoles(ring, named, signedBy).size > 0;
}

function isJudgedByRoot(name: OnlineKeyName): boolean {
  return name === "timestamp" || name === "snapshot";
}

function distinct(signers: readonly (TufSigner | undefined)[]): readonly TufSigner[] {
  const byId = new Map<string, TufSigner>();
  for (const signer of signers) if (signer !== undefined) byId.set(signer.key.keyId, signer);
  return [...byId.values()];
}
