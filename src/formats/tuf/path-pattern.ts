/**
 * Path patterns of delegations (specification 4.5), in the dialect of python-tuf, which applies Python's `fnmatch` to
 * each `/`-separated segment: `*` any run, `?` one character, `[ab-d]` and `[!ab-d]` one of a set; nothing matches a
 * `/`, a backslash is an ordinary character, a `[` without its `]` is one too. Never slower than pattern × path.
 */
import { FormatError } from "#formats/format-error.ts";
import { string } from "#formats/json/decode.ts";
import type { Decoder } from "#formats/json/decode.ts";

/** UTF-16 units. */
const patternSizeMax = 1024;

/** Throws FormatError `tuf.path-pattern` for a pattern longer than any honest one. */
export const pathPattern: Decoder<string> = (value, at) => {
  const pattern = string(value, at);
  if (pattern.length > patternSizeMax) {
    throw new FormatError("tuf.path-pattern", "Cannot read delegation: a path is too long", at);
  }
  return pattern;
};

/** One pass without allocation; a `*` is retried only within its own segment. */
export function matchesPathPattern(pattern: string, path: string): boolean {
  const literal = literalPrefix(pattern, path);
  // Most patterns of a long list differ before anything special comes.
  if (literal < pattern.length && !isSpecial(pattern.charCodeAt(literal))) return false;
  let inPattern = literal;
  let inPath = literal;
  /** Where to go on when the text behind the last `*` of this segment does not fit; -1: there was none. */
  let retryPattern = -1;
  let retryPath = -1;
  while (inPath < path.length || inPattern < pattern.length) {
    if (pattern[inPattern] === "*") {
      retryPattern = ++inPattern;
      retryPath = inPath;
      continue;
    }
    const width = matchOne(pattern, inPattern, path, inPath);
    if (width > 0) {
      if (path[inPath] === "/") retryPattern = -1;
      inPattern += width;
      inPath += characterWidth(path, inPath);
      continue;
    }
    if (retryPattern < 0 || retryPath >= path.length || path[retryPath] === "/") return false;
    retryPath += characterWidth(path, retryPath);
    inPattern = retryPattern;
    inPath = retryPath;
  }
  return true;
}

/** How many UTF-16 units at the start are the same and mean only themselves. */
function literalPrefix(pattern: string, path: string): number {
  const length = Math.min(pattern.length, path.length);
  let index = 0;
  while (index < length) {
    const unit = pattern.charCodeAt(index);
    if (unit !== path.charCodeAt(index) || isSpecial(unit)) break;
    index++;
  }
  return index;
}

function isSpecial(unit: number): boolean {
  return unit === asterisk || unit === questionMark || unit === bracket;
}

/** How much of `pattern` the character of `path` uses up, or 0 when they do not fit. */
function matchOne(pattern: string, inPattern: number, path: string, inPath: number): number {
  const actual = path.codePointAt(inPath);
  const expected = pattern.codePointAt(inPattern);
  if (actual === undefined || expected === undefined) return 0;
  if (expected === slash || actual === slash) return expected === actual ? 1 : 0;
  if (expected === questionMark) return 1;
  const end = expected === bracket ? setEnd(pattern, inPattern) : -1;
  if (end > 0) return isInSet(pattern, inPattern, end, actual) ? end + 1 - inPattern : 0;
  return expected === actual ? characterWidth(pattern, inPattern) : 0;
}

const asterisk = 0x2a;
const slash = 0x2f;
const questionMark = 0x3f;
const bracket = 0x5b;

/** Where the set that starts at `start` has its `]`, or -1. A `]` that comes first belongs to the set. */
function setEnd(pattern: string, start: number): number {
  let first = start + 1;
  if (pattern[first] === "!") first++;
  if (pattern[first] === "]") first++;
  const end = pattern.indexOf("]", first);
  // Segments are split before sets are read, so a set never reaches over a slash.
  const nextSlash = pattern.indexOf("/", start);
  return nextSlash >= 0 && nextSlash < end ? -1 : end;
}

function isInSet(pattern: string, start: number, end: number, actual: number): boolean {
  const negated = pattern[start + 1] === "!";
  let index = start + (negated ? 2 : 1);
  let found = false;
  while (index < end) {
    const low = pattern.codePointAt(index) ?? 0;
    const dash = index + characterWidth(pattern, index);
    let high = low;
    let next = dash;
    if (pattern[dash] === "-" && dash + 1 < end) {
      high = pattern.codePointAt(dash + 1) ?? 0;
      next = dash + 1 + characterWidth(pattern, dash + 1);
    }
    if (actual >= low && actual <= high) found = true;
    index = next;
  }
  return found !== negated;
}

function characterWidth(text: string, index: number): number {
  return (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1;
}
