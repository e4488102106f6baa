/**
 * What the signer remembers. Declared here because the guarantees are publication's: what is committed is the truth,
 * before any of it leaves the process (ADR 2), and nothing is ever signed twice under one version.
 */
import type { PagePointer } from "#formats/door/change.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import type { ProjectStatus } from "#formats/python/project-status.ts";
import type { RoleFile, RoleSignatures } from "#core/tuf/editor.ts";
import type { FileBinding } from "./decide-changes.ts";
import type { ProjectRecord } from "./project-record.ts";

/** A role's file without its bytes. */
export type RoleVersion = Omit<RoleFile, "bytes"> & {
  /** Bytes of the file. */
  readonly length: number;
};

/** A bin's file without what the pages say: its bytes are never kept, but made again (ADR 9). */
export type BinFile = RoleVersion & {
  /** There were 2^n bins then. */
  readonly bitLength: number;
  /** Of the newest page of all, then: the bin lists its projects' pages as they were at this serial. */
  readonly serial: number;
  readonly signatures: RoleSignatures;
};

export type SignerState = {
  /** The newest version of every role that was ever signed. Empty before the first publication. */
  readonly roles: ReadonlyMap<string, RoleVersion>;
  /** Of the newest page; 0 before the first. */
  readonly serial: number;
  /** Of the newest committed batch; 0 before the first. */
  readonly batch: number;
  /** Of the newest batch that is known to be public; not greater than `batch`. */
  readonly publishedBatch: number;
  /** When the newest batch was signed. */
  readonly signedAt: Date | undefined;
  /** How many projects have a page. */
  readonly projects: number;
  /** No version below this may be signed (root excepted, whose versions have no gaps); 0 unless restored once. */
  readonly versionFloor: number;
  /** This is a copy that was restored: others may have been published since it was made. */
  readonly restored: boolean;
};

/** A change that became visible, or will once its batch is published. */
export type RecordedChange = {
  readonly id: string;
  /** SHA-256 of its canonical form. */
  readonly digest: string;
  readonly page: PagePointer;
};

/** A project's new page, as entries: its bytes are never kept (ADR 3). */
export type PageRecord = PagePointer & {
  /** Of its target path (layout.ts). */
  readonly prefix: number;
  readonly status: ProjectStatus;
  readonly statusReason?: string;
  /** Which files changed; `entry` is undefined where one is gone. */
  readonly changed: readonly {
    readonly filename: string;
    readonly version: string;
    readonly entry: Uint8Array | undefined;
  }[];
};

/** Everything that one batch signed and decided. */
export type Commit = {
  /** One more than the last. */
  readonly batch: number;
  readonly signedAt: Date;
  /** Of all roles but the bins, which earlier versions of the store kept here too. */
  readonly roles: readonly RoleFile[];
  readonly bins: readonly BinFile[];
  readonly pages: readonly PageRecord[];
  readonly bindings: readonly FileBinding[];
  /** After a break-in alone: names that a good copy vouches for get these bytes, whatever they were bound to. */
  readonly rebound?: readonly FileBinding[];
  readonly changes: readonly {
    readonly id: string;
    readonly digest: string;
    readonly serial: number;
    readonly project: ProjectName;
  }[];
  /** Set by the first batch after a restored backup; ends `restored`. No serial below it is given again either. */
  readonly versionFloor?: number;
};

export type SignerStore = {
  /**
   * Takes the lease away from whoever has it; the answer is a fencing token, greater than all before. Durable. Nothing
   * that is written with an older token takes effect from then on.
   */
  takeLease(holder: string, now: Date): Promise<number>;
  readState(): Promise<SignerState>;
  /** The exact bytes; undefined when it was never signed, is forgotten, or is known as a bin. */
  readRoleFile(role: string, version: number): Promise<Uint8Array | undefined>;
  /** undefined when it was never signed, is forgotten, or is no bin. */
  readBin(role: string, version: number): Promise<BinFile | undefined>;
  /** Those of these ids that were committed. */
  readChanges(ids: readonly string[]): Promise<ReadonlyMap<string, RecordedChange>>;
  /** Those of these names that stand for bytes. */
  readBindings(filenames: readonly string[]): Promise<ReadonlyMap<string, FileBinding>>;
  /** As its newest page says it; undefined before the first. */
  readProject(project: ProjectName): Promise<ProjectRecord | undefined>;
  readPage(project: ProjectName): Promise<PagePointer | undefined>;
  /** As the page with this serial said it; undefined when there is no such page. */
  readProjectAt(project: ProjectName, serial: number): Promise<ProjectRecord | undefined>;
  /** Newest pages of the projects whose prefix is between, both included; by prefix, then by name. */
  readPagesByPrefix(first: number, last: number): Promise<readonly PagePointer[]>;
  /** The same as they were when `serial` was the newest; in any order. */
  readPagesByPrefixAt(first: number, last: number, serial: number): Promise<readonly PagePointer[]>;
  /** Newest pages with `after` < serial ≤ `until`, by serial, at most `limit`. */
  readPagesAfter(after: number, until: number, limit: number): Promise<readonly PagePointer[]>;
  /** Pages, newest or not, that were committed at this time or later: the last `limit` of them, by serial. */
  readPagesSince(since: Date, limit: number): Promise<readonly PagePointer[]>;
  /** Hashes of all pages that the project ever had. */
  readPageHashes(project: ProjectName): Promise<ReadonlySet<string>>;
  /** Role files, newest or not, signed at this time or later, and not forgotten: the last `limit`, oldest first. */
  readRolesSince(since: Date, limit: number): Promise<readonly RoleVersion[]>;
  /**
   * All of it or nothing, and durable on return. When it throws UnavailableError, it may have happened or not: read the
   * state again. Throws UnavailableError `signer.fenced`, having done nothing, when the token is not the newest.
   */
  commit(token: number, commit: Commit): Promise<void>;
  /**
   * Runs `replace` while nobody else can take the lease, then remembers that this batch is public. Need not be durable:
   * what was not remembered is published again. Throws UnavailableError `signer.fenced` before `replace`.
   */
  publish(token: number, batch: number, replace: () => Promise<void>): Promise<void>;
  /** Files of online roles that were replaced before this time; at most `limit`, oldest first. */
  readReplaced(before: Date, limit: number): Promise<readonly RoleVersion[]>;
  /** Forgets replaced files. Need not be durable. Throws UnavailableError `signer.fenced`. */
  forgetRoles(token: number, roles: readonly RoleVersion[]): Promise<void>;
};
