/**
 * Zip archives made by hand, right by default and wrong wherever a test says so: every field of every header can be given
 * another value. Deterministic: no clock, no random, one fixed date.
 */
import { crc32, deflateRawSync } from "node:zlib";

/** What one of the two headers of a member says; what is left out is the truth. */
export type ZipHeaderFields = {
  readonly name?: string | Uint8Array;
  readonly flags?: number;
  readonly method?: number;
  readonly crc32?: number;
  readonly compressedSize?: number;
  readonly size?: number;
  readonly extra?: Uint8Array;
};

export type ZipPart = {
  readonly name: string | Uint8Array;
  readonly data?: string | Uint8Array;
  /** 0 stored, 8 deflated (the default). */
  readonly method?: number;
  /** POSIX mode, a plain file by default. */
  readonly mode?: number;
  /** Sizes after the data: true writes them with a signature. */
  readonly descriptor?: boolean | Uint8Array;
  /** Instead of what the method makes of the data. */
  readonly compressed?: Uint8Array;
  readonly local?: ZipHeaderFields;
  readonly central?: ZipHeaderFields & { readonly headerOffset?: number };
  /** Bytes between this member and the next. */
  readonly after?: Uint8Array;
};

export type ZipOptions = {
  /** Bytes before the first member, offsets counted with them. */
  readonly prefix?: Uint8Array;
  readonly suffix?: Uint8Array;
  readonly comment?: Uint8Array;
  /** Zip64 end records even where they are not needed. */
  readonly zip64?: boolean;
  readonly end?: { readonly count?: number; readonly size?: number; readonly offset?: number };
};

type Fields = Required<Omit<ZipHeaderFields, "name">> & { readonly name: Uint8Array };

export function buildZip(parts: readonly ZipPart[], options: ZipOptions = {}): Uint8Array {
  const pieces: Uint8Array[] = [options.prefix ?? new Uint8Array(0)];
  const directory: Uint8Array[] = [];
  for (const part of parts) {
    const offset = sizeOf(pieces);
    const { truth, compressed } = truthOf(part);
    pieces.push(localHeader(part, truth), compressed, descriptorOf(part, truth));
    pieces.push(part.after ?? new Uint8Array(0));
    directory.push(centralHeader(part, truth, part.central?.headerOffset ?? offset));
  }
  const start = sizeOf(pieces);
  pieces.push(...directory, endRecords(parts.length, start, sizeOf(directory), options));
  pieces.push(options.suffix ?? new Uint8Array(0));
  return new Uint8Array(Buffer.concat(pieces));
}

/** One extra field. */
export function zipExtraField(id: number, data: Uint8Array): Uint8Array {
  const head = Buffer.alloc(4);
  head.writeUInt16LE(id, 0);
  head.writeUInt16LE(data.length, 2);
  return new Uint8Array(Buffer.concat([head, data]));
}

function truthOf(part: ZipPart): { readonly truth: Fields; readonly compressed: Uint8Array } {
  const data = Buffer.from(part.data ?? "");
  const method = part.method ?? (data.length === 0 ? 0 : 8);
  const compressed = part.compressed ?? (method === 8 ? deflateRawSync(data) : data);
  const name = bytesOf(part.name);
  const isAscii = name.every((byte) => byte < 0x80);
  return {
    truth: {
      name,
      flags: (isAscii ? 0 : 0x800) | (part.descriptor === undefined ? 0 : 8),
      method,
      crc32: crc32(data),
      compressedSize: compressed.length,
      size: data.length,
      extra: new Uint8Array(0),
    },
    compressed,
  };
}

function localHeader(part: ZipPart, truth: Fields): Uint8Array {
  const open = part.descriptor === undefined ? {} : { crc32: 0, compressedSize: 0, size: 0 };
  const said = { ...truth, ...open, ...part.local };
  const name = bytesOf(said.name);
  const header = Buffer.alloc(30);
  header.writeUInt32LE(0x04034b50, 0);
  header.writeUInt16LE(20, 4);
  writeFields(header, 6, said, name);
  return Buffer.concat([header, name, said.extra]);
}

function centralHeader(part: ZipPart, truth: Fields, offset: number): Uint8Array {
  const said = { ...truth, ...part.central };
  const name = bytesOf(said.name);
  const header = Buffer.alloc(46);
  header.writeUInt32LE(0x02014b50, 0);
  header.writeUInt16LE((3 << 8) | 20, 4);
  header.writeUInt16LE(20, 6);
  writeFields(header, 8, said, name);
  header.writeUInt32LE((part.mode ?? 0o100644) * 0x10000, 38);
  header.writeUInt32LE(offset, 42);
  return Buffer.concat([header, name, said.extra]);
}

/** The run of fields both headers have, from the flags to the lengths. */
function writeFields(
  header: Buffer,
  at: number,
  said: Omit<Fields, "name">,
  name: Uint8Array,
): void {
  header.writeUInt16LE(said.flags, at);
  header.writeUInt16LE(said.method, at + 2);
  header.writeUInt32LE(0x00210000, at + 4);
  header.writeUInt32LE(said.crc32, at + 8);
  header.writeUInt32LE(said.compressedSize, at + 12);
  header.writeUInt32LE(said.size, at + 16);
  header.writeUInt16LE(name.length, at + 20);
  header.writeUInt16LE(said.extra.length, at + 22);
}

function descriptorOf(part: ZipPart, truth: Fields): Uint8Array {
  if (part.descriptor instanceof Uint8Array) return part.descriptor;
  if (part.descriptor !== true) return new Uint8Array(0);
  const descriptor = Buffer.alloc(16);
  descriptor.writeUInt32LE(0x08074b50, 0);
  descriptor.writeUInt32LE(truth.crc32, 4);
  descriptor.writeUInt32LE(truth.compressedSize, 8);
  descriptor.writeUInt32LE(truth.size, 12);
  return descriptor;
}

function endRecords(count: number, offset: number, size: number, options: ZipOptions): Uint8Array {
  const said = { count, offset, size, ...options.end };
  const comment = options.comment ?? new Uint8Array(0);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  const isLong = options.zip64 === true;
  end.writeUInt16LE(isLong ? 0xffff : said.count, 8);
  end.writeUInt16LE(isLong ? 0xffff : said.count, 10);
  end.writeUInt32LE(isLong ? 0xffffffff : said.size, 12);
  end.writeUInt32LE(isLong ? 0xffffffff : said.offset, 16);
  end.writeUInt16LE(comment.length, 20);
  if (!isLong) return Buffer.concat([end, comment]);
  const long = Buffer.alloc(76);
  long.writeUInt32LE(0x06064b50, 0);
  long.writeBigUInt64LE(44n, 4);
  long.writeUInt16LE(45, 12);
  long.writeUInt16LE(45, 14);
  for (const [at, value] of [said.count, said.count, said.size, said.offset].entries()) {
    long.writeBigUInt64LE(BigInt(value), 24 + at * 8);
  }
  long.writeUInt32LE(0x07064b50, 56);
  long.writeBigUInt64LE(BigInt(offset + size), 64);
  long.writeUInt32LE(1, 72);
  return Buffer.concat([long, end, comment]);
}

function bytesOf(text: string | Uint8Array): Uint8Array {
  return typeof text === "string" ? Buffer.from(text) : text;
}

function sizeOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, piece) => sum + piece.length, 0);
}
