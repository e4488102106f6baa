/** A signer whose key lies outside this process: what it says is a signature is one, or is not used. */
import { verifySignature } from "#crypto/public-key.ts";
import type { PublicKey } from "#crypto/public-key.ts";
import type { Signer } from "#crypto/signer.ts";
import { RefusedError } from "#core/errors.ts";

/** `subject` completes "the signature of …". What it signs with throws RefusedError `key.signature` too. */
export function checkedSigner(
  publicKey: PublicKey,
  subject: string,
  sign: (message: Uint8Array) => Promise<Uint8Array>,
): Signer {
  return {
    publicKey,
    async sign(message) {
      const signature = await sign(message);
      if (verifySignature(publicKey, message, signature)) return signature;
      throw new RefusedError(
        "key.signature",
        `Cannot use the signature of ${subject}: it does not verify under the public key that was shown before`,
      );
    },
  };
}
