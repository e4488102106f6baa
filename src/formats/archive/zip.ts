/**
 * Zip archives, read and never unpacked. `openZip` checks what the directory says; reading a member checks that its
 * local header says the same, that its data are what both promise, and that the next member starts where it ends. An
 * archive whose members have all been read has no byte that one tool could see and another not.
 */
import { crc32 } from "node:zlib";
import { quoteText } from "#formats/bytes/quote-text.ts";
import { FormatError } from "#formats/format-error.ts";
import type { FormatErrorCode } from "#formats/format-error.ts";
import type { ByteSource } from "./byte-source.ts";
import { inflate, inflateSmall } from "./inflate.ts";
import type { ArchiveLimits } from "./limits.ts";
import { checkMemberPath, MemberNames } from "./member-name.ts";
import type { MemberKind } from "./member-name.ts";
import { readZipDirectory } from "./zip-directory.ts";
import type { ZipEntry } from "./zip-directory.ts";
import { checkDataDescriptor, checkLocalHeader } from "./zip-local-header.ts";

export type ZipMember = {
  readonly path: string;
  readonly kind: MemberKind;
  /** Unpacked, in bytes. */
  readonly size: number;
  readonly entry: ZipEntry;
  /** Where the next member, or the directory, starts. */
  readonly end: number;
};

export type ZipArchive = {
  readonly source: ByteSource;
  readonly limits: ArchiveLimits;
  /** In the order in which they lie in the file. */
  readonly members: readonly ZipMember[];
};

const stored = 0;
const deflated = 8;

/** Below these sizes a member is unpacked in one go. */
const smallCompressedSize = 64 * 1024;
const smallSize = 1024 * 1024;

/** The members, their data not looked at yet. `archive.*`. */
export async function openZip(source: ByteSource, limits: ArchiveLimits): Promise<ZipArchive> {
  const directory = await readZipDirectory(source, limits);
  checkSizes(directory.entries, source.size, limits);
  const names = new MemberNames(limits);
  const ordered = directory.entries.toSorted((a, b) => a.headerOffset - b.headerOffset);
  if ((ordered[0]?.headerOffset ?? directory.offset) !== 0) {
    throw new FormatError(
      "archive.junk",
      "The file does not start with the zip archive's first member",
    );
  }
  const members = ordered.map((entry, index): ZipMember => {
    const { path, kind } = placeOf(entry, limits);
    names.add(path, kind, "refuse");
    const end = ordered[index + 1]?.headerOffset ?? directory.offset;
    return { path, kind, size: entry.size, entry, end };
  });
  return { source, limits, members };
}

/** A member's unpacked data; when it ends without an error, all of the member has been checked. */
export async function* readZipMember(
  zip: ZipArchive,
  member: ZipMember,
): AsyncGenerator<Uint8Array, void> {
  const { entry } = member;
  const offset = await checkLocalHeader(zip.source, entry, member.end);
  let size = 0;
  let checksum = 0;
  for await (const chunk of readData(zip, entry, offset)) {
    size += chunk.length;
    if (size > entry.size) break;
    checksum = crc32(chunk, checksum);
    yield chunk;
  }
  if (size !== entry.size || checksum !== entry.crc32) {
    throw problem("archive.corrupt", entry, "has other contents than its size and checksum say");
  }
  await checkDataDescriptor(zip.source, entry, offset + entry.compressedSize, member.end);
}

/** All of a member that the caller expects to be small: `archive.size` when it is not. */
export async function readSmallZipMember(
  zip: ZipArchive,
  member: ZipMember,
  sizeMax: number,
): Promise<Uint8Array> {
  if (member.size > sizeMax) {
    throw problem("archive.size", member.entry, `has more than ${sizeMax} bytes`);
  }
  const chunks: Uint8Array[] = [];
  for await (const chunk of readZipMember(zip, member)) chunks.push(chunk);
  return new Uint8Array(Buffer.concat(chunks));
}

async function* readData(
  zip: ZipArchive,
  entry: ZipEntry,
  offset: number,
): AsyncGenerator<Uint8Array, void> {
  const { source, limits } = zip;
  const end = offset + entry.compressedSize;
  if (entry.method === stored) {
    for (let at = offset; at < end; at += limits.readSize) {
      yield await source.read(at, Math.min(limits.readSize, end - at));
    }
    return;
  }
  if (entry.compressedSize <= smallCompressedSize && entry.size <= smallSize) {
    yield inflateSmall(await source.read(offset, entry.compressedSize), entry.size);
    return;
  }
  const used = yield* inflate(source, { offset, end, readSize: limits.readSize });
  if (used !== entry.compressedSize) {
    throw problem("archive.junk", entry, "has bytes after its compressed data");
  }
}

function checkSizes(entries: readonly ZipEntry[], fileSize: number, limits: ArchiveLimits): void {
  let total = 0;
  for (const entry of entries) {
    if (entry.method !== stored && entry.method !== deflated) {
      throw problem("archive.compression", entry, "is neither stored nor deflated");
    }
    if (entry.method === stored && entry.size !== entry.compressedSize) {
      throw problem("archive.header-mismatch", entry, "is stored, but with two different sizes");
    }
    total += entry.size;
  }
  if (total > limits.inflatedSizeMax) {
    throw new FormatError(
      "archive.size",
      `The archive unpacks to more than ${limits.inflatedSizeMax} bytes`,
    );
  }
  if (total > limits.ratioFreeSize && total > fileSize * limits.ratioMax) {
    throw new FormatError(
      "archive.bomb",
      `The archive unpacks to more than ${limits.ratioMax} times its size`,
    );
  }
}

function placeOf(
  entry: ZipEntry,
  limits: ArchiveLimits,
): { readonly path: string; readonly kind: MemberKind } {
  const isFolder = entry.name.endsWith("/");
  const path = isFolder ? entry.name.slice(0, -1) : entry.name;
  checkMemberPath(path, limits);
  if (isFolder && entry.size !== 0)
    throw problem("archive.corrupt", entry, "is a folder with contents");
  switch (entry.mode & 0o170000) {
    case 0:
    case 0o100000:
      return { path, kind: isFolder ? "folder" : "file" };
    case 0o040000:
      if (isFolder) return { path, kind: "folder" };
      throw problem("archive.corrupt", entry, "is marked as a folder but not named like one");
    case 0o120000:
      return { path, kind: "link" };
    default:
      throw problem("archive.device", entry, "is a device or a pipe");
  }
}

function problem(code: FormatErrorCode, entry: ZipEntry, reason: string): FormatError {
  return new FormatError(code, `Archive member ${quoteText(entry.name)} ${reason}`);
}
