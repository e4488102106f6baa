/** A private key under a passphrase (docs/spec/key-files.md): sealed into the bytes of a file, and opened again. */
import { openWithPassphrase, sealNonceSize, sealWithPassphrase } from "#crypto/passphrase-seal.ts";
import type { PassphraseCost, SealFault } from "#crypto/passphrase-seal.ts";
import { publicKeyIdentity } from "#crypto/public-key.ts";
import { Secret } from "#crypto/secret.ts";
import { signerFromPkcs8 } from "#crypto/signer.ts";
import type { Signer } from "#crypto/signer.ts";
import { canonicalJson } from "#formats/json/canonical.ts";
import {
  formatSealedKeyFile,
  parseSealedKeyFile,
  sealedKeyHeader,
} from "#formats/ceremony/sealed-key-file.ts";
import { tufKeyOf } from "#formats/tuf/key.ts";
import { RefusedError } from "#core/errors.ts";
import type { Random } from "#core/ports.ts";

/** About a second on a machine of today, and for each guess more memory than graphics cards have to spare. */
export const sealCost: PassphraseCost = { memoryKiB: 262_144, passes: 3, lanes: 4 };

const saltSize = 32;

export type OpenedKey = {
  /** To be sealed again under another passphrase. */
  readonly pkcs8: Secret;
  readonly signer: Signer;
};

/** The file's bytes. Throws TypeError for what is no private key. */
export async function sealKey(
  pkcs8: Secret,
  passphrase: Secret,
  random: Random,
  cost: PassphraseCost = sealCost,
): Promise<Uint8Array> {
  const key = tufKeyOf(signerFromPkcs8(pkcs8).publicKey);
  const options = { ...cost, salt: random(saltSize), nonce: random(sealNonceSize) };
  const header = sealedKeyHeader(key, options);
  const sealing = { ...options, header: canonicalJson(header) };
  return formatSealedKeyFile(header, await sealWithPassphrase(pkcs8, passphrase, sealing));
}

/**
 * The key that these bytes hold; `file` names them in messages. Throws FormatError as `parseSealedKeyFile`,
 * RefusedError `key.passphrase`, `key-file.header`, `key-file.ciphertext`, `key-file.key`.
 */
export async function openSealedKey(
  bytes: Uint8Array,
  passphrase: Secret,
  file: string,
): Promise<OpenedKey> {
  const { key, options, sealed } = parseSealedKeyFile(bytes, file);
  const pkcs8 = await openWithPassphrase(sealed, passphrase, options);
  if (!(pkcs8 instanceof Secret)) throw refused(pkcs8, file);
  const signer = signerOf(pkcs8, file);
  const stated = key.publicKey;
  if (stated === undefined || publicKeyIdentity(stated) !== publicKeyIdentity(signer.publicKey)) {
    throw new RefusedError(
      "key-file.key",
      `Cannot open ${file}: it holds another key than it says; whoever made it made it wrong`,
    );
  }
  return { pkcs8, signer };
}

function signerOf(pkcs8: Secret, file: string): Signer {
  try {
    return signerFromPkcs8(pkcs8);
  } catch {
    throw new RefusedError(
      "key-file.key",
      `Cannot open ${file}: what is sealed in it is no private key that we sign with`,
    );
  }
}

function refused(fault: SealFault, file: string): RefusedError {
  switch (fault) {
    case "passphrase":
      return new RefusedError(
        "key.passphrase",
        `Cannot open ${file}: wrong passphrase (or the file's salt or cost was changed)`,
      );
    case "header":
      return new RefusedError(
        "key-file.header",
        `Cannot open ${file}: what stands in clear in it was changed; take a copy that was not`,
      );
    case "ciphertext":
      return new RefusedError(
        "key-file.ciphertext",
        `Cannot open ${file}: its ciphertext was changed; take a copy that was not`,
      );
  }
}
