/** UTF-8 that never replaces: bad bytes and lone surrogates are errors, a byte order mark is kept as a character. */
import { FormatError } from "#formats/format-error.ts";

const decoder: InstanceType<typeof TextDecoder> = new TextDecoder("utf-8", {
  fatal: true,
  ignoreBOM: true,
});
const encoder: InstanceType<typeof TextEncoder> = new TextEncoder();

/** Throws FormatError `bytes.utf8`. */
export function parseUtf8(bytes: Uint8Array, at = ""): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new FormatError("bytes.utf8", "Cannot read text: not valid UTF-8", at);
  }
}

/** Throws FormatError `bytes.utf8` for a lone surrogate, which has no UTF-8 form. */
export function formatUtf8(text: string): Uint8Array {
  if (!text.isWellFormed()) {
    throw new FormatError("bytes.utf8", "Cannot write text: it holds a lone surrogate");
  }
  return encoder.encode(text);
}
