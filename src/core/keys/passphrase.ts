/** Passphrases: the same text gives the same bytes, however a keyboard composes its letters (NFC, then UTF-8). */
import { equalBytes } from "#crypto/constant-time.ts";
import { Secret } from "#crypto/secret.ts";
import { formatUtf8, parseUtf8 } from "#formats/bytes/utf8.ts";
import { RefusedError } from "#core/errors.ts";

/** Of a new passphrase, in characters. */
export const passphraseLengthMin = 12;
/** In bytes. */
export const passphraseSizeMax = 1024;

/** From what was typed, or the first line of a file, without its line end. Throws RefusedError `key.passphrase`. */
export function parsePassphrase(bytes: Uint8Array): Secret {
  if (bytes.byteLength > passphraseSizeMax) {
    throw unusable(`it is longer than ${passphraseSizeMax} bytes`);
  }
  let text: string;
  try {
    text = parseUtf8(bytes);
  } catch {
    throw unusable("it is not UTF-8");
  }
  if (text === "") throw unusable("it is empty");
  if (/\p{Cc}/u.test(text)) throw unusable("it holds a control character");
  return new Secret(formatUtf8(text.normalize("NFC")));
}

/** For a new key. Throws RefusedError `key.passphrase-weak`. */
export function checkLongEnough(passphrase: Secret): void {
  if (Array.from(parseUtf8(passphrase.reveal())).length < passphraseLengthMin) {
    throw new RefusedError(
      "key.passphrase-weak",
      `Cannot seal a key: its passphrase needs ${passphraseLengthMin} characters or more`,
    );
  }
}

/** For a new key, typed twice. Throws RefusedError `key.passphrase-weak`, `key.passphrase-differs`. */
export function checkNewPassphrase(passphrase: Secret, again: Secret): void {
  checkLongEnough(passphrase);
  if (!equalBytes(passphrase.reveal(), again.reveal())) {
    throw new RefusedError(
      "key.passphrase-differs",
      "Cannot seal a key: the passphrase was not typed the same twice",
    );
  }
}

function unusable(reason: string): RefusedError {
  return new RefusedError("key.passphrase", `Cannot use this passphrase: ${reason}`);
}
