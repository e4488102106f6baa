/**
 * The requests that make up nearly all of an index's traffic, read without an HTTP parser: one GET with no body and
 * nothing about it that matters beyond its path, `Accept` and `Accept-Encoding`, whole in one chunk. What is read here
 * is a small, exact subset of RFC 9112 that every parser reads alike; whatever else comes (conditions, ranges,
 * credentials, bodies, folded or odd lines) is not understood, and belongs to the real parser.
 */

/** What a header block asks for; the same object for the same block. */
export type PlainWishes = {
  readonly accept: string | undefined;
  readonly acceptEncoding: string | undefined;
  readonly userAgent: string | undefined;
};

export type PlainGet = {
  /** The target as sent: a path without a query. */
  readonly path: string;
  readonly wishes: PlainWishes;
};

const method = "GET ";
const version = " HTTP/1.1\r\n";
const end = "\r\n\r\n";
/** Longer ones are for the real parser, which has limits of its own. */
const sizeMax = 2_048;
/** Unreserved characters and separators that mean nothing in a path. */
const pathText = /^(?:\/[A-Za-z0-9._+-]*)+$/;
const headerLine = /^([A-Za-z-]+): ?([\x21-\x7e][\x20-\x7e]*)?$/;

/** Headers that change nothing about the answer to such a GET. */
const ignored: ReadonlySet<string> = new Set([
  "accept-language",
  "cache-control",
  "host",
  "pragma",
  "sec-fetch-dest",
  "sec-fetch-mode",
  "sec-fetch-site",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
  "x-real-ip",
]);

/** Reads such requests, and remembers the header blocks it saw: a client sends the same one again and again. */
export class PlainGetReader {
  readonly #known = new Map<string, PlainWishes>();
  readonly #knownMax: number;

  constructor(knownMax: number) {
    this.#knownMax = knownMax;
  }

  /** Undefined: this chunk is not exactly one such request. */
  read(chunk: Buffer): PlainGet | undefined {
    if (chunk.length > sizeMax) return undefined;
    const text = chunk.toString("latin1");
    if (!text.startsWith(method)) return undefined;
    const pathEnd = text.indexOf(" ", method.length);
    if (pathEnd === -1 || !text.startsWith(version, pathEnd)) return undefined;
    const wishes = this.#wishesOf(text.slice(pathEnd + version.length));
    if (wishes === undefined) return undefined;
    const path = text.slice(method.length, pathEnd);
    return pathText.test(path) ? { path, wishes } : undefined;
  }

  #wishesOf(block: string): PlainWishes | undefined {
    const known = this.#known.get(block);
    if (known !== undefined) return known;
    // Only what is understood is remembered: other blocks may hold credentials.
    const wishes = parseHeaderBlock(block);
    if (wishes === undefined) return undefined;
    if (this.#known.size >= this.#knownMax) this.#known.clear();
    this.#known.set(block, wishes);
    return wishes;
  }
}

/** The lines after the request line, the last empty one included. */
function parseHeaderBlock(block: string): PlainWishes | undefined {
  if (block.indexOf(end) !== block.length - end.length) return undefined;
  const wanted = new Map<string, string>();
  for (const line of block.slice(0, -end.length).split("\r\n")) {
    const [, rawName, rawValue = ""] = headerLine.exec(line) ?? [];
    if (rawName === undefined) return undefined;
    const value = rawValue.trimEnd();
    const name = rawName.toLowerCase();
    if (wanted.has(name)) return undefined;
    if (name === "connection") {
      if (value.toLowerCase() !== "keep-alive") return undefined;
    } else if (!ignored.has(name) && !understood.has(name)) {
      return undefined;
    }
    wanted.set(name, value);
  }
  if (!wanted.has("host")) return undefined;
  return {
    accept: wanted.get("accept"),
    acceptEncoding: wanted.get("accept-encoding"),
    userAgent: wanted.get("user-agent"),
  };
}

const understood: ReadonlySet<string> = new Set(["accept", "accept-encoding", "user-agent"]);
