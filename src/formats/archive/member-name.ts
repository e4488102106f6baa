/**
 * Names inside archives. A name is accepted only when every tool on every system puts it into the same place inside
 * the folder the archive is unpacked to, and when no two members meet in one place.
 */
import { quoteText } from "#formats/bytes/quote-text.ts";
import { parseUtf8 } from "#formats/bytes/utf8.ts";
import { FormatError } from "#formats/format-error.ts";
import type { FormatErrorCode } from "#formats/format-error.ts";
import type { ArchiveLimits } from "./limits.ts";

export type MemberKind = "file" | "folder" | "link";

/** The name's text; `archive.name` when its bytes are not UTF-8. */
export function decodeMemberName(bytes: Uint8Array): string {
  try {
    return parseUtf8(bytes);
  } catch {
    throw new FormatError("archive.name", "An archive member's name is not UTF-8");
  }
}

/**
 * Throws unless `path` (without a folder's closing slash) is relative, plain and of bounded length:
 * `archive.name`, `archive.absolute-name`, `archive.traversal`.
 */
export function checkMemberPath(path: string, limits: ArchiveLimits): void {
  checkCharacters(path, limits, "archive.name");
  if (path.startsWith("/") || /^[A-Za-z]:/.test(path)) {
    throw badName("archive.absolute-name", path, "is an absolute path");
  }
  for (const segment of path.split("/")) {
    if (segment === "..") throw badName("archive.traversal", path, 'climbs out with ".."');
    if (segment === "" || segment === ".") {
      throw badName("archive.name", path, 'has an empty or "." part');
    }
    if (Buffer.byteLength(segment) > limits.segmentSizeMax) {
      throw badName("archive.name", path, `has a part longer than ${limits.segmentSizeMax} bytes`);
    }
  }
}

/**
 * Throws `archive.link` unless the symbolic link at `path` stays within the archive's top folder. `..` is allowed at
 * the front only: further back it may step out of wherever another link leads.
 */
export function checkLinkTarget(path: string, target: string, limits: ArchiveLimits): void {
  checkCharacters(target, limits, "archive.link");
  const segments = target.split("/");
  const climbs = segments.findIndex((segment) => segment !== "..");
  const rest = climbs === -1 ? [] : segments.slice(climbs);
  // The folders between the link and the top folder: what it may climb.
  const depth = path.split("/").length - 2;
  const absolute = target.startsWith("/") || /^[A-Za-z]:/.test(target);
  if (absolute || segments.length - rest.length > depth || rest.includes("..")) {
    throw new FormatError(
      "archive.link",
      `Link ${quoteText(path)} leads out of the archive to ${quoteText(target)}`,
    );
  }
}

/** The names seen so far in one archive. */
export class MemberNames {
  readonly #limits: ArchiveLimits;
  readonly #kinds = new Map<string, MemberKind>();
  /** Folders that some member lies in, whether or not they are members. */
  readonly #parents = new Set<string>();

  constructor(limits: ArchiveLimits) {
    this.#limits = limits;
  }

  kindOf(path: string): MemberKind | undefined {
    return this.#kinds.get(placeOf(path));
  }

  /**
   * Takes a checked path in, or throws `archive.duplicate` when something else is in its place already
   * (a folder named twice is `repeated` and may be let through), `archive.entries` when there are too many.
   */
  add(path: string, kind: MemberKind, repeated: "accept" | "refuse"): void {
    const place = placeOf(path);
    const before = this.#kinds.get(place);
    const isFolderAgain = before === "folder" && kind === "folder" && repeated === "accept";
    if (before !== undefined && !isFolderAgain) {
      throw badName("archive.duplicate", path, "is in the archive twice");
    }
    if (kind !== "folder" && this.#parents.has(place)) {
      throw badName("archive.duplicate", path, "is both a file and a folder");
    }
    this.#kinds.set(place, kind);
    this.#addParents(place, path);
    const { entriesMax, foldersMax } = this.#limits;
    if (this.#kinds.size > entriesMax || this.#parents.size > foldersMax) {
      throw new FormatError("archive.entries", `The archive has more than ${entriesMax} members`);
    }
  }

  #addParents(place: string, path: string): void {
    for (let slash = place.lastIndexOf("/"); slash > 0; slash = place.lastIndexOf("/", slash - 1)) {
      const parent = place.slice(0, slash);
      const kind = this.#kinds.get(parent);
      if (kind !== undefined && kind !== "folder") {
        throw badName(
          "archive.duplicate",
          path,
          `lies in ${quoteText(parent)}, which is no folder`,
        );
      }
      if (this.#parents.has(parent)) return;
      this.#parents.add(parent);
    }
  }
}

/** Names that differ in composition only are one file on some systems (macOS). */
function placeOf(path: string): string {
  return path.normalize("NFC");
}

function checkCharacters(text: string, limits: ArchiveLimits, code: FormatErrorCode): void {
  if (text === "") throw badName(code, text, "is empty");
  if (Buffer.byteLength(text) > limits.nameSizeMax) {
    throw badName(code, text, `is longer than ${limits.nameSizeMax} bytes`);
  }
  if (/\p{Cc}/u.test(text)) throw badName(code, text, "has control characters");
  if (text.includes("\\")) throw badName(code, text, "has a backslash");
}

function badName(code: FormatErrorCode, path: string, reason: string): FormatError {
  return new FormatError(code, `Archive member ${quoteText(path)} ${reason}`);
}
