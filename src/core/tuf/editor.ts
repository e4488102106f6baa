/**
 * The repository's side of TUF (specification 6): from values to signed role files. Nothing here decides what is true
 * or when; it is told the content, the version and the time, and signs the canonical form of exactly what it writes.
 */
import { sha256Hex } from "#crypto/hash.ts";
import type { Signer } from "#crypto/signer.ts";
import { addMilliseconds, formatInstant, parseInstant } from "#formats/bytes/instant.ts";
import type { Instant } from "#formats/bytes/instant.ts";
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import { canonicalText } from "#formats/json/canonical.ts";
import type { JsonObject } from "#formats/json/value.ts";
import { formatCanonicalEnvelope, formatEnvelope } from "#formats/tuf/envelope.ts";
import { tufKeyOf } from "#formats/tuf/key.ts";
import type { TufKey } from "#formats/tuf/key.ts";
import { specVersion } from "#formats/tuf/metadata.ts";
import type { Metadata } from "#formats/tuf/metadata.ts";
import { invariant } from "#core/errors.ts";

/** One role file as it will be published. */
export type RoleFile = {
  readonly role: string;
  readonly version: number;
  readonly bytes: Uint8Array;
  /** Of `bytes`, lower-case hex. */
  readonly sha256: string;
  readonly signedAt: Date;
  readonly expires: Instant;
};

/** By key id. */
export type RoleSignatures = ReadonlyMap<string, Uint8Array>;

/** A role file with the signatures that are in it. */
export type SignedRole = { readonly file: RoleFile; readonly signatures: RoleSignatures };

/** A key that signs roles, with the name that signatures carry: computed once. */
export type TufSigner = Signer & { readonly key: TufKey };

export function tufSigner(signer: Signer): TufSigner {
  const { publicKey } = signer;
  return { publicKey, key: tufKeyOf(publicKey), sign: (message) => signer.sign(message) };
}

/** Who signs, and when: what every new role file needs. */
export type Signing = {
  readonly version: number;
  readonly now: Date;
  readonly lifetimeMs: number;
  /** Each key once. */
  readonly signers: readonly TufSigner[];
};

/** The members that all role files share. */
export function nextMetadata({ version, now, lifetimeMs }: Omit<Signing, "signers">): Metadata {
  // Whole seconds, upwards: a file lives no shorter than it should.
  const expires = parseInstant(formatInstant(addMilliseconds(now, lifetimeMs + 999)));
  return { specVersion, version, expires };
}

/** Signs `tree`, the `signed` member of the role's next file. */
export async function signRole(
  role: string,
  metadata: Metadata,
  tree: JsonObject,
  signing: Pick<Signing, "now" | "signers">,
): Promise<RoleFile> {
  const text = canonicalText(tree);
  if (!hasControlCharacter.test(text)) {
    return (await signCanonical(role, metadata, text, signing)).file;
  }
  const signatures = await signaturesOf(formatUtf8(text), signing.signers);
  return roleFile(role, metadata, formatEnvelope(tree, signatures), signing.now);
}

/**
 * The same of the member's canonical form, which is real JSON, byte for byte what `formatEnvelope` writes, unless a text
 * holds a control character (the line ends of a PEM key).
 */
export async function signCanonical(
  role: string,
  metadata: Metadata,
  text: string,
  { now, signers }: Pick<Signing, "now" | "signers">,
): Promise<SignedRole> {
  const canonical = canonicalBytes(text);
  const signatures = await signaturesOf(canonical, signers);
  const bytes = formatCanonicalEnvelope(canonical, signatures);
  return { file: roleFile(role, metadata, bytes, now), signatures };
}

/** The file that `signCanonical` made of the same text, with the signatures it made then. */
export function signedCanonical(text: string, signatures: RoleSignatures): Uint8Array {
  return formatCanonicalEnvelope(canonicalBytes(text), signatures);
}

function canonicalBytes(text: string): Uint8Array {
  invariant(!hasControlCharacter.test(text), "this canonical form is real JSON");
  return formatUtf8(text);
}

async function signaturesOf(
  canonical: Uint8Array,
  signers: readonly TufSigner[],
): Promise<RoleSignatures> {
  const signatures = new Map<string, Uint8Array>();
  for (const signer of signers) signatures.set(signer.key.keyId, await signer.sign(canonical));
  return signatures;
}

function roleFile(
  role: string,
  { expires, version }: Metadata,
  bytes: Uint8Array,
  now: Date,
): RoleFile {
  return { role, version, bytes, sha256: sha256Hex(bytes), signedAt: now, expires };
}

// oxlint-disable-next-line no-control-regex
const hasControlCharacter: RegExp = /[\u0000-\u001f]/;
