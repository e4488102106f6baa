/** Compact real JSON in one deterministic form: members sorted as in the canonical form, no white space. */
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import { integerText, sortedNames } from "./canonical.ts";
import { isJsonArray } from "./value.ts";
import type { Json } from "./value.ts";

/** Throws FormatError `json.number` or `bytes.utf8` for what cannot be written exactly. */
export function formatJson(value: Json): Uint8Array {
  return formatUtf8(jsonText(value));
}

function jsonText(value: Json): string {
  if (typeof value === "number") return integerText(value);
  if (typeof value === "string") return quotedText(value);
  if (value === null || typeof value === "boolean") return String(value);
  if (isJsonArray(value)) return `[${value.map(jsonText).join(",")}]`;
  let text = "{";
  for (const name of sortedNames(value)) {
    if (text.length > 1) text += ",";
    text += `${quotedText(name)}:${jsonText(value.get(name) ?? null)}`;
  }
  return `${text}}`;
}

function quotedText(text: string): string {
  // JSON.stringify writes a lone surrogate as an escape, which our own parser refuses.
  if (!text.isWellFormed()) formatUtf8(text);
  return JSON.stringify(text);
}
