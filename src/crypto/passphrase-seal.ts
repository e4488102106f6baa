/**
 * A secret sealed under a passphrase: argon2id (RFC 9106), then HKDF-SHA-256 (RFC 5869) into three keys, then
 * AES-256-GCM with the header as associated data. Two short checks stand beside the ciphertext, so that a wrong
 * passphrase, a changed header and a changed ciphertext can be told apart; none of them makes guessing easier than the
 * ciphertext itself does.
 */
import { argon2, createCipheriv, createDecipheriv, createHmac, hkdfSync } from "node:crypto";
import { equalBytes } from "./constant-time.ts";
import { Secret } from "./secret.ts";

/** What a guess costs; whoever reads a file bounds them first. */
export type PassphraseCost = {
  readonly memoryKiB: number;
  readonly passes: number;
  readonly lanes: number;
};

export type SealOptions = PassphraseCost & {
  /** Random, new for every seal, so that no two seals share a key. */
  readonly salt: Uint8Array;
  /** 12 bytes. */
  readonly nonce: Uint8Array;
  /** What is not secret and may not change. */
  readonly header: Uint8Array;
};

export type Sealed = {
  readonly passphraseCheck: Uint8Array;
  readonly headerCheck: Uint8Array;
  /** With the 16 bytes of the tag at its end. */
  readonly ciphertext: Uint8Array;
};

export type SealFault = "passphrase" | "header" | "ciphertext";

export const sealNonceSize = 12;
export const sealCheckSize = 32;
const tagSize = 16;
const keySize = 32;

export async function sealWithPassphrase(
  plaintext: Secret,
  passphrase: Secret,
  options: SealOptions,
): Promise<Sealed> {
  const keys = await deriveKeys(passphrase, options);
  const cipher = createCipheriv("aes-256-gcm", keys.encryption, options.nonce);
  cipher.setAAD(options.header);
  const parts = [cipher.update(plaintext.reveal()), cipher.final(), cipher.getAuthTag()];
  return {
    passphraseCheck: keys.passphraseCheck,
    headerCheck: headerCheck(keys.header, options.header),
    ciphertext: new Uint8Array(Buffer.concat(parts)),
  };
}

/** The secret, or the first thing that is wrong. A changed salt or cost looks like a wrong passphrase. */
export async function openWithPassphrase(
  sealed: Sealed,
  passphrase: Secret,
  options: SealOptions,
): Promise<Secret | SealFault> {
  const keys = await deriveKeys(passphrase, options);
  if (!equalBytes(keys.passphraseCheck, sealed.passphraseCheck)) return "passphrase";
  if (!equalBytes(headerCheck(keys.header, options.header), sealed.headerCheck)) return "header";
  const size = sealed.ciphertext.byteLength - tagSize;
  if (size < 0) return "ciphertext";
  try {
    // Without its length named, Node would take a shorter tag too.
    const tag = { authTagLength: tagSize };
    const cipher = createDecipheriv("aes-256-gcm", keys.encryption, options.nonce, tag);
    cipher.setAAD(options.header);
    cipher.setAuthTag(sealed.ciphertext.subarray(size));
    const plaintext = cipher.update(sealed.ciphertext.subarray(0, size));
    cipher.final();
    return new Secret(plaintext);
  } catch {
    return "ciphertext";
  }
}

type Keys = {
  readonly passphraseCheck: Uint8Array;
  readonly header: Uint8Array;
  readonly encryption: Uint8Array;
};

async function deriveKeys(passphrase: Secret, options: SealOptions): Promise<Keys> {
  const stretched = await stretch(passphrase.reveal(), options);
  const derive = (purpose: string): Uint8Array =>
    new Uint8Array(hkdfSync("sha256", stretched, "", `holdfast-key-file/1 ${purpose}`, keySize));
  return {
    passphraseCheck: derive("passphrase"),
    header: derive("header"),
    encryption: derive("encryption"),
  };
}

function stretch(
  message: Uint8Array,
  { lanes, memoryKiB, passes, salt }: SealOptions,
): Promise<Uint8Array> {
  const parameters = {
    message,
    nonce: salt,
    parallelism: lanes,
    memory: memoryKiB,
    passes,
    tagLength: keySize,
  };
  return new Promise((resolve, reject) => {
    argon2("argon2id", parameters, (error, derived) => {
      if (error === null) resolve(derived);
      else reject(error);
    });
  });
}

function headerCheck(key: Uint8Array, header: Uint8Array): Uint8Array {
  return new Uint8Array(createHmac("sha256", key).update(header).digest());
}
