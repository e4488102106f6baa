/**
 * One project put back to what a good copy says of it: files that came since are taken off its page, files that were
 * taken off or yanked since come back, a changed one has its old bytes again. A file name that came since stays bound
 * to its bytes for ever, as every name does; one that stands on the good page is bound to the bytes it has there, which
 * is the one place where a name may change hands: what the database says of it was written by a thief.
 */
import { sha256HexOfPieces } from "#crypto/hash.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import { formatPageFile } from "#formats/python/simple-page.ts";
import type { PageFile } from "#formats/python/simple-page.ts";
import type { FileBinding } from "#core/publication/decide-changes.ts";
import {
  emptyProject,
  findProjectFile,
  projectPagePieces,
  projectRecordOf,
} from "#core/publication/project-record.ts";
import type { ProjectFile, ProjectRecord } from "#core/publication/project-record.ts";
import type { PageRecord } from "#core/publication/signer-store.ts";
import { pagePrefix } from "#core/tuf/layout.ts";
import type { ProjectPair } from "./compare-trees.ts";

export type RestoredProject = {
  readonly project: ProjectName;
  /** Its serial is given when it is published. */
  readonly page: Omit<PageRecord, "serial">;
  /** True where the database did not have the project at all. */
  readonly isNew: boolean;
  /** Names on the good page that get these bytes, whatever they were bound to. */
  readonly bindings: readonly FileBinding[];
};

/** Where the copy does not have the project, its page lists nothing; a quarantined page says nothing of files. */
export function restoreProject({
  bindings,
  good,
  project,
  record,
}: Pick<ProjectPair, "bindings" | "good" | "project" | "record">): RestoredProject {
  const before = record ?? emptyProject(project);
  const shown = good === undefined ? [] : good.content.files;
  const files = shown?.map(projectFileOf) ?? before.files;
  const { status, statusReason } = good?.content ?? before;
  const head = { status, ...(statusReason !== undefined && { statusReason }) };
  const after = projectRecordOf(project, head, files);
  const pieces = projectPagePieces(after);
  const changed = changedEntries(before, after);
  const named = new Set([...bindings, ...changed.map(({ filename }) => filename)]);
  return {
    project,
    page: {
      project,
      sha256: sha256HexOfPieces(pieces),
      size: pieces.reduce((sum, piece) => sum + piece.byteLength, 0),
      prefix: pagePrefix(project),
      ...head,
      changed,
    },
    isNew: record === undefined,
    bindings: (shown ?? [])
      .filter(({ filename }) => named.has(filename))
      .map((file) => bindingOf(project, file)),
  };
}

function projectFileOf(file: PageFile): ProjectFile {
  return { filename: file.filename, version: file.version, entry: formatPageFile(file) };
}

function bindingOf(
  project: ProjectName,
  { filename, sha256, size, version }: PageFile,
): FileBinding {
  return { filename, project, version, sha256, size, lost: false };
}

function changedEntries(before: ProjectRecord, after: ProjectRecord): PageRecord["changed"] {
  const gone = before.files
    .filter(({ filename }) => findProjectFile(after, filename) === undefined)
    .map(({ filename, version }) => ({ filename, version, entry: undefined }));
  const set = after.files.filter(({ entry, filename }) => {
    const old = findProjectFile(before, filename);
    return old === undefined || Buffer.compare(old.entry, entry) !== 0;
  });
  return [...gone, ...set];
}
