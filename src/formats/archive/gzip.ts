/**
 * A gzip file (RFC 1952) that is exactly one member. Several in a row are refused: some readers unpack them all, others
 * only the first, and would see another archive. Zeros may follow, as old tar tools wrote them.
 */
import { crc32 } from "node:zlib";
import { FormatError } from "#formats/format-error.ts";
import type { ByteSource } from "./byte-source.ts";
import { inflate } from "./inflate.ts";
import type { ArchiveLimits } from "./limits.ts";

/** The unpacked bytes; `archive.corrupt`, `archive.bomb`, `archive.size`, `archive.junk`. */
export async function* gunzip(
  source: ByteSource,
  limits: ArchiveLimits,
): AsyncGenerator<Uint8Array> {
  const head = await source.read(0, Math.min(source.size, limits.gzipHeaderSizeMax));
  const offset = gzipHeaderSize(head);
  const chunks = inflate(source, { offset, end: source.size, readSize: limits.readSize });
  const { ratioFreeSize, ratioMax } = limits;
  const sizeMax = Math.min(limits.inflatedSizeMax, Math.max(ratioFreeSize, source.size * ratioMax));
  let size = 0;
  let checksum = 0;
  try {
    for (;;) {
      const step = await chunks.next();
      if (step.done === true) {
        await checkTrailer(source, offset + step.value, { checksum, size }, limits);
        return;
      }
      size += step.value.length;
      if (size > sizeMax) throw tooLarge(sizeMax, limits);
      checksum = crc32(step.value, checksum);
      yield step.value;
    }
  } finally {
    await chunks.return(0);
  }
}

function tooLarge(sizeMax: number, limits: ArchiveLimits): FormatError {
  return sizeMax === limits.inflatedSizeMax
    ? new FormatError("archive.size", `The archive unpacks to more than ${sizeMax} bytes`)
    : new FormatError(
        "archive.bomb",
        `The archive unpacks to more than ${limits.ratioMax} times its size`,
      );
}

/** Bytes before the deflate data (RFC 1952, 2.3). */
function gzipHeaderSize(head: Uint8Array): number {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  if (head.length < 18 || view.getUint16(0) !== 0x1f8b || view.getUint8(2) !== 8) {
    throw new FormatError("archive.corrupt", "Not a gzip file");
  }
  const flags = view.getUint8(3);
  const [hasHeaderCrc, hasExtra, hasName, hasComment] = [2, 4, 8, 16].map(
    (bit) => (flags & bit) !== 0,
  );
  let size = 10;
  if (hasExtra === true) size += 2 + view.getUint16(10, true);
  for (const present of [hasName, hasComment]) {
    if (present !== true) continue;
    const end = head.indexOf(0, size);
    size = end === -1 ? head.length : end + 1;
  }
  if (hasHeaderCrc === true) size += 2;
  if ((flags & 0xe0) !== 0 || size >= head.length) {
    throw new FormatError("archive.corrupt", "Unreadable gzip header");
  }
  return size;
}

async function checkTrailer(
  source: ByteSource,
  offset: number,
  unpacked: { readonly checksum: number; readonly size: number },
  limits: ArchiveLimits,
): Promise<void> {
  if (offset + 8 > source.size)
    throw new FormatError("archive.corrupt", "The gzip file is cut short");
  const trailer = await source.read(offset, 8);
  const view = new DataView(trailer.buffer, trailer.byteOffset, 8);
  const sizeLow = unpacked.size % 2 ** 32;
  if (view.getUint32(0, true) !== unpacked.checksum || view.getUint32(4, true) !== sizeLow) {
    throw new FormatError("archive.corrupt", "The gzip checksum does not match");
  }
  for (let at = offset + 8; at < source.size;) {
    const rest = await source.read(at, Math.min(limits.readSize, source.size - at));
    if (rest.some((byte) => byte !== 0)) {
      throw new FormatError("archive.junk", "There are bytes after the end of the gzip data");
    }
    at += rest.length;
  }
}
