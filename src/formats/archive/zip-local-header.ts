/**
 * What stands around a zip member's data (APPNOTE 4.3.7, 4.3.9, 4.5.3): tools that read a zip from the front believe
 * the local header, others the directory. Both must say the same.
 */
import { quoteText } from "#formats/bytes/quote-text.ts";
import { FormatError } from "#formats/format-error.ts";
import type { ByteSource } from "./byte-source.ts";
import { readUint64, viewOf } from "./zip-directory.ts";
import type { ZipEntry } from "./zip-directory.ts";

const sizesFollow = 0x0008;
const unknown32 = 0xffffffff;

/** Where the member's data start. `archive.header-mismatch`, `archive.corrupt`. */
export async function checkLocalHeader(
  source: ByteSource,
  entry: ZipEntry,
  end: number,
): Promise<number> {
  const start = entry.headerOffset;
  if (start + 30 > end) throw mismatch(entry, "overlaps another");
  const header = viewOf(await source.read(start, 30));
  const nameSize = header.getUint16(26, true);
  const extraSize = header.getUint16(28, true);
  const dataStart = start + 30 + nameSize + extraSize;
  if (header.getUint32(0, true) !== 0x04034b50) throw mismatch(entry, "has no local header");
  if (dataStart + entry.compressedSize > end) throw mismatch(entry, "overlaps another");
  const name = await source.read(start + 30, nameSize);
  if (!Buffer.from(entry.nameBytes).equals(name)) throw mismatch(entry, "has two names");
  if (header.getUint16(6, true) !== entry.flags) throw mismatch(entry, "has two sets of flags");
  if (header.getUint16(8, true) !== entry.method) {
    throw mismatch(entry, "has two compression methods");
  }
  const extra = viewOf(await source.read(start + 30 + nameSize, extraSize));
  const said = [
    header.getUint32(14, true),
    ...sizesIn(entry, header.getUint32(18, true), header.getUint32(22, true), extra),
  ];
  const meant = [entry.crc32, entry.compressedSize, entry.size];
  const isLeftOpen = (entry.flags & sizesFollow) !== 0 && said.every((value) => value === 0);
  if (!isLeftOpen && said.some((value, index) => value !== meant[index])) {
    throw mismatch(entry, "has two sizes or checksums");
  }
  return dataStart;
}

/** Between the data and the next member: nothing, or the data descriptor where one is announced. */
export async function checkDataDescriptor(
  source: ByteSource,
  entry: ZipEntry,
  start: number,
  end: number,
): Promise<void> {
  const size = end - start;
  if ((entry.flags & sizesFollow) === 0) {
    if (size === 0) return;
    throw new FormatError(
      "archive.junk",
      `There are bytes that belong to no member after ${quoteText(entry.name)}`,
    );
  }
  // With or without its signature; with sizes of 32 or 64 bits.
  const isKnown = [12, 16, 20, 24].includes(size);
  const descriptor = isKnown
    ? viewOf(await source.read(start, size))
    : new DataView(new ArrayBuffer(0));
  const hasSignature = size === 16 || size === 24;
  const at = hasSignature ? 4 : 0;
  const isLong = size >= 20;
  const matches =
    isKnown &&
    (!hasSignature || descriptor.getUint32(0, true) === 0x08074b50) &&
    descriptor.getUint32(at, true) === entry.crc32 &&
    (isLong
      ? readUint64(descriptor, at + 4) === entry.compressedSize &&
        readUint64(descriptor, at + 12) === entry.size
      : descriptor.getUint32(at + 4, true) === entry.compressedSize &&
        descriptor.getUint32(at + 8, true) === entry.size);
  if (!matches) throw mismatch(entry, "has another data descriptor");
}

type ExtraField = { readonly id: number; readonly data: DataView };

function parseExtraFields(entry: ZipEntry, extra: DataView): readonly ExtraField[] {
  const fields: ExtraField[] = [];
  for (let at = 0; at + 4 <= extra.byteLength;) {
    const size = extra.getUint16(at + 2, true);
    if (at + 4 + size > extra.byteLength) throw mismatch(entry, "has an unreadable extra field");
    const data = new DataView(extra.buffer, extra.byteOffset + at + 4, size);
    fields.push({ id: extra.getUint16(at, true), data });
    at += 4 + size;
  }
  return fields;
}

/** Packed and unpacked size, from the zip64 field where the short ones leave them open. */
function sizesIn(
  entry: ZipEntry,
  compressedSize: number,
  size: number,
  extra: DataView,
): readonly [number, number] {
  const fields = parseExtraFields(entry, extra);
  for (const { id, data } of fields) {
    if (id === 0x7075) checkUnicodeName(entry, data);
  }
  const [zip64, second] = fields.filter(({ id }) => id === 0x0001);
  if (second !== undefined) throw mismatch(entry, "has two zip64 fields");
  // APPNOTE 4.5.3: unpacked first, each only where its short form is full.
  let at = 0;
  const long = (short: number): number => {
    if (short !== unknown32 || zip64 === undefined || at + 8 > zip64.data.byteLength) return short;
    at += 8;
    return readUint64(zip64.data, at - 8);
  };
  const longSize = long(size);
  return [long(compressedSize), longSize];
}

function checkUnicodeName(entry: ZipEntry, data: DataView): void {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  if (!bytes.subarray(5).equals(entry.nameBytes)) throw mismatch(entry, "has two names");
}

function mismatch(entry: ZipEntry, reason: string): FormatError {
  return new FormatError(
    "archive.header-mismatch",
    `Archive member ${quoteText(entry.name)} ${reason}`,
  );
}
