/**
 * Whether a checked file may join its project. Pure: the store reads the state and writes the decision in one
 * transaction, so that two uploads of one name cannot both be the first.
 */
import { RefusedError } from "#core/errors.ts";
import { checkRole, type ProjectRole } from "#core/accounts/permissions.ts";
import type { AddFile } from "#formats/door/change.ts";
import type { FileEntry, ProjectEntry } from "./catalogue.ts";

export type UploadState = {
  /** Missing when the name is free. */
  readonly project?: ProjectEntry;
  /** The uploading account's, in that project. */
  readonly role?: ProjectRole;
  /** What the file name is bound to. */
  readonly file?: FileEntry;
  /** The id of the unanswered change that adds this file. */
  readonly pendingChange?: string;
};

export type UploadDecision =
  /** A new file; and a new project, when its name was free. */
  | { readonly kind: "publish"; readonly change: AddFile }
  /** The same bytes are installable already: nothing to do. */
  | { readonly kind: "published" }
  /** The same bytes are on their way: wait for that change. */
  | { readonly kind: "join"; readonly changeId: string };

/** Throws RefusedError `auth.forbidden`, `upload.filename-*`, `project.archived` or `project.quarantined`. */
export function acceptUpload(
  state: UploadState,
  offer: AddFile,
  accountName: string,
): UploadDecision {
  if (state.project !== undefined) {
    checkRole(state.role, "maintainer", accountName, state.project.name);
  }
  if (state.file !== undefined) return acceptKnownFilename(state.file, state, offer);
  checkTakesFiles(state.project);
  return { kind: "publish", change: offer };
}

function acceptKnownFilename(file: FileEntry, state: UploadState, offer: AddFile): UploadDecision {
  if (file.state === "deleted" || file.state === "purged") {
    // Clients know this sentence, and the one below, and act on them.
    throw new RefusedError(
      "upload.filename-deleted",
      "This filename was previously used by a file that has since been deleted. Use a different version.",
    );
  }
  if (file.sha256 !== offer.sha256) {
    const hash =
      file.blake2b256 === undefined
        ? `with sha256 hash '${file.sha256}'`
        : `with blake2_256 hash '${file.blake2b256}'`;
    throw new RefusedError(
      "upload.filename-reused",
      `File already exists ('${file.filename}', ${hash}). Use a different version.`,
    );
  }
  if (file.state === "published") return { kind: "published" };
  if (state.pendingChange !== undefined) return { kind: "join", changeId: state.pendingChange };
  // Bound, not published, and nothing asked: a state only a damaged database has. Asking again mends it.
  return { kind: "publish", change: offer };
}

function checkTakesFiles(project: ProjectEntry | undefined): void {
  if (project?.status === "archived") {
    throw new RefusedError(
      "project.archived",
      `Project '${project.name}' is archived and takes no new files. Its owner can unarchive it.`,
    );
  }
  if (project?.status === "quarantined") {
    throw new RefusedError(
      "project.quarantined",
      `Project '${project.name}' is quarantined and takes no new files.`,
    );
  }
}
