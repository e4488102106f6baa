/** Whether a published thing may be changed: yank, delete, status. Pure, as accept-upload is. */
import { RefusedError } from "#core/errors.ts";
import type { ProjectRole } from "#core/accounts/permissions.ts";
import type { RemoveFile, SetStatus, YankFile } from "#formats/door/change.ts";
import type { FileEntry, ProjectEntry } from "./catalogue.ts";

export type ManagingChange = RemoveFile | SetStatus | YankFile;

export type ChangeState = {
  readonly project?: ProjectEntry;
  /** The file that the change names, if it names one. */
  readonly file?: FileEntry;
};

/** What it takes in a project to ask for this change. */
export function neededRole(change: ManagingChange): ProjectRole {
  return change.kind === "yank-file" ? "maintainer" : "owner";
}

/** Throws RefusedError `project.unknown` or `file.unknown`. */
export function acceptChange(state: ChangeState, change: ManagingChange): void {
  if (state.project === undefined) {
    throw new RefusedError("project.unknown", `There is no project '${change.project}' here.`);
  }
  if (change.kind === "set-status") return;
  const { file } = state;
  if (file === undefined || file.project !== change.project || isGone(file)) {
    throw new RefusedError(
      "file.unknown",
      `Project '${change.project}' has no file '${change.filename}'.`,
    );
  }
  if (file.state === "pending") {
    throw new RefusedError(
      "file.unknown",
      `File '${change.filename}' is still being published. Try again when that is done.`,
    );
  }
}

function isGone(file: FileEntry): boolean {
  return file.state === "deleted" || file.state === "purged";
}
