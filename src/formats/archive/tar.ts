/**
 * Tar archives, read and never unpacked: every block from the first to the last is accounted for, and every name goes
 * through the rules of member-name.ts. Links may only point inside their top folder; devices are refused.
 */
import { quoteText } from "#formats/bytes/quote-text.ts";
import { FormatError } from "#formats/format-error.ts";
import { ByteCursor } from "./byte-cursor.ts";
import type { ArchiveLimits } from "./limits.ts";
import { checkLinkTarget, checkMemberPath, MemberNames } from "./member-name.ts";
import type { MemberKind } from "./member-name.ts";
import { parseGnuLongName, parsePaxRecords, parseTarHeader, tarBlockSize } from "./tar-header.ts";
import type { PaxRecords, TarHeader } from "./tar-header.ts";

export type TarMember = {
  readonly path: string;
  readonly kind: MemberKind;
  readonly size: number;
  /** Of the files the caller wanted to keep. */
  readonly content?: Uint8Array;
};

/** What the headers before a member say about it. */
type Overrides = { readonly by?: "gnu" | "pax" } & PaxRecords;

/**
 * The members in their order; all of them must be read for the archive to be checked to its end. `keep` says which
 * files' contents are wanted and bounds their size. `archive.*`.
 */
export async function* readTarMembers(
  chunks: AsyncIterable<Uint8Array>,
  limits: ArchiveLimits,
  keep: (path: string, size: number) => boolean,
): AsyncGenerator<TarMember> {
  const cursor = new ByteCursor(chunks);
  try {
    yield* readMembers(cursor, limits, keep);
  } finally {
    await cursor.close();
  }
}

async function* readMembers(
  cursor: ByteCursor,
  limits: ArchiveLimits,
  keep: (path: string, size: number) => boolean,
): AsyncGenerator<TarMember> {
  const names = new MemberNames(limits);
  let overrides: Overrides = {};
  let headers = 0;
  for (;;) {
    const block = await cursor.take(tarBlockSize);
    // Tar ends with zeros; a few old writers just stop.
    if (block === undefined || block.every((byte) => byte === 0)) break;
    headers += 1;
    if (headers > limits.entriesMax * 2) throw tooMany(limits);
    const header = parseTarHeader(block);
    if ("xgLK".includes(header.type)) {
      overrides = await readExtension(cursor, header, overrides, limits);
      continue;
    }
    const member = memberOf(header, overrides, names, limits);
    overrides = {};
    // "./" on its own is the archive's root and no member.
    if (member === undefined) continue;
    if (member.kind === "file" && keep(member.path, member.size)) {
      yield { ...member, content: await takeData(cursor, member.size) };
    } else {
      yield member;
      await cursor.skip(paddedSize(member.size));
    }
  }
  if (overrides.by !== undefined)
    throw corrupt("it ends with a header for a member that is missing");
  if (!(await cursor.isZeroToEnd())) {
    throw new FormatError("archive.junk", "There is something after the end of the tar archive");
  }
}

async function readExtension(
  cursor: ByteCursor,
  header: TarHeader,
  before: Overrides,
  limits: ArchiveLimits,
): Promise<Overrides> {
  if (header.size > limits.extendedHeaderSizeMax) throw corrupt("an extended header is too large");
  const body = await takeData(cursor, header.size);
  if (header.type === "x") {
    if (before.by !== undefined) throw corrupt("two extended headers in a row");
    return { by: "pax", ...parsePaxRecords(body) };
  }
  if (header.type === "g") {
    if (before.by !== undefined) throw corrupt("two extended headers in a row");
    const { path, linkTarget, size } = parsePaxRecords(body);
    if (path === undefined && linkTarget === undefined && size === undefined) return {};
    throw corrupt("a global header names members");
  }
  const said = header.type === "L" ? before.path : before.linkTarget;
  if (before.by === "pax" || said !== undefined) throw corrupt("two extended headers in a row");
  const text = parseGnuLongName(body);
  return { ...before, by: "gnu", ...(header.type === "L" ? { path: text } : { linkTarget: text }) };
}

function memberOf(
  header: TarHeader,
  overrides: Overrides,
  names: MemberNames,
  limits: ArchiveLimits,
): TarMember | undefined {
  // Readers disagree on which of two sizes counts, and so on where the next member starts.
  if (overrides.size !== undefined && overrides.size !== header.size) {
    throw corrupt("a member has two different sizes");
  }
  const written = (overrides.path ?? header.name).replace(/^(?:\.\/+)+/, "");
  const kind = kindOf(header.type, written);
  if (kind === "folder" && (written === "" || written === ".")) return undefined;
  const path = kind === "folder" ? written.replace(/\/+$/, "") : written;
  checkMemberPath(path, limits);
  if (kind !== "file" && header.size !== 0) {
    throw corrupt(`${quoteText(path)} is a ${kind} with contents`);
  }
  if (kind === "link")
    checkLink(header, path, overrides.linkTarget ?? header.linkTarget, names, limits);
  names.add(path, kind, "accept");
  return { path, kind, size: header.size };
}

function kindOf(type: string, name: string): MemberKind {
  switch (type) {
    case "0":
    case "7":
      return "file";
    case "5":
      return "folder";
    case "1":
    case "2":
      return "link";
    case "3":
    case "4":
    case "6":
      throw new FormatError(
        "archive.device",
        `Archive member ${quoteText(name)} is a device or a pipe`,
      );
    default:
      throw corrupt(`${quoteText(name)} is of the unknown type ${quoteText(type)}`);
  }
}

function checkLink(
  header: TarHeader,
  path: string,
  target: string,
  names: MemberNames,
  limits: ArchiveLimits,
): void {
  if (header.type === "2") {
    checkLinkTarget(path, target, limits);
    return;
  }
  // A hard link is a second name of a file that came before it.
  if (names.kindOf(target.replace(/^(?:\.\/+)+/, "")) !== "file") {
    throw new FormatError(
      "archive.link",
      `Link ${quoteText(path)} is to ${quoteText(target)}, which is no file before it in the archive`,
    );
  }
}

async function takeData(cursor: ByteCursor, size: number): Promise<Uint8Array> {
  const data = size === 0 ? new Uint8Array(0) : await cursor.take(size);
  if (data === undefined) throw corrupt("it is cut short");
  await cursor.skip(paddedSize(size) - size);
  return data;
}

function paddedSize(size: number): number {
  return Math.ceil(size / tarBlockSize) * tarBlockSize;
}

function tooMany(limits: ArchiveLimits): FormatError {
  return new FormatError(
    "archive.entries",
    `The archive has more than ${limits.entriesMax} members`,
  );
}

function corrupt(what: string): FormatError {
  return new FormatError("archive.corrupt", `The tar archive is damaged: ${what}`);
}
