/**
 * What one key remembers, so that neither a courier nor the signer's machine can show its holder a root that is not in
 * force, and nobody gets two files of one version out of one key.
 */
import { sha256Hex } from "#crypto/hash.ts";
import type { SigningNote } from "#formats/ceremony/signing-note.ts";
import type { OfflineRole } from "#formats/door/offline-metadata.ts";
import { parseSigned } from "#formats/tuf/envelope.ts";
import type { Signed } from "#formats/tuf/envelope.ts";
import { root as rootDecoder } from "#formats/tuf/root.ts";
import type { Root } from "#formats/tuf/root.ts";
import { RefusedError } from "#core/errors.ts";
import { unlessRefused } from "#core/tuf/refusal.ts";
import { acceptRoot } from "#core/tuf/trusted-set.ts";
import type { Ceremony } from "./open-ceremony.ts";

export type HolderWord = {
  /** "sha256:…" of the root in force, which the holder got on another way than the file. */
  readonly rootFingerprint?: string;
  /** "sha256:…" of what the key signed before for the same version, and what all have agreed to forget. */
  readonly insteadOf?: readonly string[];
};

/**
 * How this key knows the root that is said to be in force: from what it remembers, from its holder's word, or not at
 * all, because it has never signed.
 */
export type RootKnowledge = "first-ceremony" | "known" | "told" | "unknown";

/** Of the exact bytes, as `init` and `status` print it. */
export function rootFingerprint(root: Uint8Array): string {
  return `sha256:${sha256Hex(root)}`;
}

/** Throws RefusedError `ceremony.unknown-root` for a root that is not the one the holder knows or was told. */
export function judgeRoot(
  { current }: Ceremony,
  note: SigningNote | undefined,
  word: HolderWord,
): RootKnowledge {
  if (current === undefined) {
    if (note?.root === undefined && word.rootFingerprint === undefined) return "first-ceremony";
    throw unknownRoot("the file says that there is none yet, but this key's holder knows of one");
  }
  const fingerprint = rootFingerprint(current.root.bytes);
  if (word.rootFingerprint !== undefined) {
    if (word.rootFingerprint === fingerprint) return "told";
    throw unknownRoot(`its fingerprint is ${fingerprint}, not the one that was given`);
  }
  if (note === undefined) return "unknown";
  if (isRemembered(note, current.root)) return "known";
  const { version } = current.root.value;
  throw unknownRoot(
    `root ${version} does not follow from what this key has seen; if it is right, give the fingerprint that was published with it: --fingerprint sha256:…`,
  );
}

/** The root seen last or its successor, by the client's own rules; before any was seen, the one this key has signed. */
function isRemembered({ root, signed }: SigningNote, offered: Signed<Root>): boolean {
  const digest = sha256Hex(offered.canonical);
  if (root === undefined) {
    return signed.root?.version === offered.value.version && signed.root.sha256 === digest;
  }
  const seen = parseSigned(root, rootDecoder, "the remembered root");
  if (sha256Hex(seen.canonical) === digest) return true;
  return unlessRefused(() => acceptRoot({ root: seen, past: {} }, offered.bytes)) !== undefined;
}

/** Throws RefusedError `ceremony.signed-before` where the key signed that version, or a later one, with other content. */
export function checkNotSignedBefore(
  { next }: Ceremony,
  roles: readonly OfflineRole[],
  note: SigningNote | undefined,
  { insteadOf = [] }: HolderWord,
): void {
  for (const role of roles) {
    const last = note?.signed[role];
    const file = next[role];
    if (last === undefined || file === undefined || last.version < file.value.version) continue;
    const isSame = last.version === file.value.version && last.sha256 === sha256Hex(file.canonical);
    if (isSame || insteadOf.includes(`sha256:${last.sha256}`)) continue;
    throw new RefusedError(
      "ceremony.signed-before",
      `Cannot sign ${role} ${file.value.version}: this key has signed ${role} ${last.version} with other content; two files of one version would split those who follow. If everybody has destroyed the other one, add --instead-of sha256:${last.sha256}`,
    );
  }
}

/** What the key will remember. Kept before a signature leaves the machine. */
export function remember(
  { current, next }: Ceremony,
  roles: readonly OfflineRole[],
  keyId: string,
  note: SigningNote | undefined,
): SigningNote {
  const signed = new Map(Object.entries(note?.signed ?? {}));
  for (const role of roles) {
    const file = next[role];
    if (file === undefined) continue;
    signed.set(role, { version: file.value.version, sha256: sha256Hex(file.canonical) });
  }
  const root = current?.root.bytes ?? note?.root;
  return { keyId, ...(root !== undefined && { root }), signed: Object.fromEntries(signed) };
}

function unknownRoot(reason: string): RefusedError {
  return new RefusedError(
    "ceremony.unknown-root",
    `Cannot trust what is said to be in force: ${reason}`,
  );
}
