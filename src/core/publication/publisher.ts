/**
 * Drives publication (design 6): one batch at a time, each begun as soon as the one before is done and something is
 * asked for. A batch that fails leaves nothing half believed: what it left behind is read again from the store before
 * the next one. What only a mistake of ours, or another signer, can cause ends the publisher.
 */
import type { SignerConfig } from "#formats/config/config.ts";
import type { Change, ChangeResult, PagePointer } from "#formats/door/change.ts";
import { offlineRoles } from "#formats/door/offline-metadata.ts";
import type {
  CurrentOfflineMetadata,
  OfflineMetadata,
  OfflineRole,
} from "#formats/door/offline-metadata.ts";
import type { SignerStatus } from "#formats/door/signer-status.ts";
import { FormatError } from "#formats/format-error.ts";
import { RefusedError, TrustError, UnavailableError, invariant } from "#core/errors.ts";
import type { Clock } from "#core/ports.ts";
import { changeDigest, decideBatch, reusedIdResult } from "./change-batch.ts";
import type { SubmittedChange } from "./change-batch.ts";
import { KeyHolder } from "./key-holder.ts";
import type { KeyStore } from "./key-store.ts";
import { KnownProjects } from "./known-projects.ts";
import { publicationLimits } from "./limits.ts";
import { acceptOffline, offlineRoleFile } from "./offline-set.ts";
import { openPublication } from "./open-publication.ts";
import type { PublicTree } from "./public-tree.ts";
import { nextDueAt, publicationStatus } from "./publication-status.ts";
import { publishWork, signingTime } from "./publish-work.ts";
import { lacksSignatures } from "./role-signers.ts";
import { noWork } from "./sign-batch.ts";
import type { BatchWork } from "./sign-batch.ts";
import type { SignerStore } from "./signer-store.ts";
import type { Steps } from "./steps.ts";
import type { StoredFiles } from "./stored-files.ts";
import { sweepReplaced } from "./sweep.ts";
import { namedByState, nextVersion } from "./working-state.ts";
import type { WorkingState } from "./working-state.ts";

export type PublisherPorts = {
  readonly clock: Clock;
  readonly store: SignerStore;
  readonly publicTree: PublicTree;
  readonly storedFiles: StoredFiles;
  readonly keys: KeyStore;
  readonly steps: Steps;
  /** The first offline roles; asked for only while nothing was ever published. */
  readonly firstMetadata: () => Promise<Readonly<Record<OfflineRole, Uint8Array>> | undefined>;
  /** A turn in which what has arrived is submitted: a batch is signed in one go, and who is read after it began misses it. */
  readonly gather?: () => Promise<void>;
  /** For a smallest interval between batches, and before a new root becomes public. */
  readonly wait?: (ms: number) => Promise<void>;
  /** One sentence for the operator's log. */
  readonly notice?: (sentence: string) => void;
  /** Names this process in the lease. */
  readonly holder?: string;
};

export type Publisher = {
  /**
   * Takes the lease, makes public what was committed, renews what expired. Throws UnavailableError, or RefusedError,
   * TrustError or FormatError for first metadata that cannot be published.
   */
  start(): Promise<void>;
  /**
   * Answers when the change is visible to everybody, or refused. Throws UnavailableError when that is not known: send it
   * again under the same id.
   */
  submit(change: Change): Promise<ChangeResult>;
  /** Publishes newly signed offline roles. Throws TrustError, FormatError or RefusedError for those that are not good. */
  submitOffline(metadata: OfflineMetadata): Promise<void>;
  /** Renews every online role that is due, looks for keys that came, and sweeps what was replaced. */
  renewDue(): Promise<void>;
  /** When `renewDue` next has something to do. */
  nextDueAt(): Date;
  status(): SignerStatus;
  /** What a ceremony starts from. Throws UnavailableError while that is not known. */
  currentOffline(): Promise<CurrentOfflineMetadata>;
  /** Newest visible pages with a serial above `after`, by serial, at most `limit`. */
  readPages(after: number, limit: number): Promise<readonly PagePointer[]>;
  /** Resolves with the error after which nothing more is published: the process must end. */
  readonly halted: Promise<unknown>;
  /** Finishes the batch that runs and takes no more. */
  stop(): Promise<void>;
};

export function createPublisher(ports: PublisherPorts, config: SignerConfig): Publisher {
  return new PublisherDriver(ports, config);
}

type Waiting = {
  readonly change: Change;
  readonly digest: string;
  readonly answer: PromiseWithResolvers<ChangeResult>;
};

type Task = {
  readonly run: () => Promise<void>;
  readonly answer: PromiseWithResolvers<void>;
  /** Only there to find out what was half done; not tried again by itself. */
  readonly isMending?: boolean;
};

class PublisherDriver implements Publisher {
  readonly #ports: PublisherPorts;
  readonly #config: SignerConfig;
  readonly #projects: KnownProjects;
  readonly #keys: KeyHolder;
  readonly #halted = Promise.withResolvers<unknown>();
  readonly #waiting = new Map<string, Waiting>();
  readonly #inBatch = new Map<string, Waiting>();
  readonly #tasks: Task[] = [];
  #renewal: Promise<void> | undefined;
  #token: number | undefined;
  /** undefined: what is committed and what is public has to be found out first. */
  #state: WorkingState | undefined;
  /** What everybody can see. */
  #visible: WorkingState | undefined;
  #isRunning = false;
  #running: Promise<void> = Promise.resolve();
  #startedAt: Date | undefined;
  #closed: Error | undefined;

  constructor(ports: PublisherPorts, config: SignerConfig) {
    this.#ports = ports;
    this.#config = config;
    this.#projects = new KnownProjects(ports.store);
    this.#keys = new KeyHolder(ports);
  }

  get halted(): Promise<unknown> {
    return this.#halted.promise;
  }

  async start(): Promise<void> {
    const { clock, holder = "signer", store } = this.#ports;
    this.#token = await store.takeLease(holder, clock());
    await this.#task(() => this.#renewRoles());
  }

  async submit(change: Change): Promise<ChangeResult> {
    if (this.#closed !== undefined) throw this.#closed;
    const digest = changeDigest(change);
    const known = this.#waiting.get(change.id) ?? this.#inBatch.get(change.id);
    if (known !== undefined) {
      return known.digest === digest ? await known.answer.promise : reusedIdResult(change.id);
    }
    const answer = Promise.withResolvers<ChangeResult>();
    this.#waiting.set(change.id, { change, digest, answer });
    this.#kick();
    return await answer.promise;
  }

  async submitOffline(metadata: OfflineMetadata): Promise<void> {
    await this.#task(() => this.#publishOffline(metadata));
  }

  async renewDue(): Promise<void> {
    this.#renewal ??= this.#task(async () => {
      this.#renewal = undefined;
      await this.#keys.read(namedByState(await this.#openState()));
      await this.#renewRoles();
      await this.#keys.settle(namedByState(await this.#openState()));
      await sweepReplaced(this.#ports, this.#heldToken(), this.#now());
    });
    await this.#renewal;
  }

  nextDueAt(): Date {
    return nextDueAt(this.#shown(), this.#config);
  }

  status(): SignerStatus {
    const waiting = this.#waiting.size + this.#inBatch.size;
    const now = this.#ports.clock();
    return publicationStatus(this.#shown(), this.#keys.ring, this.#config, now, waiting);
  }

  async currentOffline(): Promise<CurrentOfflineMetadata> {
    // Not what was visible last: a batch that failed half way may have committed newer files.
    await this.#task(async () => {});
    const state = this.#shown();
    const { claimed, root, targets } = state.offline;
    return {
      metadata: { root: root.bytes, targets: targets.bytes, claimed: claimed.bytes },
      nextVersions: nextOfflineVersions(state),
    };
  }

  async readPages(after: number, limit: number): Promise<readonly PagePointer[]> {
    const most = Math.min(limit, publicationLimits.pagesMax);
    return await this.#ports.store.readPagesAfter(after, this.#shown().serial, most);
  }

  async stop(): Promise<void> {
    this.#close(new UnavailableError("signer.unreachable", "Cannot publish: the signer is ending"));
    await this.#running;
  }

  #task(run: () => Promise<void>): Promise<void> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    const answer = Promise.withResolvers<void>();
    this.#tasks.push({ run, answer });
    this.#kick();
    return answer.promise;
  }

  #kick(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#running = this.#run();
  }

  async #run(): Promise<void> {
    // What is asked for in the same breath comes into the same batch.
    await Promise.resolve();
    while (this.#closed === undefined && this.#tasks.length + this.#waiting.size > 0) {
      const task = this.#tasks.shift();
      if (task !== undefined) await this.#taskTurn(task);
      else await this.#changeTurn();
    }
    // In the same breath as the last look: whoever comes later starts anew.
    this.#isRunning = false;
  }

  async #taskTurn({ run, answer, isMending = false }: Task): Promise<void> {
    try {
      await this.#openState();
      await run();
      answer.resolve();
    } catch (error) {
      answer.reject(error);
      this.#failed(error, isMending);
    }
  }

  async #changeTurn(): Promise<void> {
    await this.#interval();
    if (this.#ports.gather !== undefined) await this.#gather(this.#ports.gather);
    for (const [id, waiting] of this.#waiting) {
      if (this.#inBatch.size >= publicationLimits.batchChangesMax) break;
      this.#waiting.delete(id);
      this.#inBatch.set(id, waiting);
    }
    const batch = [...this.#inBatch.values()];
    if (batch.length === 0) return;
    try {
      const results = await this.#publishChanges(batch);
      this.#inBatch.clear();
      for (const { answer, change } of batch) {
        const result = results.get(change.id);
        invariant(result !== undefined, "every change has its result");
        answer.resolve(result);
      }
    } catch (error) {
      this.#inBatch.clear();
      for (const { answer } of batch) answer.reject(error);
      this.#failed(error);
    }
  }

  /** Until a turn brings nobody new: for many who come at once may be let in one by one. */
  async #gather(turn: () => Promise<void>): Promise<void> {
    for (let before = -1; before < this.#waiting.size;) {
      if (this.#waiting.size >= publicationLimits.batchChangesMax) return;
      before = this.#waiting.size;
      await turn();
    }
  }

  /** The smallest time between two batches, which a large index sets so that its snapshot is not rewritten all the time. */
  async #interval(): Promise<void> {
    const { clock, wait } = this.#ports;
    const { batchIntervalMs } = this.#config;
    const now = clock();
    if (wait !== undefined && batchIntervalMs > 0 && this.#startedAt !== undefined) {
      const rest = batchIntervalMs - (now.getTime() - this.#startedAt.getTime());
      // A clock that went back must not stop publication.
      if (rest > 0) await wait(Math.min(rest, batchIntervalMs));
    }
    this.#startedAt = clock();
  }

  async #publishChanges(
    changes: readonly SubmittedChange[],
  ): Promise<ReadonlyMap<string, ChangeResult>> {
    const state = await this.#openState();
    await this.#ports.steps.reached("batch.begun");
    const decided = await decideBatch(this.#ports, this.#projects, changes, state.serial);
    if (decided.work.changes.length > 0) {
      await this.#publish(decided.work);
      for (const known of decided.projects) this.#projects.keep(known);
    }
    return decided.results;
  }

  async #publishOffline(metadata: OfflineMetadata): Promise<void> {
    const state = await this.#openState();
    const now = this.#now();
    const versions = nextOfflineVersions(state);
    const ring = await this.#keys.read(namedByState(state));
    const set = acceptOffline(state.offline, metadata, versions, ring, now);
    const files = offlineRoles
      .filter((role) => metadata[role] !== undefined)
      .map((role) => offlineRoleFile(role, set[role], now));
    await this.#publish({ ...noWork, offline: { set, files }, renew: "due" });
  }

  /** Batch after batch, until nothing is due. */
  async #renewRoles(): Promise<void> {
    for (;;) {
      const state = await this.#openState();
      if (!this.#isDue(state)) return;
      await this.#publish({ ...noWork, renew: "due" });
    }
  }

  #isDue(state: WorkingState): boolean {
    if (nextDueAt(state, this.#config) <= this.#now()) return true;
    return lacksSignatures(this.#keys.ring, namedByState(state), state.signedBy);
  }

  async #publish(work: BatchWork): Promise<void> {
    const before = await this.#openState();
    const ports = { ...this.#ports, ring: this.#keys.ring };
    const now = this.#now();
    this.#state = await publishWork(ports, this.#config, this.#heldToken(), before, work, now);
    this.#visible = this.#state;
    await this.#keys.settle(namedByState(this.#state));
  }

  async #openState(): Promise<WorkingState> {
    if (this.#state !== undefined) return this.#state;
    const ring = await this.#keys.read(this.#visible && namedByState(this.#visible));
    const ports = { ...this.#ports, ring };
    this.#state = await openPublication(ports, this.#config, this.#heldToken());
    this.#visible = this.#state;
    await this.#keys.settle(namedByState(this.#state));
    return this.#state;
  }

  #now(): Date {
    return signingTime(this.#ports.clock(), this.#shown());
  }

  /** What was half done is found out, and made public, before anything else is done. */
  #failed(error: unknown, isMending: boolean = false): void {
    if (isRefusal(error)) return;
    this.#state = undefined;
    this.#projects.forgetAll();
    if (error instanceof UnavailableError && error.code !== "signer.fenced") {
      if (!isMending && this.#visible !== undefined) this.#mend();
      return;
    }
    this.#close(error instanceof Error ? error : new Error(String(error)));
    this.#halted.resolve(error);
  }

  /** Once, at once; after that whoever asks for something next tries again. */
  #mend(): void {
    const answer = Promise.withResolvers<void>();
    answer.promise.catch(() => undefined);
    this.#tasks.unshift({ run: async () => {}, answer, isMending: true });
  }

  #close(error: Error): void {
    this.#closed ??= error;
    for (const { answer } of this.#waiting.values()) answer.reject(this.#closed);
    this.#waiting.clear();
    for (const { answer } of this.#tasks.splice(0)) answer.reject(this.#closed);
  }

  #heldToken(): number {
    invariant(this.#token !== undefined, "a publisher is started before it is used");
    return this.#token;
  }

  #shown(): WorkingState {
    invariant(this.#visible !== undefined, "a publisher is started before it is asked");
    return this.#visible;
  }
}

/** The submitted files are not good; nothing was begun. */
function isRefusal(error: unknown): boolean {
  return (
    error instanceof RefusedError || error instanceof TrustError || error instanceof FormatError
  );
}

function nextOfflineVersions(state: WorkingState): Readonly<Record<OfflineRole, number>> {
  return {
    root: nextVersion(state, "root"),
    targets: nextVersion(state, "targets"),
    claimed: nextVersion(state, "claimed"),
  };
}
