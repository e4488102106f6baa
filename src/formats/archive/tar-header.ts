/**
 * One tar header block (POSIX.1-2001 ustar and pax, GNU long names) and the records of a pax extended header. Ours,
 * because tar readers forgive different things: a block one of them skips is a file to another. Whatever they could
 * read differently is refused here: sizes that contradict each other, prefixes a format does not have, sparse files,
 * file names for all members at once.
 */
import { quoteText } from "#formats/bytes/quote-text.ts";
import { parseUtf8 } from "#formats/bytes/utf8.ts";
import { FormatError } from "#formats/format-error.ts";
import { decodeMemberName } from "./member-name.ts";

export const tarBlockSize = 512;

export type TarHeader = {
  /** The type flag; "0" for a plain file, however it was written. */
  readonly type: string;
  readonly name: string;
  readonly linkTarget: string;
  /** Bytes of data after the header, padding not counted. */
  readonly size: number;
};

/** What a pax header says about the member after it. */
export type PaxRecords = {
  readonly path?: string;
  readonly linkTarget?: string;
  readonly size?: number;
};

/** `archive.corrupt`, `archive.name`. The block is not all zeros. */
export function parseTarHeader(block: Uint8Array): TarHeader {
  checkSum(block);
  const flag = block[156] ?? 0;
  const prefix = prefixOf(block);
  const name = textField(block, 0, 100);
  return {
    type: flag === 0 ? "0" : String.fromCharCode(flag),
    name: prefix === "" ? name : `${prefix}/${name}`,
    linkTarget: textField(block, 157, 100),
    size: octalField(block, 124, 12),
  };
}

/** The records that change what a member is; the others (times, owners, attributes) are passed over. */
export function parsePaxRecords(body: Uint8Array): PaxRecords {
  const records = new Map<string, string>();
  for (let at = 0; at < body.length;) {
    const record = readPaxRecord(body, at);
    if (record.key.startsWith("GNU.sparse.")) throw unsupported("sparse files");
    if (record.key === "hdrcharset" && record.value !== "ISO-IR 10646 2000 UTF-8") {
      throw unsupported("names in another character set");
    }
    records.set(record.key, record.value);
    at = record.end;
  }
  const path = records.get("path");
  const linkTarget = records.get("linkpath");
  const size = records.get("size");
  if (size !== undefined && !/^[0-9]{1,15}$/.test(size)) throw corrupt("a pax header's size");
  return {
    ...(path !== undefined && { path }),
    ...(linkTarget !== undefined && { linkTarget }),
    ...(size !== undefined && { size: Number(size) }),
  };
}

/** A GNU long name: the body up to its closing zero. */
export function parseGnuLongName(body: Uint8Array): string {
  const end = body.indexOf(0);
  if (end !== -1 && body.subarray(end).some((byte) => byte !== 0)) throw corrupt("a long name");
  return decodeMemberName(end === -1 ? body : body.subarray(0, end));
}

/** `length key=value\n`, the length being that of the whole record in bytes. */
function readPaxRecord(
  body: Uint8Array,
  start: number,
): { readonly key: string; readonly value: string; readonly end: number } {
  const space = body.indexOf(0x20, start);
  const digits = space === -1 || space - start > 8 ? "" : latin1(body.subarray(start, space));
  const end = /^[1-9][0-9]*$/.test(digits) ? start + Number(digits) : Number.NaN;
  const isWhole = end > space + 2 && end <= body.length && body[end - 1] === 0x0a;
  if (!isWhole) throw corrupt("a pax header");
  const equals = body.indexOf(0x3d, space);
  if (equals === -1 || equals >= end) throw corrupt("a pax header");
  const key = latin1(body.subarray(space + 1, equals));
  const raw = body.subarray(equals + 1, end - 1);
  // Extended attributes hold bytes of any kind; only what names a member has to be text.
  const isName = key === "path" || key === "linkpath";
  return { key, value: isName ? parsePaxName(raw) : latin1(raw), end };
}

function parsePaxName(raw: Uint8Array): string {
  try {
    return parseUtf8(raw);
  } catch {
    throw new FormatError("archive.name", "An archive member's name is not UTF-8");
  }
}

function checkSum(block: Uint8Array): void {
  let sum = 8 * 0x20;
  block.forEach((byte, index) => {
    if (index < 148 || index >= 156) sum += byte;
  });
  if (octalField(block, 148, 8) !== sum) throw corrupt("a tar header's checksum");
}

/** Only POSIX ustar has a prefix; some readers apply what stands there in other formats too. */
function prefixOf(block: Uint8Array): string {
  const magic = latin1(block.subarray(257, 263));
  const prefix = textField(block, 345, 155);
  if (prefix !== "" && magic !== "ustar\0") throw corrupt("a tar header: a prefix outside ustar");
  return prefix;
}

function textField(block: Uint8Array, offset: number, length: number): string {
  const field = block.subarray(offset, offset + length);
  const end = field.indexOf(0);
  return decodeMemberName(end === -1 ? field : field.subarray(0, end));
}

/** Octal digits between blanks, closed by blanks or zeros; an empty field is 0. GNU's binary form is for sizes we refuse. */
function octalField(block: Uint8Array, offset: number, length: number): number {
  const text = latin1(block.subarray(offset, offset + length));
  const match = /^ *([0-7]*)[ \0]*$/.exec(text);
  if (match === null) throw corrupt(`a tar header's number ${quoteText(text)}`);
  return Number.parseInt(`0${match[1]}`, 8);
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

function corrupt(what: string): FormatError {
  return new FormatError("archive.corrupt", `The tar archive is damaged: cannot read ${what}`);
}

function unsupported(what: string): FormatError {
  return new FormatError("archive.corrupt", `The tar archive has ${what}, which are not supported`);
}
