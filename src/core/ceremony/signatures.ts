/**
 * Whose signatures a ceremony needs, has and lacks (specification 6.1). A role that changes is signed by its keys of
 * before and by those of afterwards: root always, because clients walk from one root to the next (5.3.4); targets,
 * because root is published last and until then clients judge by the one before. For claimed the keys of afterwards are
 * enough: snapshot shows clients the old targets with the old claimed, or both new.
 */
import { publicKeyIdentity, verifySignature } from "#crypto/public-key.ts";
import type { CeremonyFile } from "#formats/ceremony/ceremony-file.ts";
import { keyFingerprint } from "#formats/ceremony/key-card.ts";
import { offlineRoles } from "#formats/door/offline-metadata.ts";
import type { OfflineRole } from "#formats/door/offline-metadata.ts";
import { formatEnvelope } from "#formats/tuf/envelope.ts";
import type { Signed } from "#formats/tuf/envelope.ts";
import type { Metadata } from "#formats/tuf/metadata.ts";
import { RefusedError } from "#core/errors.ts";
import type { TufSigner } from "#core/tuf/editor.ts";
import { haveSameSigners } from "#core/tuf/threshold.ts";
import type { Signers } from "#core/tuf/threshold.ts";
import { ceremonyHash } from "./ceremony-hash.ts";
import { openCeremony, signersOf } from "./open-ceremony.ts";
import type { Ceremony } from "./open-ceremony.ts";

/** One set of keys of which enough must have signed one file. */
export type SignatureDemand = {
  readonly role: OfflineRole;
  /** The keys that the role has afterwards, or those it has until now. */
  readonly keys: "after" | "before";
  readonly threshold: number;
  /** Key ids, each key once. */
  readonly signed: readonly string[];
  readonly missing: readonly string[];
};

/** What every file of `next` must be signed by. */
export function signatureDemands(ceremony: Ceremony): readonly SignatureDemand[] {
  const demands: SignatureDemand[] = [];
  for (const role of offlineRoles) {
    const file = ceremony.next[role];
    if (file === undefined) continue;
    const after = signersOf(ceremony.after, role);
    demands.push(demandOf(role, "after", file, after));
    if (ceremony.current === undefined || role === "claimed") continue;
    const before = signersOf(ceremony.current, role);
    if (!haveSameSigners(after, before)) demands.push(demandOf(role, "before", file, before));
  }
  return demands;
}

/** The demands that are not met yet. */
export function missingSignatures(ceremony: Ceremony): readonly SignatureDemand[] {
  return signatureDemands(ceremony).filter(({ signed, threshold }) => signed.length < threshold);
}

/** The files of `next` that a signature of this key counts for, under the keys of before or of afterwards. */
export function rolesOfKey(ceremony: Ceremony, keyId: string): readonly OfflineRole[] {
  return offlineRoles.filter(
    (role) =>
      ceremony.next[role] !== undefined &&
      countingSigners(ceremony, role).some(({ keyIds }) => keyIds.includes(keyId)),
  );
}

/** Key ids whose signature on `role` is bad, or counts for nothing. */
export function wrongSignatures(ceremony: Ceremony, role: OfflineRole): readonly string[] {
  const file = ceremony.next[role];
  if (file === undefined) return [];
  const counting = countingSigners(ceremony, role);
  return [...file.signatures.keys()].filter(
    (keyId) => !counting.some((signers) => hasSigned(file, signers, keyId)),
  );
}

/** The file with this key's signature on every role it counts for. Throws RefusedError `ceremony.no-part`. */
export async function addSignature(
  file: CeremonyFile,
  signer: TufSigner,
): Promise<{ readonly file: CeremonyFile; readonly roles: readonly OfflineRole[] }> {
  const ceremony = openCeremony(file);
  const roles = rolesOfKey(ceremony, signer.key.keyId);
  if (roles.length === 0) throw noPart(signer);
  const next = new Map(Object.entries(file.next));
  for (const role of roles) {
    const signed = ceremony.next[role];
    if (signed === undefined) continue;
    const signature = await signer.sign(signed.canonical);
    if (!verifySignature(signer.publicKey, signed.canonical, signature)) {
      const message = `Cannot sign ${role}: the key's signature does not verify with its own public key`;
      throw new RefusedError("ceremony.signature", message);
    }
    const signatures = new Map([...signed.signatures, [signer.key.keyId, signature]]);
    next.set(role, envelopeOf(signed, signatures));
  }
  return { file: { ...file, next: Object.fromEntries(next) }, roles };
}

/**
 * One file with the signatures of all. Throws RefusedError `ceremony.differs` unless all say the same but for
 * signatures, and `ceremony.signature` for one that is bad.
 */
export function combine(files: readonly CeremonyFile[]): CeremonyFile {
  const [first, ...others] = files.map(openCeremony);
  if (first === undefined) {
    throw new RefusedError("ceremony.incomplete", "Cannot combine: there is no file");
  }
  const hash = ceremonyHash(first);
  const at = others.findIndex((other) => ceremonyHash(other) !== hash);
  if (at >= 0) {
    throw new RefusedError(
      "ceremony.differs",
      `Cannot combine: file ${at + 2} is another ceremony than the first, or was changed on the way; compare the hashes that \`show\` prints`,
    );
  }
  const next = new Map(Object.entries(first.file.next));
  for (const role of offlineRoles) {
    const signed = first.next[role];
    if (signed === undefined) continue;
    const signatures = new Map<string, Uint8Array>();
    for (const ceremony of [first, ...others]) {
      const [wrong] = wrongSignatures(ceremony, role);
      if (wrong !== undefined) throw badSignature(role, wrong);
      for (const [keyId, signature] of ceremony.next[role]?.signatures ?? []) {
        if (!signatures.has(keyId)) signatures.set(keyId, signature);
      }
    }
    next.set(role, envelopeOf(signed, signatures));
  }
  return { ...first.file, next: Object.fromEntries(next) };
}

export function badSignature(role: OfflineRole, keyId: string): RefusedError {
  return new RefusedError(
    "ceremony.signature",
    `Cannot take ${role}: the signature of sha256:${keyId} does not verify, or its key does not count for ${role}; the file was changed after that key had signed`,
  );
}

function envelopeOf(
  file: Signed<Metadata>,
  signatures: ReadonlyMap<string, Uint8Array>,
): Uint8Array {
  return formatEnvelope(file.tree, signatures);
}

/** Of afterwards, and of before where there is a before. */
function countingSigners(ceremony: Ceremony, role: OfflineRole): readonly Signers[] {
  const after = signersOf(ceremony.after, role);
  return ceremony.current === undefined ? [after] : [after, signersOf(ceremony.current, role)];
}

/** As `checkThreshold` counts: keys, not key ids. */
function demandOf(
  role: OfflineRole,
  keys: SignatureDemand["keys"],
  file: Signed<Metadata>,
  signers: Signers,
): SignatureDemand {
  const identities = new Set<string>();
  const signed: string[] = [];
  for (const keyId of signers.keyIds) {
    const key = signers.keys.get(keyId)?.publicKey;
    if (key === undefined || !hasSigned(file, signers, keyId)) continue;
    if (identities.has(publicKeyIdentity(key))) continue;
    identities.add(publicKeyIdentity(key));
    signed.push(keyId);
  }
  const missing = signers.keyIds.filter((keyId) => !signed.includes(keyId));
  return { role, keys, threshold: signers.threshold, signed, missing };
}

function hasSigned(file: Signed<Metadata>, { keyIds, keys }: Signers, keyId: string): boolean {
  const key = keys.get(keyId)?.publicKey;
  const signature = file.signatures.get(keyId);
  if (key === undefined || signature === undefined || !keyIds.includes(keyId)) return false;
  return verifySignature(key, file.canonical, signature);
}

function noPart({ key }: TufSigner): RefusedError {
  return new RefusedError(
    "ceremony.no-part",
    `Cannot sign: the key ${keyFingerprint(key)} counts for nothing in this ceremony`,
  );
}
