/**
 * A project's page: the simple API's JSON form, version 1.4 (PEP 691, 700, 714, 792). Its bytes are what TUF signs, so
 * a page has exactly one spelling: compact, members sorted, files sorted by name, versions by PEP 440. One file's entry
 * is a text of its own that can be kept: a page with one more file costs one entry and a join.
 *
 * The proxy believes what `parsePage` lets through. It refuses what pip and uv might read differently.
 */
import { isHex } from "#formats/bytes/hex.ts";
import { parseInstant } from "#formats/bytes/instant.ts";
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import { FormatError } from "#formats/format-error.ts";
import { list, natural, object, optional, string } from "#formats/json/decode.ts";
import type { Decoder } from "#formats/json/decode.ts";
import { parseJson } from "#formats/json/parse.ts";
import type { Json } from "#formats/json/value.ts";
import { parseDistributionFilename } from "./filename.ts";
import { pageLimits, requiresPythonLengthMax } from "./limits.ts";
import { isProjectName } from "./project-name.ts";
import type { ProjectName } from "./project-name.ts";
import { isProjectStatus } from "./project-status.ts";
import type { ProjectStatus } from "./project-status.ts";
import { quoteText } from "#formats/bytes/quote-text.ts";
import { compareVersions, normaliseVersion } from "./version.ts";

export const simpleApiVersion = "1.4";

export type PageFile = {
  readonly filename: string;
  /** `fileUrl(…)`, relative to `/simple/<project>/`; or absolute https for a file that is hosted elsewhere. */
  readonly url: string;
  /** Lower-case hex. */
  readonly sha256: string;
  readonly size: number;
  /** `YYYY-MM-DDTHH:MM:SS.ffffffZ`, the exact text. */
  readonly uploadTime: string;
  readonly requiresPython?: string;
  /** true without a reason, else the reason; never the empty text. */
  readonly yanked: boolean | string;
  /** SHA-256 of `<url>.metadata`, lower-case hex. */
  readonly coreMetadata?: string;
  /** Normalised; what the file name says. */
  readonly version: string;
};

export type PageHead = {
  readonly name: ProjectName;
  readonly status: ProjectStatus;
  readonly statusReason?: string;
  /** Normalised, ascending (`comparePageVersions`), each once. */
  readonly versions: readonly string[];
};

export type Page = PageHead & {
  /** Ascending by file name (code units), each once. */
  readonly files: readonly PageFile[];
};

/** The order of a page's files. */
export function comparePageFiles(left: PageFile, right: PageFile): number {
  return left.filename < right.filename ? -1 : Number(left.filename > right.filename);
}

/** The order of a page's versions: PEP 440's, then by text, for `1.0` and `1.0.0` are one version in two spellings. */
export function comparePageVersions(left: string, right: string): number {
  return compareVersions(left, right) || (left < right ? -1 : Number(left > right));
}

/** PEP 700: to the second, or with a fraction of up to six digits, in UTC. */
export function isUploadTime(text: string): boolean {
  try {
    parseInstant(text.replace(/\.[0-9]{1,6}Z$/, "Z"));
    return true;
  } catch {
    return false;
  }
}

/** Where a file is, seen from its project's page. */
export function fileUrl(project: ProjectName, sha256: string, filename: string): string {
  return `../../files/${project}/${sha256}/${encodeURIComponent(filename)}`;
}

/** One file's entry: JSON to keep and to give to `formatPageFromEntries`. */
export function formatPageFile(file: PageFile): Uint8Array {
  const { coreMetadata, requiresPython, yanked } = file;
  const text = [
    coreMetadata === undefined ? "{" : `{"core-metadata":{"sha256":"${coreMetadata}"},`,
    `"filename":${quoteJson(file.filename)},"hashes":{"sha256":"${file.sha256}"},`,
    requiresPython === undefined ? "" : `"requires-python":${quoteJson(requiresPython)},`,
    `"size":${file.size},"upload-time":${quoteJson(file.uploadTime)},"url":${quoteJson(file.url)},`,
    `"yanked":${typeof yanked === "string" && yanked !== "" ? quoteJson(yanked) : String(yanked !== false)}}`,
  ].join("");
  return formatUtf8(text);
}

/** The page's bytes; files and versions are put in order. */
export function formatPage(page: Page): Uint8Array {
  const entries = page.files.toSorted(comparePageFiles).map(formatPageFile);
  const versions = page.versions.toSorted(comparePageVersions);
  return formatPageFromEntries({ ...page, versions }, entries);
}

/** The same bytes from kept entries; they and the versions are in their order already. */
export function formatPageFromEntries(head: PageHead, entries: readonly Uint8Array[]): Uint8Array {
  const versions = head.versions.map((version) => formatUtf8(quoteJson(version)));
  return new Uint8Array(Buffer.concat(formatPagePieces(head, entries, versions)));
}

/**
 * The same bytes in pieces, those given among them: `entries` and `versions` are JSON values, or several joined by commas.
 * Costs nothing for what is kept.
 */
export function formatPagePieces(
  head: Omit<PageHead, "versions">,
  entries: readonly Uint8Array[],
  versions: readonly Uint8Array[],
): readonly Uint8Array[] {
  const { name, status, statusReason } = head;
  // PEP 792: a quarantined project offers no files.
  const offered = status === "quarantined" ? [] : entries;
  const reason = statusReason === undefined ? "" : `"reason":${quoteJson(statusReason)},`;
  const middle = [
    `],"meta":{"api-version":"${simpleApiVersion}"},`,
    `"name":${quoteJson(name)},"project-status":{${reason}"status":"${status}"},`,
    `"versions":[`,
  ].join("");
  return [pageStart, ...withCommas(offered), formatUtf8(middle), ...withCommas(versions), pageEnd];
}

const pageStart = formatUtf8(`{"files":[`);
const comma = formatUtf8(",");
const pageEnd = formatUtf8("]}");

function withCommas(values: readonly Uint8Array[]): readonly Uint8Array[] {
  return values.flatMap((value, index) => (index === 0 ? [value] : [comma, value]));
}

/**
 * A page, believed in nothing but its form. Members this version does not know are left aside; what it knows must be
 * right, or FormatError `json.*`, `page.*`, `filename.*`, `version.*`, `bytes.instant`.
 */
export function parsePage(bytes: Uint8Array): Page {
  const document = pageDocument(parseJson(bytes, pageLimits), "");
  const { name, versions, "project-status": status } = document;
  if (document.files.length > pageLimits.filesMax) {
    throw new FormatError("page.limit", `More than ${pageLimits.filesMax} files`, "files");
  }
  const known = new Set(versions);
  const files = document.files.map((entry, index) => {
    const file = pageFileOf(entry, name, `files[${index}]`);
    if (known.has(file.version)) return file;
    throw malformed(`version ${quoteText(file.version)} is not in versions`, `files[${index}]`);
  });
  checkAscending(files, comparePageFiles, "files");
  checkAscending(versions, comparePageVersions, "versions");
  if (status.status === "quarantined" && files.length > 0) {
    throw malformed("a quarantined project offers no files", "files");
  }
  const { status: state, reason } = status;
  return {
    name,
    status: state,
    ...(reason !== undefined && { statusReason: reason }),
    versions,
    files,
  };
}

/** The page as HTML, frozen at 1.4 (PEP 503, 592, 629, 658, 714, 833). Links are relative to `/simple/<project>/`. */
export function renderPageHtml(page: Page): string {
  return renderPageHtmlFromAnchors(
    page,
    page.files.toSorted(comparePageFiles).map(renderPageAnchor),
  );
}

/** The same document from kept anchors, which are in the order of their file names already. */
export function renderPageHtmlFromAnchors(head: PageHead, anchors: readonly string[]): string {
  const { name, status, statusReason } = head;
  const offered = status === "quarantined" ? [] : anchors;
  return [
    "<!DOCTYPE html>",
    "<html>",
    "  <head>",
    `    <meta name="pypi:repository-version" content="${simpleApiVersion}">`,
    `    <meta name="pypi:project-status" content="${status}">`,
    ...(statusReason === undefined
      ? []
      : [`    <meta name="pypi:project-status-reason" content="${escapeHtml(statusReason)}">`]),
    `    <title>Links for ${name}</title>`,
    "  </head>",
    "  <body>",
    `    <h1>Links for ${name}</h1>`,
    ...offered,
    "  </body>",
    "</html>",
    "",
  ].join("\n");
}

/** One file's link. */
export function renderPageAnchor(file: PageFile): string {
  const { coreMetadata, requiresPython, yanked } = file;
  const attributes = [`href="${escapeHtml(file.url)}#sha256=${file.sha256}"`];
  if (requiresPython !== undefined) {
    attributes.push(`data-requires-python="${escapeHtml(requiresPython)}"`);
  }
  if (coreMetadata !== undefined) {
    // PEP 714: the old name too, for clients of its time.
    attributes.push(`data-core-metadata="sha256=${coreMetadata}"`);
    attributes.push(`data-dist-info-metadata="sha256=${coreMetadata}"`);
  }
  if (yanked !== false) {
    attributes.push(`data-yanked="${yanked === true ? "" : escapeHtml(yanked)}"`);
  }
  return `    <a ${attributes.join(" ")}>${escapeHtml(file.filename)}</a><br>`;
}

const unwanted = /[\p{Cc}\u2028\u2029]/u;

/** Text on one line: it ends up in headers, terminals and HTML. */
function line(lengthMax: number): Decoder<string> {
  return (value, at) => {
    const text = string(value, at);
    if (text === "") throw malformed("an empty text", at);
    if (text.length > lengthMax) {
      throw new FormatError("page.limit", `More than ${lengthMax} characters`, at);
    }
    if (unwanted.test(text)) throw malformed("a control character", at);
    return text;
  };
}

const apiVersion: Decoder<string> = (value, at) => {
  const text = line(16)(value, at);
  if (/^1\.[0-9]+$/.test(text)) return text;
  throw new FormatError(
    "page.api-version",
    `Cannot read simple API version ${quoteText(text)}`,
    at,
  );
};

const projectName: Decoder<ProjectName> = (value, at) => {
  const text = line(256)(value, at);
  if (isProjectName(text)) return text;
  throw malformed(`${quoteText(text)} is not a normalised project name`, at);
};

const projectStatus: Decoder<ProjectStatus> = (value, at) => {
  const text = line(64)(value, at);
  if (isProjectStatus(text)) return text;
  throw malformed(`unknown project status ${quoteText(text)}`, at);
};

const normalVersion: Decoder<string> = (value, at) => {
  const text = line(256)(value, at);
  if (normaliseVersion(text) === text) return text;
  throw malformed(`${quoteText(text)} is not a normalised version`, at);
};

const sha256Hashes = object({
  sha256: (value: Json, at: string): string => {
    const text = string(value, at);
    if (isHex(text, 32)) return text;
    throw malformed("not a SHA-256 in lower-case hex", at);
  },
});

const uploadTime: Decoder<string> = (value, at) => {
  const text = line(32)(value, at);
  if (isUploadTime(text)) return text;
  throw malformed("not a time in UTC", at);
};

const yankedOrNot: Decoder<boolean | string> = (value, at) =>
  typeof value === "boolean" ? value : line(pageLimits.reasonLengthMax)(value, at);

const fileEntry = object({
  "core-metadata": optional(sha256Hashes),
  filename: line(256),
  hashes: sha256Hashes,
  "requires-python": optional(line(requiresPythonLengthMax)),
  size: natural,
  "upload-time": uploadTime,
  url: line(pageLimits.urlLengthMax),
  yanked: yankedOrNot,
});

const pageDocument = object({
  files: list(fileEntry),
  meta: object({ "api-version": apiVersion }),
  name: projectName,
  "project-status": object({
    status: projectStatus,
    reason: optional(line(pageLimits.reasonLengthMax)),
  }),
  versions: list(normalVersion),
});

function pageFileOf(
  entry: ReturnType<typeof fileEntry>,
  project: ProjectName,
  at: string,
): PageFile {
  const { filename, hashes, size, url, yanked } = entry;
  const requiresPython = entry["requires-python"];
  const coreMetadata = entry["core-metadata"]?.sha256;
  const { version } = parseDistributionFilename(filename, project);
  if (url !== fileUrl(project, hashes.sha256, filename) && !isElsewhere(url)) {
    throw new FormatError(
      "page.url",
      `${quoteText(url)} is neither this file's own address nor https`,
      at,
    );
  }
  return {
    filename,
    url,
    sha256: hashes.sha256,
    size,
    uploadTime: entry["upload-time"],
    ...(requiresPython !== undefined && { requiresPython }),
    yanked,
    ...(coreMetadata !== undefined && { coreMetadata }),
    version,
  };
}

/** Absolute https in the one spelling the URL standard gives it, without credentials or a fragment of its own. */
function isElsewhere(url: string): boolean {
  if (!url.startsWith("https://") || !URL.canParse(url)) return false;
  const { href, username, password } = new URL(url);
  return href === url && username === "" && password === "" && !url.includes("#");
}

function checkAscending<T>(
  sorted: readonly T[],
  compare: (a: T, b: T) => number,
  at: string,
): void {
  sorted.forEach((item, index) => {
    const before = sorted[index - 1];
    if (before === undefined || compare(before, item) < 0) return;
    throw new FormatError(
      "page.order",
      "Not in ascending order, or listed twice",
      `${at}[${index}]`,
    );
  });
}

function malformed(reason: string, at: string): FormatError {
  return new FormatError("page.malformed", `Malformed project page: ${reason}`, at);
}

function quoteJson(value: string): string {
  if (value.isWellFormed() && !unwanted.test(value)) return JSON.stringify(value);
  throw malformed(`cannot write ${quoteText(value)}: it is not one line of text`, "");
}

const entities: ReadonlyMap<string, string> = new Map([
  ["&", "&amp;"],
  ["<", "&lt;"],
  [">", "&gt;"],
  ['"', "&quot;"],
  ["'", "&#39;"],
]);

function escapeHtml(value: string): string {
  return value.replaceAll(/[&<>"']/g, (character) => entities.get(character) ?? character);
}
