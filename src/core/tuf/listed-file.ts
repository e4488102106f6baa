/** Bytes against the length and hashes that signed metadata lists for them (specification 5.5.2, 5.6.2, 5.7.3). */
import { digestHex } from "#crypto/hash.ts";
import type { HashName } from "#crypto/hash.ts";
import { TrustError } from "#core/errors.ts";

export type ListedFile = {
  /** Bytes. */
  readonly length?: number;
  readonly hashes?: ReadonlyMap<string, string>;
};

/** Names as TUF files use them. Broken hashes are not known: they cannot vouch for anything. */
const knownHashes: ReadonlyMap<string, HashName> = new Map([
  ["blake2b", "blake2b512"],
  ["sha256", "sha256"],
  ["sha512", "sha512"],
]);

/**
 * Every listed hash that we know must be right, and where hashes are listed at least one must be known. `what` names
 * the file in messages. Throws TrustError `tuf.length` or `tuf.hash`.
 */
export function checkListedFile(what: string, bytes: Uint8Array, listed: ListedFile): void {
  if (listed.length !== undefined && bytes.byteLength !== listed.length) {
    const sentence = `Cannot accept ${what}: it has ${bytes.byteLength} bytes, ${listed.length} are listed`;
    const evidence = { file: what, listed: listed.length, received: bytes.byteLength };
    throw new TrustError("tuf.length", sentence, evidence);
  }
  if (listed.hashes !== undefined) checkHashes(what, bytes, listed.hashes);
}

function checkHashes(what: string, bytes: Uint8Array, hashes: ReadonlyMap<string, string>): void {
  let known = 0;
  for (const [algorithm, expected] of hashes) {
    const name = knownHashes.get(algorithm);
    if (name === undefined) continue;
    known++;
    const received = digestHex(name, bytes);
    if (received === expected) continue;
    const evidence = { file: what, algorithm, listed: expected, received };
    throw new TrustError("tuf.hash", `Cannot accept ${what}: its ${algorithm} is wrong`, evidence);
  }
  if (known > 0) return;
  const algorithms = [...hashes.keys()].join(" ");
  const sentence = `Cannot accept ${what}: it is listed with no hash that we can compute`;
  throw new TrustError("tuf.hash", sentence, { file: what, algorithms });
}
