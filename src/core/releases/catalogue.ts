/** What the index knows of projects and files: its own memory, for rules and people. What is *true* is in the pages. */
import type { Change, ChangeRefusedCode, PagePointer } from "#formats/door/change.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import type { ProjectStatus } from "#formats/python/project-status.ts";

export type ProjectEntry = {
  readonly name: ProjectName;
  readonly status: ProjectStatus;
  readonly statusReason?: string;
  readonly createdAt: Date;
};

/**
 * `pending`: stored, and asked of the signer. `deleted`: off the page; its bytes are still here. `purged`: those are
 * gone too. The file name stays bound to its hash in every state.
 */
export type FileState = "deleted" | "pending" | "published" | "purged";

export type FileEntry = {
  readonly filename: string;
  readonly project: ProjectName;
  /** Normalised. */
  readonly version: string;
  readonly kind: "sdist" | "wheel";
  /** Hashes are lower-case hex. */
  readonly sha256: string;
  /** Missing where the file was learnt from a page. */
  readonly blake2b256?: string;
  readonly md5?: string;
  readonly size: number;
  /** `YYYY-MM-DDTHH:MM:SS.ffffffZ` */
  readonly uploadTime: string;
  readonly requiresPython?: string;
  /** SHA-256 of the metadata, which is served for wheels. */
  readonly coreMetadata?: string;
  readonly summary: string;
  readonly yanked: boolean | string;
  readonly state: FileState;
  /** Account id. */
  readonly uploadedBy?: string;
};

export type ChangeOutcome =
  | { readonly kind: "published" }
  | { readonly kind: "refused"; readonly code: ChangeRefusedCode; readonly message: string };

/** A change that was asked of the signer, and what came of it. */
export type OutboxEntry = {
  readonly change: Change;
  /** For a removal: the bytes go too, once the page no longer names them. */
  readonly purge: boolean;
  /** Missing while the signer has not answered. */
  readonly outcome?: ChangeOutcome;
};

/** What the answer to a change did. */
export type AppliedChange = {
  readonly change: Change;
  readonly outcome: ChangeOutcome;
  /** The page that is current now, where it changed. */
  readonly page?: PagePointer;
  /** Hashes that nothing needs any more: their bytes are to be removed. */
  readonly unneeded: readonly string[];
};

/** The page's form of a time: microseconds, UTC. */
export function formatUploadTime(at: Date): string {
  return at.toISOString().replace(/\.(\d{3})Z$/, ".$1000Z");
}
