import type { ChangeResult, PagePointer } from "#formats/door/change.ts";
import type { Page } from "#formats/python/simple-page.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import type { ProjectRole } from "#core/accounts/permissions.ts";
import type { ChangeState, ManagingChange } from "./accept-change.ts";
import type { UploadDecision, UploadState } from "./accept-upload.ts";
import type { AppliedChange, FileEntry, OutboxEntry, ProjectEntry } from "./catalogue.ts";

export type Member = {
  readonly accountId: string;
  readonly accountName: string;
  readonly role: ProjectRole;
};

export type NewUpload = {
  /** As it will be once the signer has published it, but `pending`. */
  readonly file: FileEntry;
  readonly accountId: string;
  readonly at: Date;
};

export type ProjectQuery = {
  /** Part of the name. */
  readonly search?: string;
  /** Names after this one. */
  readonly after?: ProjectName;
  readonly limit: number;
};

export type CatalogueCounts = {
  readonly projects: number;
  /** Published ones. */
  readonly files: number;
  /** Bytes of published files. */
  readonly size: number;
};

/**
 * Projects, files, what is asked of the signer, and which page is current. Each writing method is one transaction that
 * happens wholly or not at all; methods of one store behave as if run one after the other. "Durable" means on return,
 * whatever happens to the machine. All throw UnavailableError `storage.*`.
 */
export type ReleaseStore = {
  /**
   * Reads the upload's state, lets `decide` decide, and for `publish` records the file, its project where the name was
   * free (owned by the account), and the change to be sent. Durable. Nothing is changed when `decide` throws.
   */
  recordUpload(
    upload: NewUpload,
    decide: (state: UploadState) => UploadDecision,
  ): Promise<UploadDecision>;
  /** The same state, changing nothing: for refusing early what would be refused anyway. */
  readUploadState(project: ProjectName, filename: string, accountId: string): Promise<UploadState>;
  /** Records a change to be sent unless `check` throws. Durable. */
  recordChange(
    entry: { readonly change: ManagingChange; readonly purge: boolean; readonly at: Date },
    check: (state: ChangeState) => void,
  ): Promise<void>;
  /**
   * What the signer answered: files, project, and page pointer follow it. Undefined when that was known already or the
   * id is not ours. Need not be durable: the change would be sent again, and answered the same.
   */
  recordResult(result: ChangeResult, at: Date): Promise<AppliedChange | undefined>;
  /** Unanswered changes in the order they were recorded. */
  readOutbox(): Promise<readonly OutboxEntry[]>;
  findChange(id: string): Promise<OutboxEntry | undefined>;
  /** Forgets answered changes from before `at`. */
  sweepOutbox(at: Date): Promise<void>;

  /** The current page, only ever replaced by one with a greater serial. */
  findPage(project: ProjectName): Promise<PagePointer | undefined>;
  /** How far `readPages` of the door was followed; 0 at first. */
  readPagesCursor(): Promise<number>;
  writePagesCursor(serial: number): Promise<void>;
  /**
   * Takes over a page whose story this store missed (a restored backup): its files become published here, published
   * files it does not name become deleted, status and pointer follow. False when the pointer's serial is not greater.
   */
  adoptPage(page: Page, pointer: PagePointer, at: Date): Promise<boolean>;

  findProject(name: ProjectName): Promise<ProjectEntry | undefined>;
  /** By name. */
  readProjects(query: ProjectQuery): Promise<readonly ProjectEntry[]>;
  /** Every project that has a page and is not quarantined, by name. */
  readOfferedNames(): Promise<readonly ProjectName[]>;
  countCatalogue(): Promise<CatalogueCounts>;
  findFile(filename: string): Promise<FileEntry | undefined>;
  /** In every state, by file name. */
  readFiles(project: ProjectName): Promise<readonly FileEntry[]>;
  /** Which of these hashes some file still needs: its state is not `purged`. */
  readNeededHashes(hashes: readonly string[]): Promise<ReadonlySet<string>>;

  readMembers(project: ProjectName): Promise<readonly Member[]>;
  /** Durable. RefusedError `project.unknown` or `account.unknown`. Undefined takes the membership away. */
  writeMember(
    project: ProjectName,
    accountName: string,
    role: ProjectRole | undefined,
  ): Promise<void>;
};
