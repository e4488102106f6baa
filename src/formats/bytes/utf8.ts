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

/** `formatUtf8(texts.join(separator))`, without ever making that text: large documents are joined from kept pieces. */
export function joinUtf8(texts: readonly string[], separator: string): Uint8Array {
  let size = 0;
  for (const text of texts) {
    if (!text.isWellFormed()) {
      throw new FormatError("bytes.utf8", "Cannot write text: it holds a lone surrogate");
    }
    size += Buffer.byteLength(text);
  }
  const between = formatUtf8(separator);
  const bytes = new Uint8Array(size + Math.max(0, texts.length - 1) * between.byteLength);
  const target = Buffer.from(bytes.buffer);
  let at = 0;
  for (const text of texts) {
    at += target.write(text, at);
    // The last one's does not fit, and is not wanted.
    for (const byte of between) bytes[at++] = byte;
  }
  return bytes;
}
