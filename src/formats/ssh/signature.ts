/** Signatures as SSH writes them (RFC 5656 section 3.1.2, RFC 8709 section 6), into the form TUF carries. */
import type { PublicKey } from "#crypto/public-key.ts";
import { quoteText } from "#formats/bytes/quote-text.ts";
import { sshTypes } from "./public-key.ts";
import { SshReader, malformed } from "./wire.ts";

const what = "an SSH signature";
const ed25519Size = 64;
/** A number below 2^256, with the zero that keeps it from being negative. */
const integerSizeMax = 33;

/** 64 bytes for ed25519, DER for P-256. Throws FormatError `ssh.malformed`; whether it is good is not said. */
export function parseSshSignature(blob: Uint8Array, scheme: PublicKey["scheme"]): Uint8Array {
  const reader = new SshReader(blob, what);
  const type = reader.readText();
  const signature = reader.readString();
  reader.checkEnd();
  if (type === sshTypes.ed25519 && scheme === "ed25519") {
    if (signature.byteLength !== ed25519Size) throw malformed(what, "it has not 64 bytes");
    return signature;
  }
  if (type === sshTypes.p256 && scheme === "ecdsa-sha2-nistp256") return ecdsaDer(signature);
  throw malformed(what, `${quoteText(type)} is not what a key of ${scheme} signs`);
}

/** An mpint is written as the content of a DER INTEGER is. */
function ecdsaDer(signature: Uint8Array): Uint8Array {
  const reader = new SshReader(signature, what);
  const integers = [readPositive(reader), readPositive(reader)].map((bytes) => derOf(0x02, bytes));
  reader.checkEnd();
  return derOf(0x30, Buffer.concat(integers));
}

function readPositive(reader: SshReader): Uint8Array {
  const bytes = reader.readString();
  const [first = 0x80, second = 0] = bytes;
  const isMinimal = first !== 0 || second >= 0x80;
  if (first >= 0x80 || !isMinimal || bytes.byteLength > integerSizeMax) {
    throw malformed(what, "a number in it is not positive, not minimal or too large");
  }
  return bytes;
}

/** Contents below 128 bytes: the length is one byte. */
function derOf(tag: number, content: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.of(tag, content.byteLength), content]);
}
