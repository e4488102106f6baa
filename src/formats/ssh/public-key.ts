/** Public keys as SSH writes them (RFC 4253 section 6.6, RFC 5656, RFC 8709): those we can use, and why not the others. */
import { sha256 } from "#crypto/hash.ts";
import { parseEd25519PublicKey, parseP256Point } from "#crypto/public-key.ts";
import type { PublicKey } from "#crypto/public-key.ts";
import { formatBase64 } from "#formats/bytes/base64.ts";
import { quoteText } from "#formats/bytes/quote-text.ts";
import { SshReader, malformed } from "./wire.ts";

export type SshPublicKey =
  | { readonly kind: "usable"; readonly publicKey: PublicKey }
  /** `reason` completes "this key cannot be used: …". */
  | { readonly kind: "unusable"; readonly reason: string };

/** The names of key types, and of the signatures that they make. */
export const sshTypes = { ed25519: "ssh-ed25519", p256: "ecdsa-sha2-nistp256" } as const;

const what = "an SSH public key";

/** As `ssh-add -l` prints it: `SHA256:` and base64 without padding. */
export function sshFingerprint(blob: Uint8Array): string {
  return `SHA256:${formatBase64(sha256(blob)).replace(/=+$/, "")}`;
}

/** Throws FormatError `ssh.malformed` for a key of a kind we use that is none, `bytes.utf8`. */
export function parseSshPublicKey(blob: Uint8Array): SshPublicKey {
  const reader = new SshReader(blob, what);
  const type = reader.readText();
  if (type === sshTypes.ed25519) return usable(parseEd25519PublicKey(reader.readString()), reader);
  if (type !== sshTypes.p256) return { kind: "unusable", reason: reasonAgainst(type) };
  if (reader.readText() !== "nistp256") throw malformed(what, "its curve is not its type's");
  return usable(parseP256Point(reader.readString()), reader);
}

function usable(publicKey: PublicKey | undefined, reader: SshReader): SshPublicKey {
  reader.checkEnd();
  if (publicKey === undefined) throw malformed(what, "it is no point of its curve, or a weak one");
  return { kind: "usable", publicKey };
}

function reasonAgainst(type: string): string {
  if (/-cert-v\d\d@/.test(type)) return "it is a certificate; name the key itself";
  if (type.startsWith("sk-")) {
    return "a FIDO security key signs its own counter and flags around the message, which TUF has no place for";
  }
  if (type === "ssh-rsa") {
    return "an agent signs with RSA as PKCS#1 v1.5, and TUF wants RSA-PSS; use ed25519 or P-256";
  }
  if (type.startsWith("ecdsa-sha2-")) return "TUF knows ECDSA on the curve P-256 only";
  return `TUF does not know keys of the type ${quoteText(type)}`;
}
