/**
 * The fast way to read JSON that is written compactly, as ours is: the engine's own parser reads it, and that nothing was
 * lost or changed on the way is shown by writing it again. The same text, to the last character, means that no member
 * was named twice, that no number was rounded or spelt otherwise, and that nothing stood around the document. What
 * `JSON.stringify` would also write, but parse.ts refuses, is looked for by itself: escapes, fractions, exponents,
 * inexact integers, deep nesting. Everything that is not exact is left to parse.ts, which says what is wrong with it.
 *
 * What a snapshot says of its many thousand roles is read line by line before that (version-lines.ts).
 */
import { compareCodePoints } from "./canonical.ts";
import type { Json } from "./value.ts";
import { cutVersionLines } from "./version-lines.ts";
import type { VersionLines } from "./version-lines.ts";

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
  const lines = cutVersionLines(text);
  const value = parseAsWritten(lines?.rest ?? text);
  if (value === undefined) return undefined;
  const reader = new ExactReader(depthMax, lines);
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
  readonly #lines: VersionLines | undefined;
  isCanonical = true;

  constructor(depthMax: number, lines: VersionLines | undefined) {
    this.#depthMax = depthMax;
    this.#lines = lines;
  }

  /** undefined where `parseJson` might refuse. */
  read(value: unknown, depth: number): Json | undefined {
    if (typeof value === "string" || typeof value === "boolean" || value === null) return value;
    if (typeof value === "number") return Number.isSafeInteger(value) ? value : undefined;
    if (depth >= this.#depthMax) return undefined;
    if (Array.isArray(value)) return this.#readArray(value, depth);
    return isObject(value) ? this.#readMembers(value, depth, new Map()) : undefined;
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

  /**
   * Into `object`, after those that are in it, of which `last` is the last. Its own members alone, whatever they are called:
   * the parser made each of them a member of its own.
   */
  #readMembers(
    members: Readonly<Record<string, unknown>>,
    depth: number,
    object: Map<string, Json>,
    last?: string,
  ): Json | undefined {
    let before = last;
    for (const name of Object.keys(members)) {
      const member = this.#readMember(name, members[name], depth + 1);
      if (member === undefined || object.has(name)) return undefined;
      object.set(name, member);
      if (before !== undefined && compareCodePoints(before, name) >= 0) this.isCanonical = false;
      before = name;
    }
    return object;
  }

  #readMember(name: string, value: unknown, depth: number): Json | undefined {
    const lines = this.#lines;
    if (name !== lines?.name || !isObject(value)) return this.read(value, depth);
    // The one object of that name. The lines came first, and each is one deeper.
    if (depth + 1 >= this.#depthMax) return undefined;
    return this.#readMembers(value, depth, lines.members, lines.last);
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
