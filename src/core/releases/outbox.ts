/**
 * Carries recorded changes to the signer until each is answered: at least once, resent after any trouble and after a
 * restart (the signer's answers are idempotent by id). New files of a project travel side by side, so that the signer
 * can batch them; every other change waits for its project's earlier ones, because their order is their meaning.
 */
import type { Clock, Timer } from "#core/ports.ts";
import type { Change } from "#formats/door/change.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import type { AppliedChange, ChangeOutcome } from "./catalogue.ts";
import type { ReleaseStore } from "./release-store.ts";
import type { SignerDoor } from "./signer-door.ts";

export type OutboxPorts = {
  readonly store: Pick<ReleaseStore, "findChange" | "readOutbox" | "recordResult">;
  readonly door: SignerDoor;
  readonly clock: Clock;
  readonly timer: Timer;
  /** Called after each answer was recorded, before those who wait for it hear of it. */
  readonly onApplied: (applied: AppliedChange) => Promise<void>;
  /** The signer answers after it had not: what was missed meanwhile can be asked for. */
  readonly onReconnected: () => void;
  /** An attempt failed; there will be another. */
  readonly onTrouble: (error: unknown) => void;
};

export const outboxLimits = {
  /** Requests under way at the signer's door. */
  parallelMax: 256,
  /** The wait between attempts, doubled from the least to the greatest. */
  retryMsMin: 50,
  retryMsMax: 2_000,
} as const;

type Waiting = {
  readonly change: Change;
  readonly answered: PromiseWithResolvers<ChangeOutcome | "pending">;
  sent: boolean;
};

export class Outbox {
  readonly #ports: OutboxPorts;
  /** Unanswered changes by id, in the order they were submitted. */
  readonly #waiting = new Map<string, Waiting>();
  #sentCount = 0;
  /** 0 while the signer answers. */
  #retryMs = 0;
  #cancelRetry: (() => void) | undefined;
  #stopped = false;

  constructor(ports: OutboxPorts) {
    this.#ports = ports;
  }

  /** Unanswered changes. */
  get size(): number {
    return this.#waiting.size;
  }

  /** Whether the signer answered when it was last asked. */
  get isConnected(): boolean {
    return this.#retryMs === 0;
  }

  get isStopped(): boolean {
    return this.#stopped;
  }

  /** Takes up what an earlier run left unanswered. */
  async start(): Promise<void> {
    for (const { change } of await this.#ports.store.readOutbox()) this.submit(change);
  }

  /** Sends a change that the store has recorded. */
  submit(change: Change): void {
    if (this.#waiting.has(change.id) || this.#stopped) return;
    this.#waiting.set(change.id, {
      change,
      answered: Promise.withResolvers(),
      sent: false,
    });
    this.#sendQueued();
  }

  /** What came of a change that was submitted; "pending" when that takes longer than `ms`. */
  async wait(id: string, ms: number): Promise<ChangeOutcome | "pending"> {
    const item = this.#waiting.get(id);
    if (item === undefined) {
      return (await this.#ports.store.findChange(id))?.outcome ?? "pending";
    }
    const late = Promise.withResolvers<"pending">();
    const cancel = this.#ports.timer(ms, () => late.resolve("pending"));
    try {
      return await Promise.race([item.answered.promise, late.promise]);
    } finally {
      cancel();
    }
  }

  /** No new attempts, and nobody waits any longer. What is unanswered is in the store. */
  stop(): void {
    this.#stopped = true;
    this.#cancelRetry?.();
    for (const { answered } of this.#waiting.values()) answered.resolve("pending");
    this.#waiting.clear();
  }

  #sendQueued(): void {
    if (this.#stopped || this.#cancelRetry !== undefined) return;
    const order = new ProjectOrder();
    for (const item of this.#waiting.values()) {
      if (this.#sentCount >= outboxLimits.parallelMax) return;
      if (order.mayGo(item.change) && !item.sent) void this.#send(item);
    }
  }

  async #send(item: Waiting): Promise<void> {
    item.sent = true;
    this.#sentCount += 1;
    const outcome = await this.#attempt(item);
    this.#sentCount -= 1;
    if (outcome === undefined) {
      item.sent = false;
      this.#retryLater();
    } else {
      this.#waiting.delete(item.change.id);
      item.answered.resolve(outcome);
      this.#sendQueued();
    }
  }

  /** Undefined when it has to be tried again. */
  async #attempt({ change }: Waiting): Promise<ChangeOutcome | undefined> {
    const { store, door, clock, onApplied, onReconnected, onTrouble } = this.#ports;
    try {
      const result = await door.sendChange(change);
      if (this.#retryMs > 0) onReconnected();
      this.#retryMs = 0;
      const applied = await store.recordResult(result, clock());
      if (applied !== undefined) await onApplied(applied);
      if (result.outcome === "published") return { kind: "published" };
      return { kind: "refused", code: result.code, message: result.message };
    } catch (error) {
      onTrouble(error);
      return undefined;
    }
  }

  #retryLater(): void {
    if (this.#stopped || this.#cancelRetry !== undefined) return;
    const { retryMsMin, retryMsMax } = outboxLimits;
    this.#retryMs = Math.min(Math.max(this.#retryMs * 2, retryMsMin), retryMsMax);
    this.#cancelRetry = this.#ports.timer(this.#retryMs, () => {
      this.#cancelRetry = undefined;
      this.#sendQueued();
    });
  }
}

/** Seen in the order of submission, which changes need not wait for an earlier one. */
class ProjectOrder {
  readonly #adding = new Set<ProjectName>();
  readonly #closed = new Set<ProjectName>();

  mayGo({ kind, project }: Change): boolean {
    if (this.#closed.has(project)) return false;
    if (kind === "add-file") {
      this.#adding.add(project);
      return true;
    }
    this.#closed.add(project);
    return !this.#adding.has(project);
  }
}
