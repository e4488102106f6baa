/**
 * One project as its page says it: entries in the page's order, and which versions they have. Values; a change makes a
 * new record, so a batch that fails leaves the old one as it was.
 */
import { invariant } from "#core/errors.ts";
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import { formatJson } from "#formats/json/format.ts";
import { parseJson } from "#formats/json/parse.ts";
import { isJsonObject } from "#formats/json/value.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import type { ProjectStatus } from "#formats/python/project-status.ts";
import { comparePageVersions, formatPagePieces } from "#formats/python/simple-page.ts";
import { joinEntries, rejoinEntries, type EntryBlock } from "./entry-blocks.ts";

export type ProjectFile = {
  readonly filename: string;
  /** Normalised. */
  readonly version: string;
  /** The page's entry, JSON in UTF-8. */
  readonly entry: Uint8Array;
};

export type ProjectRecord = {
  readonly project: ProjectName;
  readonly status: ProjectStatus;
  readonly statusReason?: string;
  /** Ascending by file name, each once. */
  readonly files: readonly ProjectFile[];
  /** The entries of these files. */
  readonly blocks: readonly EntryBlock[];
  /** Ascending, each once. */
  readonly versions: readonly VersionCount[];
  readonly versionBlocks: readonly EntryBlock[];
  /** Bytes of all entries. */
  readonly entriesLength: number;
};

export type VersionCount = {
  readonly version: string;
  readonly files: number;
  /** As the page writes it, JSON in UTF-8. */
  readonly entry: Uint8Array;
};

export function emptyProject(project: ProjectName): ProjectRecord {
  return projectRecordOf(project, { status: "active" }, []);
}

/** From what a store kept; `files` ascending by name. */
export function projectRecordOf(
  project: ProjectName,
  head: { readonly status: ProjectStatus; readonly statusReason?: string },
  files: readonly ProjectFile[],
): ProjectRecord {
  const counts = new Map<string, number>();
  let entriesLength = 0;
  for (const { version, entry } of files) {
    counts.set(version, (counts.get(version) ?? 0) + 1);
    entriesLength += entry.byteLength;
  }
  const versions = [...counts].map(([version, count]) => versionCount(version, count));
  versions.sort((left, right) => comparePageVersions(left.version, right.version));
  return {
    project,
    ...head,
    files,
    blocks: joinEntries(files),
    versions,
    versionBlocks: joinEntries(versions),
    entriesLength,
  };
}

export function findProjectFile(record: ProjectRecord, filename: string): ProjectFile | undefined {
  const file = record.files[placeOf(record.files, filename)];
  return file?.filename === filename ? file : undefined;
}

/** With this file, in the place of one with the same name. */
export function withProjectFile(record: ProjectRecord, file: ProjectFile): ProjectRecord {
  const place = placeOf(record.files, file.filename);
  const old = record.files[place];
  if (old?.filename === file.filename) {
    invariant(old.version === file.version, "a file name has one version");
    const entriesLength = record.entriesLength + file.entry.byteLength - old.entry.byteLength;
    const files = record.files.with(place, file);
    const blocks = rejoinEntries(record.blocks, files, place, "replaced");
    return { ...record, files, blocks, entriesLength };
  }
  const files = record.files.toSpliced(place, 0, file);
  return {
    ...record,
    files,
    blocks: rejoinEntries(record.blocks, files, place, "added"),
    ...countVersion(record, file.version, 1),
    entriesLength: record.entriesLength + file.entry.byteLength,
  };
}

/** Without the file of that name, which must be there. */
export function withoutProjectFile(record: ProjectRecord, filename: string): ProjectRecord {
  const place = placeOf(record.files, filename);
  const old = record.files[place];
  invariant(old?.filename === filename, "only a listed file can be taken away");
  const files = record.files.toSpliced(place, 1);
  return {
    ...record,
    files,
    blocks: rejoinEntries(record.blocks, files, place, "removed"),
    ...countVersion(record, old.version, -1),
    entriesLength: record.entriesLength - old.entry.byteLength,
  };
}

export function withProjectStatus(
  record: ProjectRecord,
  status: ProjectStatus,
  statusReason: string | undefined,
): ProjectRecord {
  const { statusReason: _, ...rest } = record;
  return { ...rest, status, ...(statusReason !== undefined && { statusReason }) };
}

/** The page's bytes: the same for the same record, always. */
export function formatProjectPage(record: ProjectRecord): Uint8Array {
  return new Uint8Array(Buffer.concat(projectPagePieces(record)));
}

/** The same in pieces, most of which are the record's own. */
export function projectPagePieces(record: ProjectRecord): readonly Uint8Array[] {
  const { blocks, project, status, statusReason, versionBlocks } = record;
  return formatPagePieces(
    { name: project, status, ...(statusReason !== undefined && { statusReason }) },
    blocks.map(({ bytes }) => bytes),
    versionBlocks.map(({ bytes }) => bytes),
  );
}

/** The entry with another yank, everything else as it was written once. */
export function yankedEntry(entry: Uint8Array, yanked: boolean | string): Uint8Array {
  const tree = parseJson(entry);
  invariant(isJsonObject(tree), "an entry is an object");
  return formatJson(new Map(tree).set("yanked", yanked));
}

/** What the entry says of a yank. */
export function entryYanked(entry: Uint8Array): boolean | string {
  const tree = parseJson(entry);
  const yanked = isJsonObject(tree) ? tree.get("yanked") : undefined;
  invariant(typeof yanked === "boolean" || typeof yanked === "string", "an entry says `yanked`");
  return yanked;
}

/** Where the name is, or would be. */
function placeOf(files: readonly ProjectFile[], filename: string): number {
  let low = 0;
  let high = files.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((files[middle]?.filename ?? "") < filename) low = middle + 1;
    else high = middle;
  }
  return low;
}

function countVersion(
  { versionBlocks, versions }: ProjectRecord,
  version: string,
  difference: 1 | -1,
): Pick<ProjectRecord, "versionBlocks" | "versions"> {
  let low = 0;
  let high = versions.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (comparePageVersions(versions[middle]?.version ?? version, version) < 0) low = middle + 1;
    else high = middle;
  }
  const known = versions[low];
  if (known?.version !== version) {
    const more = versions.toSpliced(low, 0, versionCount(version, 1));
    return { versions: more, versionBlocks: rejoinEntries(versionBlocks, more, low, "added") };
  }
  const files = known.files + difference;
  if (files > 0) return { versions: versions.with(low, { ...known, files }), versionBlocks };
  const less = versions.toSpliced(low, 1);
  return { versions: less, versionBlocks: rejoinEntries(versionBlocks, less, low, "removed") };
}

function versionCount(version: string, files: number): VersionCount {
  return { version, files, entry: formatUtf8(JSON.stringify(version)) };
}
