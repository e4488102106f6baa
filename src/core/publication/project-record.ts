/**
 * One project as its page says it: entries in the page's order, and which versions they have. Values; a change makes a
 * new record, so a batch that fails leaves the old one as it was.
 */
import { invariant } from "#core/errors.ts";
import { formatJson } from "#formats/json/format.ts";
import { parseJson } from "#formats/json/parse.ts";
import { isJsonObject } from "#formats/json/value.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import type { ProjectStatus } from "#formats/python/project-status.ts";
import { comparePageVersions, formatPageFromEntries } from "#formats/python/simple-page.ts";

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
  /** Ascending, each once. */
  readonly versions: readonly VersionCount[];
  /** Bytes of all entries. */
  readonly entriesLength: number;
};

type VersionCount = { readonly version: string; readonly files: number };

export function emptyProject(project: ProjectName): ProjectRecord {
  return { project, status: "active", files: [], versions: [], entriesLength: 0 };
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
  const versions = [...counts].map(([version, count]) => ({ version, files: count }));
  versions.sort((left, right) => comparePageVersions(left.version, right.version));
  return { project, ...head, files, versions, entriesLength };
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
    return { ...record, files: record.files.with(place, file), entriesLength };
  }
  return {
    ...record,
    files: record.files.toSpliced(place, 0, file),
    versions: countVersion(record.versions, file.version, 1),
    entriesLength: record.entriesLength + file.entry.byteLength,
  };
}

/** Without the file of that name, which must be there. */
export function withoutProjectFile(record: ProjectRecord, filename: string): ProjectRecord {
  const place = placeOf(record.files, filename);
  const old = record.files[place];
  invariant(old?.filename === filename, "only a listed file can be taken away");
  return {
    ...record,
    files: record.files.toSpliced(place, 1),
    versions: countVersion(record.versions, old.version, -1),
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
  const { project, status, statusReason } = record;
  return formatPageFromEntries(
    {
      name: project,
      status,
      ...(statusReason !== undefined && { statusReason }),
      versions: record.versions.map(({ version }) => version),
    },
    record.files.map(({ entry }) => entry),
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
  versions: readonly VersionCount[],
  version: string,
  difference: 1 | -1,
): readonly VersionCount[] {
  const known = versions.findIndex((count) => count.version === version);
  if (known >= 0) {
    const files = (versions[known]?.files ?? 0) + difference;
    if (files === 0) return versions.toSpliced(known, 1);
    return versions.with(known, { version, files });
  }
  let low = 0;
  let high = versions.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (comparePageVersions(versions[middle]?.version ?? version, version) < 0) low = middle + 1;
    else high = middle;
  }
  return versions.toSpliced(low, 0, { version, files: 1 });
}
