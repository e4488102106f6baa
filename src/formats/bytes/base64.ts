/**
 * Base64 and base64url (RFC 4648 sections 4 and 5), each in its one canonical form: padding exactly as the section
 * says (url form: none), no white space, no stray bits in the last character. `Buffer.from` alone accepts anything.
 */
import { FormatError } from "#formats/format-error.ts";

/** Throws FormatError `bytes.base64`. */
export function parseBase64(text: string, at = ""): Uint8Array {
  const bytes = Buffer.from(text, "base64");
  if (bytes.toString("base64") !== text) throw notBase64("base64", at);
  return new Uint8Array(bytes);
}

export function formatBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

/** Throws FormatError `bytes.base64`. */
export function parseBase64Url(text: string, at = ""): Uint8Array {
  const bytes = Buffer.from(text, "base64url");
  if (bytes.toString("base64url") !== text) throw notBase64("base64url", at);
  return new Uint8Array(bytes);
}

export function formatBase64Url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64url");
}

function notBase64(name: string, at: string): FormatError {
  return new FormatError("bytes.base64", `Cannot read ${name}: not in its canonical form`, at);
}
