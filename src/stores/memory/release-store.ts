/** Projects, files, outbox and page pointers in memory: for tests and simulated worlds. */
import type { AccountStore } from "#core/accounts/account-store.ts";
import type { ProjectRole } from "#core/accounts/permissions.ts";
import type { ChangeState, ManagingChange } from "#core/releases/accept-change.ts";
import type { UploadDecision, UploadState } from "#core/releases/accept-upload.ts";
import type {
  AppliedChange,
  ChangeOutcome,
  FileEntry,
  OutboxEntry,
  ProjectEntry,
} from "#core/releases/catalogue.ts";
import type {
  CatalogueCounts,
  Member,
  NewUpload,
  ProjectQuery,
  ReleaseStore,
} from "#core/releases/release-store.ts";
import { RefusedError } from "#core/errors.ts";
import type { Change, ChangeResult, PagePointer } from "#formats/door/change.ts";
import { parseDistributionFilename } from "#formats/python/filename.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import type { Page, PageFile } from "#formats/python/simple-page.ts";

type KeptChange = OutboxEntry & { readonly at: Date };

export class MemoryReleaseStore implements ReleaseStore {
  readonly #accounts: AccountStore;
  readonly #projects = new Map<ProjectName, ProjectEntry>();
  readonly #members = new Map<ProjectName, Map<string, ProjectRole>>();
  readonly #files = new Map<string, FileEntry>();
  readonly #outbox = new Map<string, KeptChange>();
  readonly #pages = new Map<ProjectName, PagePointer>();
  #cursor = 0;

  constructor(accounts: AccountStore) {
    this.#accounts = accounts;
  }

  async recordUpload(
    upload: NewUpload,
    decide: (state: UploadState) => UploadDecision,
  ): Promise<UploadDecision> {
    const { file, accountId, at } = upload;
    const decision = decide(this.#uploadState(file.project, file.filename, accountId));
    if (decision.kind !== "publish") return decision;
    if (!this.#projects.has(file.project)) {
      this.#projects.set(file.project, { name: file.project, status: "active", createdAt: at });
      this.#members.set(file.project, new Map([[accountId, "owner"]]));
    }
    this.#files.set(file.filename, file);
    this.#outbox.set(decision.change.id, { change: decision.change, purge: false, at });
    return decision;
  }

  async readUploadState(
    project: ProjectName,
    filename: string,
    accountId: string,
  ): Promise<UploadState> {
    return this.#uploadState(project, filename, accountId);
  }

  async recordChange(
    entry: { readonly change: ManagingChange; readonly purge: boolean; readonly at: Date },
    check: (state: ChangeState) => void,
  ): Promise<void> {
    const { change } = entry;
    const project = this.#projects.get(change.project);
    const file = "filename" in change ? this.#files.get(change.filename) : undefined;
    check({ ...(project !== undefined && { project }), ...(file !== undefined && { file }) });
    this.#outbox.set(change.id, { ...entry });
  }

  async recordResult(result: ChangeResult, at: Date): Promise<AppliedChange | undefined> {
    const entry = this.#outbox.get(result.id);
    if (entry === undefined || entry.outcome !== undefined) return undefined;
    const { change, purge } = entry;
    if (result.outcome === "refused") {
      const { code, message } = result;
      const outcome: ChangeOutcome = { kind: "refused", code, message };
      this.#outbox.set(result.id, { change, purge, at, outcome });
      return { change, outcome, unneeded: this.#forget(change) };
    }
    const outcome: ChangeOutcome = { kind: "published" };
    this.#outbox.set(result.id, { change, purge, at, outcome });
    const unneeded = this.#applyPublished(change, purge);
    const page = this.#movePage(result.page) ? result.page : undefined;
    return { change, outcome, ...(page !== undefined && { page }), unneeded };
  }

  async readOutbox(): Promise<readonly OutboxEntry[]> {
    return [...this.#outbox.values()].filter((entry) => entry.outcome === undefined);
  }

  async findChange(id: string): Promise<OutboxEntry | undefined> {
    return this.#outbox.get(id);
  }

  async sweepOutbox(at: Date): Promise<void> {
    for (const [id, entry] of this.#outbox) {
      if (entry.outcome !== undefined && entry.at < at) this.#outbox.delete(id);
    }
  }

  async findPage(project: ProjectName): Promise<PagePointer | undefined> {
    return this.#pages.get(project);
  }

  async readPagesCursor(): Promise<number> {
    return this.#cursor;
  }

  async writePagesCursor(serial: number): Promise<void> {
    this.#cursor = serial;
  }

  async adoptPage(page: Page, pointer: PagePointer, at: Date): Promise<boolean> {
    const known = this.#projects.get(page.name);
    if (!this.#movePage(pointer)) return false;
    this.#projects.set(page.name, {
      name: page.name,
      status: page.status,
      ...(page.statusReason !== undefined && { statusReason: page.statusReason }),
      createdAt: known?.createdAt ?? at,
    });
    if (page.status === "quarantined") return true;
    const named = new Set(page.files.map((file) => file.filename));
    for (const file of this.#filesOf(page.name)) {
      if (file.state !== "published" || named.has(file.filename)) continue;
      this.#files.set(file.filename, { ...file, state: "deleted" });
    }
    for (const file of page.files) this.#adoptFile(page.name, file);
    return true;
  }

  async findProject(name: ProjectName): Promise<ProjectEntry | undefined> {
    return this.#projects.get(name);
  }

  async readProjects({ search, after, limit }: ProjectQuery): Promise<readonly ProjectEntry[]> {
    return [...this.#projects.values()]
      .filter(({ name }) => search === undefined || name.includes(search))
      .filter(({ name }) => after === undefined || name > after)
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      .slice(0, limit);
  }

  async readOfferedNames(): Promise<readonly ProjectName[]> {
    return [...this.#pages.keys()]
      .filter((name) => this.#projects.get(name)?.status !== "quarantined")
      .toSorted();
  }

  async countCatalogue(): Promise<CatalogueCounts> {
    const files = [...this.#files.values()].filter(({ state }) => state === "published");
    const size = files.reduce((sum, file) => sum + file.size, 0);
    return { projects: this.#pages.size, files: files.length, size };
  }

  async findFile(filename: string): Promise<FileEntry | undefined> {
    return this.#files.get(filename);
  }

  async readFiles(project: ProjectName): Promise<readonly FileEntry[]> {
    return this.#filesOf(project).toSorted((a, b) => (a.filename < b.filename ? -1 : 1));
  }

  async readNeededHashes(hashes: readonly string[]): Promise<ReadonlySet<string>> {
    return new Set(hashes.filter((hash) => this.#isNeeded(hash)));
  }

  async readMembers(project: ProjectName): Promise<readonly Member[]> {
    const members: Member[] = [];
    for (const account of await this.#accounts.readAccounts()) {
      const role = this.#members.get(project)?.get(account.id);
      if (role === undefined) continue;
      members.push({ accountId: account.id, accountName: account.name, role });
    }
    return members;
  }

  async writeMember(
    project: ProjectName,
    accountName: string,
    role: ProjectRole | undefined,
  ): Promise<void> {
    const account = await this.#accounts.findAccount(accountName);
    if (account === undefined) {
      throw new RefusedError("account.unknown", `There is no account '${accountName}'.`);
    }
    if (!this.#projects.has(project)) {
      throw new RefusedError("project.unknown", `There is no project '${project}' here.`);
    }
    const members = this.#members.get(project) ?? new Map<string, ProjectRole>();
    if (role === undefined) members.delete(account.id);
    else members.set(account.id, role);
    this.#members.set(project, members);
  }

  #uploadState(project: ProjectName, filename: string, accountId: string): UploadState {
    const entry = this.#projects.get(project);
    const role = this.#members.get(project)?.get(accountId);
    const file = this.#files.get(filename);
    const pending =
      file?.state === "pending"
        ? [...this.#outbox.values()].find(
            ({ change, outcome }) =>
              outcome === undefined && "filename" in change && change.filename === filename,
          )
        : undefined;
    return {
      ...(entry !== undefined && { project: entry }),
      ...(role !== undefined && { role }),
      ...(file !== undefined && { file }),
      ...(pending !== undefined && { pendingChange: pending.change.id }),
    };
  }

  #applyPublished(change: Change, purge: boolean): readonly string[] {
    if (change.kind === "set-status") {
      const { status, reason } = change;
      const project = this.#projects.get(change.project);
      if (project === undefined) return [];
      const { name, createdAt } = project;
      const statusReason = reason === undefined ? {} : { statusReason: reason };
      this.#projects.set(name, { name, createdAt, status, ...statusReason });
      return [];
    }
    const file = this.#files.get(change.filename);
    if (file === undefined) return [];
    if (change.kind === "add-file") {
      this.#files.set(file.filename, { ...file, state: "published" });
    } else if (change.kind === "yank-file") {
      this.#files.set(file.filename, { ...file, yanked: change.yanked });
    } else {
      this.#files.set(file.filename, { ...file, state: purge ? "purged" : "deleted" });
      return purge && !this.#isNeeded(file.sha256) ? [file.sha256] : [];
    }
    return [];
  }

  #forget(change: Change): readonly string[] {
    const file = change.kind === "add-file" ? this.#files.get(change.filename) : undefined;
    if (file?.state !== "pending") return [];
    this.#files.delete(file.filename);
    if (this.#filesOf(file.project).length === 0 && !this.#pages.has(file.project)) {
      this.#projects.delete(file.project);
      this.#members.delete(file.project);
    }
    return this.#isNeeded(file.sha256) ? [] : [file.sha256];
  }

  #movePage(pointer: PagePointer): boolean {
    const current = this.#pages.get(pointer.project);
    if (current !== undefined && current.serial >= pointer.serial) return false;
    this.#pages.set(pointer.project, pointer);
    return true;
  }

  #adoptFile(project: ProjectName, file: PageFile): void {
    const { url: _url, ...said } = file;
    const known = this.#files.get(file.filename);
    const { kind } = parseDistributionFilename(file.filename, project);
    const kept = known ?? { project, kind, summary: "" };
    this.#files.set(file.filename, { ...kept, ...said, state: "published" });
  }

  #filesOf(project: ProjectName): FileEntry[] {
    return [...this.#files.values()].filter((file) => file.project === project);
  }

  #isNeeded(sha256: string): boolean {
    return [...this.#files.values()].some(
      (file) => file.sha256 === sha256 && file.state !== "purged",
    );
  }
}
