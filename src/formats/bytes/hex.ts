/** Hex, lower case only: one value has one text, so texts can be compared and used as names. */
import { FormatError } from "#formats/format-error.ts";

const pattern: RegExp = /^(?:[0-9a-f]{2})*$/;

/** Whether `text` is lower-case hex of exactly `size` bytes. */
export function isHex(text: string, size: number): boolean {
  return text.length === size * 2 && pattern.test(text);
}

/** Throws FormatError `bytes.hex` for upper case, an odd length or any other character. */
export function parseHex(text: string, at = ""): Uint8Array {
  if (!pattern.test(text)) {
    throw new FormatError("bytes.hex", "Cannot read hex: expected pairs of 0-9 and a-f", at);
  }
  return new Uint8Array(Buffer.from(text, "hex"));
}

export function formatHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}
