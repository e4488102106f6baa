/**
 * Private keys on a disk: one PKCS#8 PEM each, for their owner alone. A key that is there is never replaced, so making
 * a key twice gives the same one.
 */
import { lstat, mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { formatEd25519Pem, generateEd25519, signerFromPem } from "#crypto/signer.ts";
import type { Signer } from "#crypto/signer.ts";
import { RefusedError } from "#core/errors.ts";
import type { Random } from "#core/ports.ts";
import { isCode, writeNewFile } from "./renamed-file.ts";
import { storageError } from "./storage-error.ts";

const othersMode = 0o077;
const keySizeMax = 16 * 1024;

/** The ed25519 key in this file, made first where there is none. Durable. Throws as `readKeyFile`. */
export async function makeKeyFile(path: string, random: Random): Promise<Signer> {
  const known = await readKeyFile(path);
  if (known !== undefined) return known;
  await makeKeyFolder(dirname(path));
  const { seed } = generateEd25519(random);
  // Where another process was faster, its key is the one that counts.
  await writeNewFile(path, formatEd25519Pem(seed));
  return await readExistingKey(path);
}

/** undefined where there is no file. Throws RefusedError `key.unusable` for what is no key or open to other users. */
export async function readKeyFile(path: string): Promise<Signer | undefined> {
  try {
    const { mode, size } = await lstat(path);
    if ((mode & othersMode) !== 0) throw unusable(path, "other users can read it: chmod 600 it");
    if (size > keySizeMax) throw unusable(path, "it is too large for a key");
    return signerFromPem(await readFile(path, "utf8"));
  } catch (error) {
    if (isCode(error, "ENOENT")) return undefined;
    if (error instanceof TypeError) throw unusable(path, error.message);
    throw storageError(error, `read ${path}`);
  }
}

/** As `readKeyFile`, for a key that must be there. */
export async function readExistingKey(path: string): Promise<Signer> {
  const signer = await readKeyFile(path);
  if (signer !== undefined) return signer;
  throw unusable(path, "there is no such file");
}

/** A folder for keys, for its owner alone. */
export async function makeKeyFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
}

function unusable(path: string, reason: string): RefusedError {
  return new RefusedError("key.unusable", `Cannot use the key ${path}: ${reason}`);
}
