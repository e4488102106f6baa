/**
 * Decoders: from a received JSON tree to a value whose type cannot be wrong. Unknown members are left alone (they stay
 * in the tree, and signatures cover them). Errors say where, as a path: `signed.roles.root.threshold`.
 */
import { quoteText } from "#formats/bytes/quote-text.ts";
import { FormatError } from "#formats/format-error.ts";
import type { FormatErrorCode } from "#formats/format-error.ts";
import { isJsonArray, isJsonObject } from "./value.ts";
import type { Json, JsonObject } from "./value.ts";

/** Throws FormatError, `json.type` unless its comment says otherwise. */
export type Decoder<T> = (value: Json, at: string) => T;

export const json: Decoder<Json> = (value) => value;

export const string: Decoder<string> = (value, at) => {
  if (typeof value !== "string") throw wrongType("a string", at);
  return value;
};

export const boolean: Decoder<boolean> = (value, at) => {
  if (typeof value !== "boolean") throw wrongType("true or false", at);
  return value;
};

export const integer: Decoder<number> = (value, at) => {
  if (typeof value !== "number") throw wrongType("an integer", at);
  return value;
};

/** Zero or more. */
export const natural: Decoder<number> = (value, at) => {
  if (integer(value, at) < 0) throw wrongType("an integer that is not negative", at);
  return integer(value, at);
};

/** One or more; `code` names what it counts. */
export function positive(code: FormatErrorCode = "json.type"): Decoder<number> {
  return (value, at) => {
    if (typeof value !== "number" || value < 1) throw wrongType("a positive integer", at, code);
    return value;
  };
}

export function literal<T extends string | number | boolean>(
  expected: T,
  code: FormatErrorCode = "json.type",
): Decoder<T> {
  return (value, at) => {
    if (value !== expected) throw wrongType(JSON.stringify(expected), at, code);
    return expected;
  };
}

/** One of a closed set of words. */
export function oneOf<T extends string>(
  words: readonly T[],
  code: FormatErrorCode = "json.type",
): Decoder<T> {
  return (value, at) => {
    const word = words.find((one) => one === value);
    if (word === undefined) throw wrongType(`one of ${words.join(", ")}`, at, code);
    return word;
  };
}

export const objectTree: Decoder<JsonObject> = (value, at) => {
  if (!isJsonObject(value)) throw wrongType("an object", at);
  return value;
};

export function list<T>(item: Decoder<T>): Decoder<readonly T[]> {
  return (value, at) => {
    if (!isJsonArray(value)) throw wrongType("an array", at);
    return value.map((member, index) => item(member, `${at}[${index}]`));
  };
}

/** An object whose member names come from outside. */
export function record<T>(item: Decoder<T>): Decoder<ReadonlyMap<string, T>> {
  return (value, at) => {
    const members = new Map<string, T>();
    for (const [name, member] of objectTree(value, at)) {
      members.set(name, item(member, memberPath(at, name)));
    }
    return members;
  };
}

export type OptionalDecoder<T> = { readonly optional: Decoder<T> };

/** A member that may be missing; null is not missing. */
export function optional<T>(decoder: Decoder<T>): OptionalDecoder<T> {
  return { optional: decoder };
}

export type Shape = Readonly<Record<string, Decoder<unknown> | OptionalDecoder<unknown>>>;

type RequiredNames<S extends Shape> = {
  [Name in keyof S]: S[Name] extends OptionalDecoder<unknown> ? never : Name;
}[keyof S];

/** The value type of an `object(…)` decoder. */
export type Decoded<S extends Shape> = {
  readonly [Name in RequiredNames<S>]: S[Name] extends Decoder<infer T> ? T : never;
} & {
  readonly [Name in Exclude<keyof S, RequiredNames<S>>]?: S[Name] extends OptionalDecoder<infer T>
    ? T
    : never;
};

/** An object with the named members; members that are not named are not looked at. */
export function object<S extends Shape>(shape: S): Decoder<Decoded<S>> {
  const members = Object.entries(shape);
  return (value, at) => {
    const tree = objectTree(value, at);
    const decoded: Record<string, unknown> = {};
    for (const [name, decoder] of members) {
      const member = tree.get(name);
      if (member === undefined) {
        if ("optional" in decoder) continue;
        throw new FormatError("json.type", `Cannot read JSON: "${name}" is missing`, at);
      }
      const decode = "optional" in decoder ? decoder.optional : decoder;
      decoded[name] = decode(member, memberPath(at, name));
    }
    return decoded as Decoded<S>;
  };
}

/** The path of a member inside `at`, for messages. Names come from outside: long ones are cut, and none steers a terminal. */
export function memberPath(at: string, name: string): string {
  const isPlain = name.length <= 80 && !unprintable.test(name);
  const shown = isPlain ? name : quoteText(name);
  return at === "" ? shown : `${at}.${shown}`;
}

const unprintable = /[^\x20-\x7e]/;

function wrongType(expected: string, at: string, code: FormatErrorCode = "json.type"): FormatError {
  return new FormatError(code, `Cannot read JSON: expected ${expected}`, at);
}
