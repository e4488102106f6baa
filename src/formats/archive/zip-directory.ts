/**
 * A zip's central directory (APPNOTE 4.3.12 to 4.3.16): read by yauzl, then held against the end records bit by bit,
 * because tools that find another directory, or another end of it, see another archive. The file must be nothing but
 * members, directory and end records, without a comment.
 */
import { fromRandomAccessReaderPromise, RandomAccessReader } from "yauzl";
import type { Entry } from "yauzl";
import { quoteText } from "#formats/bytes/quote-text.ts";
import { FormatError } from "#formats/format-error.ts";
import type { ByteSource } from "./byte-source.ts";
import type { ArchiveLimits } from "./limits.ts";
import { decodeMemberName } from "./member-name.ts";

export type ZipEntry = {
  readonly name: string;
  readonly nameBytes: Uint8Array;
  readonly flags: number;
  readonly method: number;
  readonly crc32: number;
  readonly compressedSize: number;
  readonly size: number;
  readonly headerOffset: number;
  /** POSIX mode from the external attributes; 0 when there is none. */
  readonly mode: number;
};

export type ZipDirectory = {
  readonly entries: readonly ZipEntry[];
  /** Where the directory starts, which is where the members end. */
  readonly offset: number;
};

const utf8Flag = 0x0800;
/** Encrypted, strongly encrypted, masked headers. */
const encryptionFlags = 0x0001 | 0x0040 | 0x2000;

/** `archive.corrupt`, `archive.junk`, `archive.entries`, `archive.encrypted`, `archive.name`. */
export async function readZipDirectory(
  source: ByteSource,
  limits: ArchiveLimits,
): Promise<ZipDirectory> {
  const end = await readEndRecord(source);
  if (end.count > limits.entriesMax) {
    throw new FormatError(
      "archive.entries",
      `The archive has more than ${limits.entriesMax} members`,
    );
  }
  if (end.offset + end.size !== end.start) throw disagreement();
  const read = await readEntries(source);
  const size = read.reduce((sum, entry) => sum + sizeInDirectory(entry), 0);
  if (read.length !== end.count || size !== end.size) throw disagreement();
  return { entries: read.map(entryOf), offset: end.offset };
}

type EndRecord = {
  readonly count: number;
  readonly size: number;
  readonly offset: number;
  /** Where the end records start. */
  readonly start: number;
};

/** The end record stands at the very end; with zip64 (4.3.14, 4.3.15) two more stand right before it. */
async function readEndRecord(source: ByteSource): Promise<EndRecord> {
  const start = source.size - 22;
  if (start < 0) throw corrupt("it is too short");
  const end = viewOf(await source.read(start, 22));
  if (end.getUint32(0, true) !== 0x06054b50 || end.getUint16(20, true) !== 0) {
    throw new FormatError("archive.junk", "The file does not end where its zip directory ends");
  }
  const short: EndRecord = {
    count: end.getUint16(10, true),
    size: end.getUint32(12, true),
    offset: end.getUint32(16, true),
    start,
  };
  const oneDisk = end.getUint32(4, true) === 0 && end.getUint16(8, true) === short.count;
  if (!oneDisk) throw corrupt("it has several disks");
  const locator = start < 20 ? undefined : viewOf(await source.read(start - 20, 20));
  if (locator?.getUint32(0, true) !== 0x07064b50) return short;
  const long = await readZip64EndRecord(source, start - 20, locator);
  const agrees =
    [long.count, 0xffff].includes(short.count) &&
    [long.size, 0xffffffff].includes(short.size) &&
    [long.offset, 0xffffffff].includes(short.offset);
  if (!agrees) throw corrupt("its two end records disagree");
  return long;
}

async function readZip64EndRecord(
  source: ByteSource,
  locatorStart: number,
  locator: DataView,
): Promise<EndRecord> {
  const start = locatorStart - 56;
  const record = start < 0 ? undefined : viewOf(await source.read(start, 56));
  const isPlain =
    record !== undefined &&
    record.getUint32(0, true) === 0x06064b50 &&
    readUint64(record, 4) === 44 &&
    record.getUint32(16, true) === 0 &&
    record.getUint32(20, true) === 0 &&
    readUint64(record, 24) === readUint64(record, 32) &&
    locator.getUint32(4, true) === 0 &&
    readUint64(locator, 8) === start &&
    locator.getUint32(16, true) <= 1;
  if (!isPlain) throw corrupt("its zip64 end record is not as it should be");
  return {
    count: readUint64(record, 32),
    size: readUint64(record, 40),
    offset: readUint64(record, 48),
    start,
  };
}

/**
 * yauzl reports what the bytes are not by an event, but what it trips over it throws where nobody could catch it:
 * hence the second way out.
 */
async function readEntries(source: ByteSource): Promise<readonly Entry[]> {
  const reader = new SourceReader(source);
  try {
    return await Promise.race([reader.failure, collectEntries(reader, source.size)]);
  } catch (error) {
    if (error instanceof FormatError) throw error;
    if (reader.sourceError !== undefined) throw reader.sourceError;
    throw corrupt("its directory cannot be read");
  }
}

async function collectEntries(reader: RandomAccessReader, size: number): Promise<readonly Entry[]> {
  const zip = await fromRandomAccessReaderPromise(reader, size, {
    autoClose: false,
    decodeStrings: false,
    validateEntrySizes: false,
  });
  const entries: Entry[] = [];
  for await (const entry of zip.eachEntry()) entries.push(entry);
  return entries;
}

class SourceReader extends RandomAccessReader {
  readonly #source: ByteSource;
  readonly failure: Promise<never>;
  /** What the source itself failed with: not the archive's fault. */
  sourceError: Error | undefined;
  #fail: (error: unknown) => void = () => {};

  constructor(source: ByteSource) {
    super();
    this.#source = source;
    this.failure = new Promise((_resolve, reject) => {
      this.#fail = reject;
    });
    this.failure.catch(() => {});
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null, bytesRead?: number) => void,
  ): void {
    this.#source
      .read(position, length)
      .then(
        (bytes) => {
          buffer.set(bytes, offset);
          callback(null, bytes.length);
        },
        (error: unknown) => {
          this.sourceError = error instanceof Error ? error : new Error(String(error));
          callback(this.sourceError);
        },
      )
      .catch(this.#fail);
  }
}

function entryOf(entry: Entry): ZipEntry {
  const nameBytes = new Uint8Array(entry.fileNameRaw);
  const name = decodeMemberName(nameBytes);
  const flags = entry.generalPurposeBitFlag;
  if ((flags & encryptionFlags) !== 0) {
    throw new FormatError("archive.encrypted", `Archive member ${quoteText(name)} is encrypted`);
  }
  if ((flags & utf8Flag) === 0 && nameBytes.some((byte) => byte > 0x7f)) {
    throw new FormatError(
      "archive.name",
      `Archive member ${quoteText(name)} is not marked as UTF-8`,
    );
  }
  checkExtraFields(entry, name);
  return {
    name,
    nameBytes,
    flags,
    method: entry.compressionMethod,
    crc32: entry.crc32,
    compressedSize: entry.compressedSize,
    size: entry.uncompressedSize,
    headerOffset: entry.relativeOffsetOfLocalHeader,
    mode: entry.externalFileAttributes >>> 16,
  };
}

/** Fields that change what a member is: each at most once, and no second name (0x7075) but the first one again. */
function checkExtraFields(entry: Entry, name: string): void {
  const seen = new Set<number>();
  for (const { id, data } of entry.extraFields) {
    if (id !== 0x0001 && id !== 0x7075) continue;
    const again = id === 0x7075 && !Buffer.from(entry.fileNameRaw).equals(data.subarray(5));
    if (seen.has(id) || again) {
      throw new FormatError(
        "archive.header-mismatch",
        `Archive member ${quoteText(name)} has two names or sizes`,
      );
    }
    seen.add(id);
  }
}

function sizeInDirectory(entry: Entry): number {
  return 46 + entry.fileNameLength + entry.extraFieldLength + entry.fileCommentLength;
}

/** As a number; what a double cannot hold becomes infinite and fails every comparison. */
export function readUint64(view: DataView, offset: number): number {
  const value = view.getBigUint64(offset, true);
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : Number.POSITIVE_INFINITY;
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function disagreement(): FormatError {
  return new FormatError("archive.junk", "The zip directory and the records at its end disagree");
}

function corrupt(what: string): FormatError {
  return new FormatError("archive.corrupt", `The zip archive is damaged: ${what}`);
}
