/**
 * What the index asks of the signer through its one door, and what it is answered (design 3, 6). Requests, not orders:
 * the signer decides from its own tables and the stored bytes. Every request has an id and may be sent again.
 */
import type { ProjectName } from "#formats/python/project-name.ts";
import type { ProjectStatus } from "#formats/python/project-status.ts";

export type AddFile = {
  readonly kind: "add-file";
  readonly id: string;
  readonly project: ProjectName;
  readonly filename: string;
  /** Normalised (PEP 440). */
  readonly version: string;
  /** Lower-case hex. */
  readonly sha256: string;
  readonly size: number;
  /** As the page will say it: `YYYY-MM-DDTHH:MM:SS.ffffffZ`. */
  readonly uploadTime: string;
  readonly requiresPython?: string;
  /** SHA-256 of the stored `.metadata` (wheels). */
  readonly coreMetadata?: string;
};

export type YankFile = {
  readonly kind: "yank-file";
  readonly id: string;
  readonly project: ProjectName;
  readonly filename: string;
  /** false takes a yank back; true yanks without a reason. */
  readonly yanked: boolean | string;
};

export type RemoveFile = {
  readonly kind: "remove-file";
  readonly id: string;
  readonly project: ProjectName;
  readonly filename: string;
};

export type SetStatus = {
  readonly kind: "set-status";
  readonly id: string;
  readonly project: ProjectName;
  readonly status: ProjectStatus;
  readonly reason?: string;
};

export type Change = AddFile | YankFile | RemoveFile | SetStatus;

export type ChangeRefusedCode =
  | "change.malformed"
  | "change.id-reused"
  | "upload.filename"
  | "upload.filename-deleted"
  | "upload.filename-reused"
  | "upload.stored-bytes"
  | "project.archived"
  | "project.quarantined"
  | "project.unknown"
  | "file.unknown"
  | "limit.files";

/** The page that is current once the change is visible; `serial` only grows, over the whole index. */
export type PagePointer = {
  readonly project: ProjectName;
  readonly sha256: string;
  readonly size: number;
  readonly serial: number;
};

export type ChangeResult =
  | { readonly id: string; readonly outcome: "published"; readonly page: PagePointer }
  | {
      readonly id: string;
      readonly outcome: "refused";
      readonly code: ChangeRefusedCode;
      readonly message: string;
    };
