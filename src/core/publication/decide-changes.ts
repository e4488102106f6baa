/**
 * Which changes of a batch are allowed, and what the projects look like then. Pure: the same changes and the same
 * knowledge, the same decisions. What trust rests on is decided here and not at the index (design 3): a file name
 * belongs to one hash for ever, names and versions fit their project, statuses are obeyed, limits hold. A refused
 * change leaves no trace in those after it.
 */
import type {
  AddFile,
  Change,
  ChangeRefusedCode,
  RemoveFile,
  SetStatus,
  YankFile,
} from "#formats/door/change.ts";
import { FormatError } from "#formats/format-error.ts";
import { parseDistributionFilename } from "#formats/python/filename.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import {
  fileUrl,
  formatPageFile,
  formatPageFromEntries,
  parsePage,
} from "#formats/python/simple-page.ts";
import { publicationLimits } from "./limits.ts";
import {
  emptyProject,
  entryYanked,
  findProjectFile,
  withProjectFile,
  withProjectStatus,
  withoutProjectFile,
  yankedEntry,
} from "./project-record.ts";
import type { ProjectFile, ProjectRecord } from "./project-record.ts";

/** What a file name stands for, for ever. */
export type FileBinding = {
  readonly filename: string;
  readonly project: ProjectName;
  readonly version: string;
  readonly sha256: string;
  readonly size: number;
  /**
   * Known only from a public page that a restored backup had forgotten: nobody knows whether the file is still wanted,
   * so the same bytes may come again, and no others.
   */
  readonly lost: boolean;
};

export type Knowledge = {
  readonly projects: ReadonlyMap<ProjectName, ProjectRecord>;
  readonly bindings: ReadonlyMap<string, FileBinding>;
};

export type Decision =
  | { readonly outcome: "accepted" }
  | { readonly outcome: "refused"; readonly code: ChangeRefusedCode; readonly message: string };

export type Decisions = {
  /** One for each change, by its id. */
  readonly byId: ReadonlyMap<string, Decision>;
  /** As they are afterwards; only those whose page changes. */
  readonly projects: ReadonlyMap<ProjectName, ProjectRecord>;
  /** New ones, or lost ones found again. */
  readonly bindings: ReadonlyMap<string, FileBinding>;
  /** Which of their files, by name, with the version each has or had. */
  readonly touched: ReadonlyMap<ProjectName, ReadonlyMap<string, string>>;
  /** Accepted files whose stored bytes have to be looked at. */
  readonly added: readonly AddFile[];
};

/** `badFiles`: ids of changes whose stored bytes are not what they say. */
export function decideChanges(
  changes: readonly Change[],
  known: Knowledge,
  badFiles: ReadonlySet<string> = new Set(),
): Decisions {
  const draft = new Draft(known);
  const byId = new Map<string, Decision>();
  for (const change of changes) {
    const refusal = badFiles.has(change.id) ? storedBytesRefusal(change) : draft.apply(change);
    byId.set(change.id, refusal ?? { outcome: "accepted" });
  }
  const { projects, bindings, touched, added } = draft;
  return { byId, projects, bindings, touched, added };
}

type Refusal = Extract<Decision, { outcome: "refused" }>;

function refuse(code: ChangeRefusedCode, message: string): Refusal {
  return { outcome: "refused", code, message };
}

class Draft {
  readonly #known: Knowledge;
  readonly projects = new Map<ProjectName, ProjectRecord>();
  readonly bindings = new Map<string, FileBinding>();
  readonly touched = new Map<ProjectName, Map<string, string>>();
  readonly added: AddFile[] = [];

  constructor(known: Knowledge) {
    this.#known = known;
  }

  /** undefined: accepted. */
  apply(change: Change): Refusal | undefined {
    switch (change.kind) {
      case "add-file":
        return this.#addFile(change);
      case "yank-file":
        return this.#yankFile(change);
      case "remove-file":
        return this.#removeFile(change);
      case "set-status":
        return this.#setStatus(change);
    }
  }

  #addFile(change: AddFile): Refusal | undefined {
    const { filename, project, sha256, size } = change;
    const entry = newEntry(change);
    if ("outcome" in entry) return entry;
    const record = this.#project(project) ?? emptyProject(project);
    const bound = this.bindings.get(filename) ?? this.#known.bindings.get(filename);
    if (bound !== undefined && (bound.sha256 !== sha256 || bound.size !== size)) {
      return refuse(
        "upload.filename-reused",
        `Cannot publish ${filename}: the name belongs to other bytes, for ever; choose a new version`,
      );
    }
    // The same bytes again: nothing to do, whatever the project's status became since.
    if (findProjectFile(record, filename) !== undefined) return undefined;
    if (bound !== undefined && !bound.lost) {
      return refuse(
        "upload.filename-deleted",
        `Cannot publish ${filename}: it was deleted, and a deleted name is not used again`,
      );
    }
    const closed = closedRefusal(record, filename);
    if (closed !== undefined) return closed;
    const file = { filename, version: change.version, entry };
    const next = withProjectFile(record, file);
    if (
      next.files.length > publicationLimits.projectFilesMax ||
      next.entriesLength > publicationLimits.projectEntriesLengthMax
    ) {
      return refuse("limit.files", `Cannot publish ${filename}: ${project} has too many files`);
    }
    this.#change(next, file);
    this.bindings.set(filename, {
      filename,
      project,
      version: change.version,
      sha256,
      size,
      lost: false,
    });
    this.added.push(change);
    return undefined;
  }

  #yankFile({ project, filename, yanked }: YankFile): Refusal | undefined {
    const record = this.#project(project);
    if (record === undefined) return unknownProject(project);
    const file = findProjectFile(record, filename);
    if (file === undefined) return unknownFile(project, filename);
    if (entryYanked(file.entry) === yanked) return undefined;
    if (typeof yanked === "string" && yanked.length > publicationLimits.reasonLengthMax) {
      return refuse("change.malformed", `Cannot yank ${filename}: the reason is too long`);
    }
    const head = { name: project, status: "active", versions: [file.version] } as const;
    const malformed = pageRefusal(filename, head, () => [yankedEntry(file.entry, yanked)]);
    if (malformed !== undefined) return malformed;
    const entry = yankedEntry(file.entry, yanked);
    const next = withProjectFile(record, { ...file, entry });
    if (next.entriesLength > publicationLimits.projectEntriesLengthMax) {
      return refuse("limit.files", `Cannot yank ${filename}: the page of ${project} is full`);
    }
    this.#change(next, file);
    return undefined;
  }

  #removeFile({ project, filename }: RemoveFile): Refusal | undefined {
    const record = this.#project(project);
    if (record === undefined) return unknownProject(project);
    const file = findProjectFile(record, filename);
    if (file === undefined) return unknownFile(project, filename);
    this.#change(withoutProjectFile(record, filename), file);
    return undefined;
  }

  #setStatus({ project, status, reason }: SetStatus): Refusal | undefined {
    const record = this.#project(project);
    if (record === undefined) return unknownProject(project);
    if (record.status === status && record.statusReason === reason) return undefined;
    if ((reason?.length ?? 0) > publicationLimits.reasonLengthMax) {
      return refuse("change.malformed", `Cannot mark ${project}: the reason is too long`);
    }
    const statusReason = reason === undefined ? {} : { statusReason: reason };
    const head = { name: project, status, ...statusReason, versions: [] };
    const malformed = pageRefusal(project, head, () => []);
    if (malformed !== undefined) return malformed;
    this.#change(withProjectStatus(record, status, reason));
    return undefined;
  }

  #change(next: ProjectRecord, file?: ProjectFile): void {
    this.projects.set(next.project, next);
    const files = this.touched.get(next.project) ?? new Map<string, string>();
    if (file !== undefined) files.set(file.filename, file.version);
    this.touched.set(next.project, files);
  }

  #project(project: ProjectName): ProjectRecord | undefined {
    return this.projects.get(project) ?? this.#known.projects.get(project);
  }
}

/** File name, project and version belong together. */
function filenameRefusal({ filename, project, version }: AddFile): Refusal | undefined {
  try {
    const parsed = parseDistributionFilename(filename, project);
    if (parsed.version === version) return undefined;
    return refuse("upload.filename", `Cannot publish ${filename}: it names another version`);
  } catch (error) {
    if (error instanceof FormatError) return refuse("upload.filename", error.message);
    throw error;
  }
}

/**
 * Whether a page that holds nothing but this would be read by the proxy, whose reader is the judge of what a page may
 * say: nothing is signed here that no client believes.
 */
function pageRefusal(
  what: string,
  head: Parameters<typeof formatPageFromEntries>[0],
  formatEntries: () => readonly Uint8Array[],
): Refusal | undefined {
  try {
    parsePage(formatPageFromEntries(head, formatEntries()));
    return undefined;
  } catch (error) {
    return malformedRefusal(what, error);
  }
}

function malformedRefusal(what: string, error: unknown): Refusal {
  if (!(error instanceof FormatError)) throw error;
  return refuse("change.malformed", `Cannot publish ${what}: ${error.message}`);
}

/** What the page will say of the file, if every client believes that. */
function newEntry(change: AddFile): Uint8Array | Refusal {
  const misnamed = filenameRefusal(change);
  if (misnamed !== undefined) return misnamed;
  const { filename, project: name, version, requiresPython } = change;
  if ((requiresPython?.length ?? 0) > publicationLimits.requiresPythonLengthMax) {
    return refuse("change.malformed", `Cannot publish ${filename}: Requires-Python is long`);
  }
  try {
    const entry = formatPageFile(pageFileOf(change));
    parsePage(formatPageFromEntries({ name, status: "active", versions: [version] }, [entry]));
    return entry;
  } catch (error) {
    return malformedRefusal(filename, error);
  }
}

function pageFileOf(change: AddFile): Parameters<typeof formatPageFile>[0] {
  const { filename, project, sha256, size, uploadTime, version } = change;
  return {
    filename,
    url: fileUrl(project, sha256, filename),
    sha256,
    size,
    uploadTime,
    ...(change.requiresPython !== undefined && { requiresPython: change.requiresPython }),
    yanked: false,
    ...(change.coreMetadata !== undefined && { coreMetadata: change.coreMetadata }),
    version,
  };
}

function closedRefusal(record: ProjectRecord, filename: string): Refusal | undefined {
  const { project, status } = record;
  if (status === "archived") {
    return refuse("project.archived", `Cannot publish ${filename}: ${project} is archived`);
  }
  if (status === "quarantined") {
    return refuse("project.quarantined", `Cannot publish ${filename}: ${project} is quarantined`);
  }
  return undefined;
}

function storedBytesRefusal(change: Change): Refusal {
  const name = change.kind === "add-file" ? change.filename : change.project;
  return refuse(
    "upload.stored-bytes",
    `Cannot publish ${name}: the bytes in the file store are not the ones that were announced`,
  );
}

function unknownProject(project: ProjectName): Refusal {
  return refuse("project.unknown", `Cannot change ${project}: it has never published a file`);
}

function unknownFile(project: ProjectName, filename: string): Refusal {
  return refuse("file.unknown", `Cannot change ${filename}: it is not on the page of ${project}`);
}
