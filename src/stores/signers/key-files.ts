/** Private keys as their holder keeps them on a disk: a PKCS#8 PEM, or the same under a passphrase. */
import type { PassphraseCost } from "#crypto/passphrase-seal.ts";
import type { Secret } from "#crypto/secret.ts";
import {
  formatEd25519Pkcs8,
  generateEd25519,
  pkcs8FromPem,
  signerFromPkcs8,
} from "#crypto/signer.ts";
import type { Signer } from "#crypto/signer.ts";
import { parseSealedKeyFile, sealedKeyLimits } from "#formats/ceremony/sealed-key-file.ts";
import { parseUtf8 } from "#formats/bytes/utf8.ts";
import { RefusedError } from "#core/errors.ts";
import { checkLongEnough, checkNewPassphrase, passphraseLengthMin } from "#core/keys/passphrase.ts";
import { openSealedKey, sealKey } from "#core/keys/sealed-key.ts";
import type { OpenedKey } from "#core/keys/sealed-key.ts";
import type { Random } from "#core/ports.ts";
import { checkNothingThere, readPrivateFile, writePrivateFile } from "./private-file.ts";

export type AskPassphrase = (prompt: string) => Promise<Secret>;

export type SealPorts = {
  /** The passphrase of what is there. */
  readonly askPassphrase: AskPassphrase;
  /** The next one; asked twice. */
  readonly askNewPassphrase: AskPassphrase;
  readonly random: Random;
  readonly cost?: PassphraseCost;
};

export type KeyFile = OpenedKey & { readonly kind: "file" | "encrypted-file" };

/** Opens either kind. Throws RefusedError `key.*` and `key-file.*`, FormatError as `parseSealedKeyFile`. */
export async function openKeyFile(path: string, askPassphrase: AskPassphrase): Promise<KeyFile> {
  const bytes = await readPrivateFile(path, sealedKeyLimits.sizeMax);
  if (bytes[0] !== "{".charCodeAt(0)) return { kind: "file", ...openPem(path, bytes) };
  // Nobody is asked for the passphrase of a file that cannot be opened with any.
  parseSealedKeyFile(bytes, path);
  const passphrase = await askPassphrase(`Passphrase of ${path}: `);
  return { kind: "encrypted-file", ...(await openSealedKey(bytes, passphrase, path)) };
}

/** A new ed25519 key under a passphrase. Throws RefusedError `key.passphrase-*`, `key-file.exists`. */
export async function makeSealedKeyFile(
  path: string,
  ports: Omit<SealPorts, "askPassphrase">,
): Promise<Signer> {
  const { seed } = generateEd25519(ports.random);
  return await writeSealedKey(formatEd25519Pkcs8(seed), path, ports);
}

/**
 * The key of one file, of either kind, into a new one under a new passphrase. The first is left as it is, to be
 * destroyed by its holder once the new one has been tried. Throws as `openKeyFile` and `makeSealedKeyFile`.
 */
export async function resealKeyFile(from: string, to: string, ports: SealPorts): Promise<Signer> {
  const { pkcs8 } = await openKeyFile(from, ports.askPassphrase);
  return await writeSealedKey(pkcs8, to, ports);
}

async function writeSealedKey(
  pkcs8: Secret,
  path: string,
  { askNewPassphrase, cost, random }: Omit<SealPorts, "askPassphrase">,
): Promise<Signer> {
  await checkNothingThere(path);
  const hint = `${passphraseLengthMin} characters or more`;
  const passphrase = await askNewPassphrase(`New passphrase for ${path} (${hint}): `);
  checkLongEnough(passphrase);
  checkNewPassphrase(passphrase, await askNewPassphrase("The same again: "));
  const bytes = await sealKey(pkcs8, passphrase, random, cost);
  // What cannot be opened again would be noticed years later.
  const { signer } = await openSealedKey(bytes, passphrase, path);
  await writePrivateFile(path, bytes);
  return signer;
}

function openPem(path: string, bytes: Uint8Array): OpenedKey {
  try {
    const pkcs8 = pkcs8FromPem(parseUtf8(bytes));
    return { pkcs8, signer: signerFromPkcs8(pkcs8) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new RefusedError("key.unusable", `Cannot use the key ${path}: ${reason}`);
  }
}
