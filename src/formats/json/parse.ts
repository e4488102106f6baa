/**
 * Strict JSON (RFC 8259) for documents whose meaning is signed. Refused beyond the RFC, because two parsers could
 * read them differently: duplicate members, lone surrogates, every number that is not a plain integer within
 * ±(2^53-1), `-0`, a byte order mark, deep nesting. Runs in linear time; digits are counted before they are read.
 */
import { parseUtf8 } from "#formats/bytes/utf8.ts";
import { FormatError } from "#formats/format-error.ts";
import type { FormatErrorCode } from "#formats/format-error.ts";
import { parseExact } from "./exact.ts";
import type { ExactDocument } from "./exact.ts";
import type { Json, JsonObject } from "./value.ts";

export type JsonLimits = {
  /** Arrays and objects inside one another. */
  readonly depthMax: number;
  /** Bytes. */
  readonly sizeMax: number;
};

export const defaultJsonLimits: JsonLimits = { depthMax: 64, sizeMax: 64 * 1024 * 1024 };

/** Throws FormatError `json.*` or `bytes.utf8`; its `at` is `file` and the character offset. */
export function parseJson(bytes: Uint8Array, limits?: JsonLimits, file?: string): Json {
  return parseDocument(bytes, limits, file).tree;
}

/** As `parseJson`, and whether the bytes are their own canonical form; false is not sure. */
export function parseDocument(
  bytes: Uint8Array,
  limits: JsonLimits = defaultJsonLimits,
  file = "",
): ExactDocument {
  if (bytes.byteLength > limits.sizeMax) {
    throw new FormatError("json.size", `Cannot read JSON: more than ${limits.sizeMax} bytes`, file);
  }
  const text = parseUtf8(bytes, file);
  return (
    parseExact(text, limits.depthMax) ?? {
      tree: parseText(text, limits.depthMax, file),
      isCanonical: false,
    }
  );
}

/** Every document, character by character. */
export function parseText(text: string, depthMax: number, file = ""): Json {
  return new JsonReader(text, depthMax, file).readDocument();
}

const quote = 0x22;
const comma = 0x2c;
const minus = 0x2d;
const digit0 = 0x30;
const digit9 = 0x39;
const colon = 0x3a;
const bracketOpen = 0x5b;
const backslash = 0x5c;
const bracketClose = 0x5d;
const braceOpen = 0x7b;
const braceClose = 0x7d;

/** 2^53-1 has 16 digits. */
const digitsMax = 16;

const escapes: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ["\\", "\\"],
  ["/", "/"],
  ["b", "\b"],
  ["f", "\f"],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
]);

const hex4: RegExp = /^[0-9a-fA-F]{4}$/;

class JsonReader {
  readonly #text: string;
  readonly #depthMax: number;
  readonly #file: string;
  #position = 0;
  #depth = 0;

  constructor(text: string, depthMax: number, file: string) {
    this.#text = text;
    this.#depthMax = depthMax;
    this.#file = file;
  }

  readDocument(): Json {
    const value = this.#readValue();
    this.#skipSpace();
    if (this.#position < this.#text.length) throw this.#error("text after the document");
    return value;
  }

  #readValue(): Json {
    this.#skipSpace();
    const code = this.#text.charCodeAt(this.#position);
    if (code === quote) return this.#readString();
    if (code === braceOpen) return this.#readObject();
    if (code === bracketOpen) return this.#readArray();
    if (code === minus || (code >= digit0 && code <= digit9)) return this.#readNumber();
    if (this.#accept("true")) return true;
    if (this.#accept("false")) return false;
    if (this.#accept("null")) return null;
    throw this.#error("expected a value");
  }

  #readObject(): JsonObject {
    const object = new Map<string, Json>();
    this.#enter();
    this.#skipSpace();
    if (this.#acceptCode(braceClose)) return this.#leave(object);
    for (;;) {
      this.#skipSpace();
      if (this.#text.charCodeAt(this.#position) !== quote) {
        throw this.#error("expected a member name");
      }
      const start = this.#position;
      const name = this.#readString();
      if (object.has(name)) {
        this.#position = start;
        throw this.#error("an object names a member twice", "json.duplicate-member");
      }
      this.#skipSpace();
      if (!this.#acceptCode(colon)) throw this.#error('expected ":"');
      object.set(name, this.#readValue());
      this.#skipSpace();
      if (this.#acceptCode(braceClose)) return this.#leave(object);
      if (!this.#acceptCode(comma)) throw this.#error('expected "," or "}"');
    }
  }

  #readArray(): readonly Json[] {
    const array: Json[] = [];
    this.#enter();
    this.#skipSpace();
    if (this.#acceptCode(bracketClose)) return this.#leave(array);
    for (;;) {
      array.push(this.#readValue());
      this.#skipSpace();
      if (this.#acceptCode(bracketClose)) return this.#leave(array);
      if (!this.#acceptCode(comma)) throw this.#error('expected "," or "]"');
    }
  }

  #readString(): string {
    const start = ++this.#position;
    const text = this.#text;
    for (let index = start; index < text.length; index++) {
      const code = text.charCodeAt(index);
      if (code === quote) {
        this.#position = index + 1;
        return text.slice(start, index);
      }
      if (code === backslash) return this.#readEscapedString(start, index);
      if (code < 0x20) {
        this.#position = index;
        throw this.#error("a control character in a string", "json.string");
      }
    }
    this.#position = text.length;
    throw this.#error("the string has no end");
  }

  /** `index` is at the first backslash; pieces between escapes are sliced, so long strings stay linear. */
  #readEscapedString(start: number, index: number): string {
    const text = this.#text;
    const pieces: string[] = [text.slice(start, index)];
    this.#position = index;
    for (;;) {
      const code = text.charCodeAt(this.#position);
      if (code === quote) break;
      if (code === backslash) {
        pieces.push(this.#readEscape());
        continue;
      }
      const end = this.#pieceEnd(code);
      pieces.push(text.slice(this.#position, end));
      this.#position = end;
    }
    this.#position++;
    const value = pieces.join("");
    // The bytes were valid UTF-8, so only \u escapes can leave half a pair.
    if (!value.isWellFormed()) throw this.#error("a lone surrogate in a string", "json.string");
    return value;
  }

  /** Where the piece without escapes that starts here with `code` ends. */
  #pieceEnd(code: number): number {
    const text = this.#text;
    let end = this.#position;
    for (let next = code; next !== quote && next !== backslash; next = text.charCodeAt(++end)) {
      if (next >= 0x20) continue;
      this.#position = end;
      if (end >= text.length) throw this.#error("the string has no end");
      throw this.#error("a control character in a string", "json.string");
    }
    return end;
  }

  #readEscape(): string {
    const letter = this.#text.charAt(this.#position + 1);
    if (letter === "u") {
      const digits = this.#text.slice(this.#position + 2, this.#position + 6);
      if (!hex4.test(digits)) throw this.#error("a bad \\u escape", "json.string");
      this.#position += 6;
      return String.fromCharCode(Number.parseInt(digits, 16));
    }
    const character = escapes.get(letter);
    if (character === undefined) throw this.#error("an unknown escape", "json.string");
    this.#position += 2;
    return character;
  }

  #readNumber(): number {
    const start = this.#position;
    const text = this.#text;
    let index = start;
    if (text.charCodeAt(index) === minus) index++;
    const digits = index;
    let code = text.charCodeAt(index);
    while (code >= digit0 && code <= digit9) code = text.charCodeAt(++index);
    const count = index - digits;
    const leadingZero = count > 1 && text.charCodeAt(digits) === digit0;
    if (count === 0 || leadingZero) throw this.#error("expected an integer", "json.number");
    if (code === 0x2e || code === 0x65 || code === 0x45) {
      throw this.#error("a number with a fraction or an exponent", "json.number");
    }
    const value = count > digitsMax ? Number.NaN : Number(text.slice(start, index));
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) {
      throw this.#error("a number outside the exact integers", "json.number");
    }
    this.#position = index;
    return value;
  }

  #skipSpace(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#position);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.#position++;
    }
  }

  #accept(word: string): boolean {
    if (!this.#text.startsWith(word, this.#position)) return false;
    this.#position += word.length;
    return true;
  }

  #acceptCode(code: number): boolean {
    if (this.#text.charCodeAt(this.#position) !== code) return false;
    this.#position++;
    return true;
  }

  #enter(): void {
    this.#position++;
    if (++this.#depth > this.#depthMax) {
      throw this.#error(`nested deeper than ${this.#depthMax}`, "json.depth");
    }
  }

  #leave<T>(value: T): T {
    this.#depth--;
    return value;
  }

  #error(what: string, code: FormatErrorCode = "json.syntax"): FormatError {
    const place = `character ${this.#position}`;
    const at = this.#file === "" ? place : `${this.#file} ${place}`;
    return new FormatError(code, `Cannot read JSON: ${what}`, at);
  }
}
