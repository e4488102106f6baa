/** Whether enough of the right keys have signed (specification 5.3.4 and wherever a role is verified). */
import { publicKeyIdentity, verifySignature } from "#crypto/public-key.ts";
import type { Signed } from "#formats/tuf/envelope.ts";
import type { TufKey } from "#formats/tuf/key.ts";
import type { Metadata } from "#formats/tuf/metadata.ts";
import type { RoleKeys } from "#formats/tuf/role-keys.ts";
import { TrustError } from "#core/errors.ts";

export type Signers = RoleKeys & { readonly keys: ReadonlyMap<string, TufKey> };

/**
 * Counts keys, not key ids: one key listed under two ids is one signer (TAP 12). Bad, empty and unknown signatures
 * beside a sufficient number of good ones do no harm. `what` names the file. Throws TrustError `tuf.threshold`.
 */
export function checkThreshold(what: string, signed: Signed<Metadata>, signers: Signers): void {
  const good = new Set<string>();
  for (const keyId of signers.keyIds) {
    const key = signers.keys.get(keyId)?.publicKey;
    const signature = signed.signatures.get(keyId);
    if (key === undefined || signature === undefined) continue;
    const identity = publicKeyIdentity(key);
    if (good.has(identity) || !verifySignature(key, signed.canonical, signature)) continue;
    good.add(identity);
    if (good.size >= signers.threshold) return;
  }
  const { threshold } = signers;
  const sentence = `Cannot accept ${what}: ${good.size} of ${threshold} needed keys have signed it`;
  const evidence = { file: what, version: signed.value.version, threshold, signed: good.size };
  throw new TrustError("tuf.threshold", sentence, evidence);
}

/** Whether both name the same keys, by material, and the same threshold. */
export function haveSameSigners(a: Signers, b: Signers): boolean {
  const identities = signerIdentities(a);
  const others = signerIdentities(b);
  if (a.threshold !== b.threshold || identities.size !== others.size) return false;
  return [...identities].every((identity) => others.has(identity));
}

/** Ids of the keys that `after` has and `before` has not, by material: an old key under a new id is no new key. */
export function newKeyIds(before: Signers, after: Signers): readonly string[] {
  const known = signerIdentities(before);
  return after.keyIds.filter((keyId) => {
    const key = after.keys.get(keyId)?.publicKey;
    return key !== undefined && !known.has(publicKeyIdentity(key));
  });
}

function signerIdentities(signers: Signers): ReadonlySet<string> {
  const identities = signers.keyIds.map((keyId) => {
    const key = signers.keys.get(keyId)?.publicKey;
    // A key we cannot use is still a change of keys when it comes or goes.
    return key === undefined ? `id:${keyId}` : publicKeyIdentity(key);
  });
  return new Set(identities);
}

/** One text for a set of signers: key ids are hashes of the keys, so equal texts mean equal keys. */
export function signersText(signers: Signers): string {
  const listed = signers.keyIds.filter((keyId) => signers.keys.has(keyId)).toSorted();
  return `${signers.threshold}:${listed.join(",")}`;
}
