/**
 * The fast way to read JSON that is written compactly, as ours is: the engine's own parser reads it, and that nothing was
 * lost or changed on the way is shown by writing it again. The same text, to the last character, means that no member
 * was named twice, that no number was rounded or spelt otherwise, and that nothing stood around the document. What
 * `JSON.stringify` would also write, but parse.ts refuses, is looked for by itself: escapes, fractions, exponents,
 * inexact integers, deep nesting. Everything that is not exact is left to parse.ts, which says what is wrong with it.
 */
import { compareCodePoints } from "./canonical.ts";
import type { Json } from "./value.ts";

export type ExactDocument = {
  /** The same tree as `parseJson` makes. */
  readonly tree: Json;
  /** Whether the text is its own canonical form (canonical.ts), and with it each part of it. */
  readonly isCanonical: boolean;
};

/** Longer texts are rare, and read by parse.ts from the beginning. */
const lengthMax = 4 * 1024 * 1024;

/** undefined: this document has to be read by `parseJson`. */
export function parseExact(text: string, depthMax: number): ExactDocument | undefined {
  if (text.length > lengthMax || text.includes("\\")) return undefined;
  const value = parseAsWritten(text);
  if (value === undefined) return undefined;
  const reader = new ExactReader(depthMax);
  const tree = reader.read(value.parsed, 0);
  return tree === undefined ? undefined : { tree, isCanonical: reader.isCanonical };
}

function parseAsWritten(text: string): { readonly parsed: unknown } | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return JSON.stringify(parsed) === text ? { parsed } : undefined;
  } catch {
    // Not JSON, or nested too deeply to be written again.
    return undefined;
  }
}

class ExactReader {
  readonly #depthMax: number;
  /** A snapshot says `{"version":7}` of thousands of roles. Trees never change, so that one object stands for all. */
  readonly #shared = new Map<string, Map<number, Json>>();
  isCanonical = true;

  constructor(depthMax: number) {
    this.#depthMax = depthMax;
  }

  /** undefined where `parseJson` might refuse. */
  read(value: unknown, depth: number): Json | undefined {
    if (typeof value === "string" || typeof value === "boolean" || value === null) return value;
    if (typeof value === "number") return Number.isSafeInteger(value) ? value : undefined;
    if (depth >= this.#depthMax || typeof value !== "object") return undefined;
    if (Array.isArray(value)) return this.#readArray(value, depth);
    return this.#readObject(value as Readonly<Record<string, unknown>>, depth);
  }

  #readArray(values: readonly unknown[], depth: number): Json | undefined {
    const array: Json[] = [];
    for (const value of values) {
      const item = this.read(value, depth + 1);
      if (item === undefined) return undefined;
      array.push(item);
    }
    return array;
  }

  /** Its own members alone, whatever they are called: the parser made each of them a member of its own. */
  #readObject(members: Readonly<Record<string, unknown>>, depth: number): Json | undefined {
    const names = Object.keys(members);
    const [only] = names;
    if (names.length === 1 && only !== undefined) {
      const value = members[only];
      if (typeof value === "number") return this.#readNumberAlone(only, value, depth);
    }
    const object = new Map<string, Json>();
    let before: string | undefined;
    for (const name of names) {
      const member = this.read(members[name], depth + 1);
      if (member === undefined) return undefined;
      object.set(name, member);
      if (before !== undefined && compareCodePoints(before, name) >= 0) this.isCanonical = false;
      before = name;
    }
    return object;
  }

  #readNumberAlone(name: string, value: number, depth: number): Json | undefined {
    const shared = this.#shared.get(name) ?? new Map<number, Json>();
    const known = shared.get(value);
    if (known !== undefined) return known;
    const number = this.read(value, depth + 1);
    if (number === undefined) return undefined;
    const object = new Map([[name, number]]);
    this.#shared.set(name, shared.set(value, object));
    return object;
  }
}
