/**
 * The OLPC canonical form that TUF signs (specification 4.2): UTF-8, members sorted by code point, no white space,
 * only `"` and `\` escaped. Control characters stay raw, so the result is not JSON: never parse it.
 */
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import { FormatError } from "#formats/format-error.ts";
import { isJsonArray } from "./value.ts";
import type { Json, JsonObject } from "./value.ts";

/** Throws FormatError `json.number` for anything but an exact integer, `bytes.utf8` for a lone surrogate. */
export function canonicalJson(value: Json): Uint8Array {
  return formatUtf8(canonicalText(value));
}

/** The same before it is encoded. */
export function canonicalText(value: Json): string {
  if (typeof value === "string") return canonicalString(value);
  if (typeof value === "number") return integerText(value);
  if (value === null || typeof value === "boolean") return String(value);
  if (isJsonArray(value)) return `[${value.map(canonicalText).join(",")}]`;
  let text = "{";
  for (const name of sortedNames(value)) {
    if (text.length > 1) text += ",";
    text += `${canonicalString(name)}:${canonicalText(value.get(name) ?? null)}`;
  }
  return `${text}}`;
}

export function canonicalString(text: string): string {
  // Nearly every string of a role file needs no escape; looking is cheaper than replacing.
  if (!text.includes('"') && !text.includes("\\")) return `"${text}"`;
  return `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
}

/** The one text of an integer that every implementation agrees on. Throws FormatError `json.number`. */
export function integerText(value: number): string {
  if (!Number.isSafeInteger(value) || Object.is(value, -0)) {
    throw new FormatError("json.number", "Cannot write JSON: a number is not an exact integer");
  }
  return String(value);
}

/** Member names in code point order, which is also the order of their UTF-8 bytes. */
export function sortedNames(object: JsonObject): readonly string[] {
  const names = [...object.keys()];
  const sorted = names.every(
    (name, index) => index === 0 || compareCodePoints(names[index - 1] ?? "", name) < 0,
  );
  return sorted ? names : names.toSorted(compareCodePoints);
}

/** `compareCodePoints` for any two of these texts; faster where the engine's own order is the same for all of them. */
export function codePointOrder(texts: readonly string[]): (a: string, b: string) => number {
  if (texts.some((text) => surrogate.test(text))) return compareCodePoints;
  return (a, b) => (a < b ? -1 : Number(a > b));
}

/** JavaScript compares UTF-16 units, which puts U+1F600 before U+FF5E; signed order is by code point. */
export function compareCodePoints(a: string, b: string): number {
  if (a === b) return 0;
  // Without surrogates the two orders are one, and the engine's own comparison is much faster.
  if (!surrogate.test(a) && !surrogate.test(b)) return a < b ? -1 : 1;
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const x = a.charCodeAt(index);
    const y = b.charCodeAt(index);
    if (x !== y) return orderOfUnit(x) - orderOfUnit(y);
  }
  return a.length - b.length;
}

/** Surrogates stand for code points above U+FFFF, so they sort after every other unit. */
function orderOfUnit(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

const surrogate = /[\ud800-\udfff]/;
