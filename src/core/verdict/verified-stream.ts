/**
 * A file too large to hold, answered while it is hashed (design 9): the end is withheld until the hash is right. Who
 * reads a stream that throws has not got the file, and knows it.
 */
import { createHash } from "#crypto/hash.ts";
import { TrustError } from "#core/errors.ts";

export type FileFacts = {
  /** For messages. */
  readonly filename: string;
  readonly sha256: string;
  readonly size: number;
};

/**
 * Throws TrustError `file.length` or `file.hash`; before that at most all bytes but the last chunk were given out.
 * `onVerified` is waited for before the last chunk is: a reader that has everything may leave.
 */
export async function* verifiedChunks(
  chunks: AsyncIterable<Uint8Array>,
  facts: FileFacts,
  onVerified: () => Promise<void> = async () => undefined,
): AsyncGenerator<Uint8Array> {
  const hash = createHash("sha256");
  let withheld: Uint8Array | undefined;
  let size = 0;
  for await (const chunk of chunks) {
    if (chunk.length === 0) continue;
    size += chunk.length;
    if (size > facts.size) throw wrongLength(facts, size);
    hash.update(chunk);
    if (withheld !== undefined) yield withheld;
    withheld = chunk;
  }
  if (size !== facts.size) throw wrongLength(facts, size);
  checkDigest(facts, hash.digestHex());
  await onVerified();
  if (withheld !== undefined) yield withheld;
}

/** Throws TrustError `file.length` or `file.hash`. */
export function checkFileDigest(facts: FileFacts, size: number, digest: string): void {
  if (size !== facts.size) throw wrongLength(facts, size);
  checkDigest(facts, digest);
}

function checkDigest({ filename, sha256 }: FileFacts, digest: string): void {
  if (digest === sha256) return;
  throw new TrustError(
    "file.hash",
    `${filename} was altered: its bytes are not the ones on the verified page`,
    {
      filename,
      listedSha256: sha256,
      sha256: digest,
    },
  );
}

function wrongLength({ filename, size }: FileFacts, found: number): TrustError {
  const least = found > size ? "more than the" : `${found} bytes instead of the`;
  const sentence = `${filename} was altered: it has ${least} ${size} bytes of the verified page`;
  return new TrustError("file.length", sentence, { filename, listedSize: size, size: found });
}
