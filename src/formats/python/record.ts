/**
 * RECORD (PEP 376, 427; the binary distribution format): one row `path,hash,size` for every file in a wheel. A wheel is
 * right when its rows and its files are the same set and every file has the hash and size of its row.
 */
import { parseBase64Url } from "#formats/bytes/base64.ts";
import { formatHex } from "#formats/bytes/hex.ts";
import { quoteText } from "#formats/bytes/quote-text.ts";
import { parseUtf8 } from "#formats/bytes/utf8.ts";
import { FormatError } from "#formats/format-error.ts";
import { parseCsv } from "./csv.ts";

export type RecordHashName = "sha256" | "sha512";

export type RecordRow = {
  readonly path: string;
  /** Absent for RECORD itself and its signatures. */
  readonly hash?: { readonly name: RecordHashName; readonly hex: string };
  readonly size?: number;
};

const digestSizes: Readonly<Record<RecordHashName, number>> = { sha256: 32, sha512: 64 };

/** Rows by path. `wheel.record` for text that is not RECORD, a path listed twice, a hash that proves nothing. */
export function parseRecord(bytes: Uint8Array): ReadonlyMap<string, RecordRow> {
  const rows = new Map<string, RecordRow>();
  for (const cells of parseCsv(decodeRecord(bytes))) {
    const row = parseRow(cells);
    if (rows.has(row.path)) throw badRow(row.path, "is listed twice");
    rows.set(row.path, row);
  }
  return rows;
}

function parseRow(cells: readonly string[]): RecordRow {
  const [path = "", hash = "", size = ""] = cells;
  if (cells.length !== 3 || path === "") throw badRow(path, "is not path, hash and size");
  if (size !== "" && !/^[0-9]{1,15}$/.test(size))
    throw badRow(path, "has a size that is no number");
  return {
    path,
    ...(hash !== "" && { hash: parseHash(path, hash) }),
    ...(size !== "" && { size: Number(size) }),
  };
}

function parseHash(path: string, text: string): { name: RecordHashName; hex: string } {
  const equals = text.indexOf("=");
  const name = text.slice(0, Math.max(equals, 0));
  if (name !== "sha256" && name !== "sha512") {
    throw badRow(path, `has the hash ${quoteText(name)}; sha256 and sha512 are accepted`);
  }
  try {
    const digest = parseBase64Url(text.slice(equals + 1));
    if (digest.length === digestSizes[name]) return { name, hex: formatHex(digest) };
  } catch {
    // Told below: a digest of the wrong length and one of the wrong letters are the same mistake.
  }
  throw badRow(path, `has a ${name} that is not base64url without padding`);
}

function decodeRecord(bytes: Uint8Array): string {
  try {
    return parseUtf8(bytes);
  } catch {
    throw new FormatError("wheel.record", "RECORD is not UTF-8");
  }
}

function badRow(path: string, reason: string): FormatError {
  return new FormatError("wheel.record", `RECORD: ${quoteText(path)} ${reason}`);
}
