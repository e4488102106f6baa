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
import { acceptRoot, trustRoot } from "#core/tuf/trusted-set.ts";
import type { TrustedSet } from "#core/tuf/trusted-set.ts";
import type { Ceremony, OfflineFiles } from "./open-ceremony.ts";

export type HolderWord = {
  /** "sha256:…" of the root in force or one before it, as the first, which the holder got on another way than the file. */
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

export type NamedRoot = { readonly version: number; readonly fingerprint: string };

/** The oldest root that the file brings, if the one in force follows from it: what people have on paper. */
export function oldestRoot({ current, file }: Ceremony): NamedRoot | undefined {
  const [oldest] = file.roots ?? [];
  if (current === undefined || oldest === undefined) return undefined;
  const fingerprint = rootFingerprint(oldest);
  const roots = [...(file.roots ?? []), current.root.bytes];
  if (!follows(roots, (root) => rootFingerprint(root.bytes) === fingerprint)) return undefined;
  const { version } = parseSigned(oldest, rootDecoder, "root").value;
  return { version, fingerprint };
}

/** Throws RefusedError `ceremony.unknown-root` for a root that is not the one the holder knows or was told. */
export function judgeRoot(
  { current, file }: Ceremony,
  note: SigningNote | undefined,
  word: HolderWord,
): RootKnowledge {
  if (current === undefined) {
    if (note?.root === undefined && word.rootFingerprint === undefined) return "first-ceremony";
    throw unknownRoot("the file says that there is none yet, but this key's holder knows of one");
  }
  const roots = [...(file.roots ?? []), current.root.bytes];
  const { rootFingerprint: told } = word;
  if (told !== undefined) {
    if (!follows(roots, (root) => rootFingerprint(root.bytes) === told)) {
      throw unknownRoot(
        `its fingerprint is ${rootFingerprint(current.root.bytes)}, and it does not follow from a root with the one that was given`,
      );
    }
    // An older root's says nothing against what the key has seen since; that of this very root is the holder's own word.
    const isOfThisRoot = rootFingerprint(current.root.bytes) === told;
    if (isOfThisRoot || !knowsRoot(note) || isRemembered(note, roots)) return "told";
  } else {
    if (note === undefined) return "unknown";
    if (isRemembered(note, roots)) return "known";
  }
  throw unknownRoot(
    `root ${current.root.value.version} does not follow from what this key has seen; if it is right, give the fingerprint that was published with it: --fingerprint sha256:…`,
  );
}

/** Who has signed targets or claimed of a first ceremony alone has seen no root in force. */
function knowsRoot(note: SigningNote | undefined): note is SigningNote {
  return note?.root !== undefined || note?.signed.root !== undefined;
}

/** The root seen last, or before any was seen the first one, which this key has signed itself. */
function isRemembered({ root, signed }: SigningNote, roots: readonly Uint8Array[]): boolean {
  const seen =
    root === undefined ? undefined : parseSigned(root, rootDecoder, "the remembered root");
  const digest = seen === undefined ? signed.root?.sha256 : sha256Hex(seen.canonical);
  return follows(roots, ({ canonical }) => sha256Hex(canonical) === digest, seen);
}

/**
 * Whether the last of these roots is the known one or follows from it, one by one, by the client's own rules. `seen` is
 * the known one where it need not be among them.
 */
function follows(
  roots: readonly Uint8Array[],
  isKnown: (root: Signed<Root>) => boolean,
  seen?: Signed<Root>,
): boolean {
  let reached: TrustedSet | undefined;
  for (const bytes of roots) {
    const from = reached ?? (seen && { root: seen, past: {} });
    const next = unlessRefused(() => {
      const set = trustRoot(bytes);
      return isKnown(set.root) ? set : from && acceptRoot(from, bytes);
    });
    // What lies before the known root does not follow from it; what comes after must, without a gap.
    if (next === undefined && reached !== undefined) return false;
    reached = next;
  }
  return reached !== undefined;
}

/**
 * Old targets or claimed, signed anew, would give what they once named another life. Throws RefusedError
 * `ceremony.current` where one is older than what was in force when this key signed before.
 */
export function checkNotOlder({ current }: Ceremony, note: SigningNote | undefined): void {
  for (const role of ["targets", "claimed"] as const) {
    const version = current?.[role].value.version ?? 0;
    const seen = note?.seen?.[role] ?? 0;
    if (current === undefined || version >= seen) continue;
    throw new RefusedError(
      "ceremony.current",
      `Cannot trust what is said to be in force: ${role} ${version} is older than ${role} ${seen}, which this key has seen in force`,
    );
  }
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
    const isSameVersion = last.version === file.value.version;
    const isSame = last.sha256 === sha256Hex(file.canonical);
    if (isSameVersion && (isSame || insteadOf.includes(`sha256:${last.sha256}`))) continue;
    // What the key has signed for versions before the last one is not remembered, so nobody can forget it either.
    const remedy = isSameVersion
      ? `. If everybody has destroyed the other one, add --instead-of sha256:${last.sha256}`
      : "";
    throw new RefusedError(
      "ceremony.signed-before",
      `Cannot sign ${role} ${file.value.version}: this key has signed ${role} ${last.version} with other content; two files of one version would split those who follow${remedy}`,
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
  const seen = current === undefined ? note?.seen : seenVersions(current, note);
  return {
    keyId,
    ...(root !== undefined && { root }),
    ...(seen && { seen }),
    signed: Object.fromEntries(signed),
  };
}

function seenVersions(
  { claimed, targets }: OfflineFiles,
  note: SigningNote | undefined,
): NonNullable<SigningNote["seen"]> {
  return {
    targets: Math.max(targets.value.version, note?.seen?.targets ?? 0),
    claimed: Math.max(claimed.value.version, note?.seen?.claimed ?? 0),
  };
}

function unknownRoot(reason: string): RefusedError {
  return new RefusedError(
    "ceremony.unknown-root",
    `Cannot trust what is said to be in force: ${reason}`,
  );
}
