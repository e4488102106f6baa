/**
 * What one project says now against what it said in a copy from before a break-in (PEP 458, "In the event of a key
 * compromise", step 3): files that came, went, were changed under their name, or were yanked. Pure.
 */
import type { ProjectStatus } from "#formats/python/project-status.ts";
import { formatPageFile, parsePage } from "#formats/python/simple-page.ts";
import type { Page, PageFile } from "#formats/python/simple-page.ts";
import { formatProjectPage } from "#core/publication/project-record.ts";
import type { ProjectRecord } from "#core/publication/project-record.ts";

/** A project as one page, or one database, says it. */
export type ProjectContent = {
  readonly status: ProjectStatus;
  readonly statusReason?: string;
  /** Ascending by file name; undefined where a quarantined page does not show them (PEP 792). */
  readonly files: readonly PageFile[] | undefined;
};

export type FileDifference = {
  readonly filename: string;
  /** `changed`: other bytes under the same name. `altered`: the same bytes with other words about them. */
  readonly kind: "added" | "altered" | "changed" | "removed" | "unyanked" | "yanked";
  /** In the good copy. */
  readonly was?: PageFile;
  readonly is?: PageFile;
};

export type ProjectDifference = {
  readonly kind: "added" | "changed" | "gone";
  /** Only where it differs. */
  readonly status?: { readonly was: ProjectStatus; readonly is: ProjectStatus };
  /** By name. */
  readonly files: readonly FileDifference[];
};

export function contentOfPage({ files, status, statusReason }: Page): ProjectContent {
  return {
    status,
    ...(statusReason !== undefined && { statusReason }),
    files: status === "quarantined" ? undefined : files,
  };
}

/** Also the files that a quarantined project does not show. Throws FormatError for entries that no proxy would read. */
export function contentOfRecord(record: ProjectRecord): ProjectContent {
  const { status, statusReason } = record;
  const { files } = parsePage(formatProjectPage({ ...record, status: "active" }));
  return { status, ...(statusReason !== undefined && { statusReason }), files };
}

/** undefined where both say the same; an absent one says nothing at all. */
export function compareProject(
  was: ProjectContent | undefined,
  is: ProjectContent | undefined,
): ProjectDifference | undefined {
  if (was === undefined && is === undefined) return undefined;
  if (was === undefined) return { kind: "added", files: compareFiles([], is?.files ?? []) };
  if (is === undefined) return { kind: "gone", files: compareFiles(was.files ?? [], []) };
  // What is hidden on one side says nothing about the other.
  const files =
    was.files === undefined || is.files === undefined ? [] : compareFiles(was.files, is.files);
  const isSameStatus = was.status === is.status && was.statusReason === is.statusReason;
  if (isSameStatus && files.length === 0) return undefined;
  return {
    kind: "changed",
    ...(!isSameStatus && { status: { was: was.status, is: is.status } }),
    files,
  };
}

/** Both ascending by name: one walk over the two. */
function compareFiles(
  was: readonly PageFile[],
  is: readonly PageFile[],
): readonly FileDifference[] {
  const now = new Map(is.map((file) => [file.filename, file]));
  const found: FileDifference[] = [];
  for (const before of was) {
    const after = now.get(before.filename);
    now.delete(before.filename);
    const difference = compareFile(before, after);
    if (difference !== undefined) found.push(difference);
  }
  for (const file of now.values()) {
    found.push({ filename: file.filename, kind: "added", is: file });
  }
  return found.toSorted((a, b) => (a.filename < b.filename ? -1 : 1));
}

function compareFile(was: PageFile, is: PageFile | undefined): FileDifference | undefined {
  const { filename } = was;
  if (is === undefined) return { filename, kind: "removed", was };
  if (was.sha256 !== is.sha256 || was.size !== is.size)
    return { filename, kind: "changed", was, is };
  if (Buffer.compare(formatPageFile(was), formatPageFile(is)) === 0) return undefined;
  const isOnlyYank =
    Buffer.compare(formatPageFile({ ...was, yanked: is.yanked }), formatPageFile(is)) === 0;
  if (!isOnlyYank) return { filename, kind: "altered", was, is };
  return { filename, kind: is.yanked === false ? "unyanked" : "yanked", was, is };
}
