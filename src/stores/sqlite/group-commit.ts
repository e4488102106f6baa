/**
 * Transactions that share one commit, because syncing the disk is what a commit costs. Work that is asked for while a
 * transaction runs waits for the next, in which each piece happens wholly or not at all, whatever the others do.
 */
import { setImmediate as immediate } from "node:timers/promises";
import type { Database } from "./database.ts";
import type { SyncQueries } from "./sync-queries.ts";

type Waiting<Tables> = {
  readonly work: (writer: SyncQueries<Tables>) => void;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
};

/** Pieces in one transaction: enough to make its commit cheap, few enough to end soon. */
const piecesMax = 200;
const restMsMax = 10;

export class GroupCommit<Tables> {
  readonly #database: Database<Tables>;
  readonly #durability: "full" | "relaxed";
  #waiting: Waiting<Tables>[] = [];
  #isRunning = false;
  #restUntil = 0;

  constructor(database: Database<Tables>, durability: "full" | "relaxed") {
    this.#database = database;
    this.#durability = durability;
  }

  /** As `database.write`: durable on return where this group is. What `work` throws undoes what it did, no more. */
  async run<T>(work: (writer: SyncQueries<Tables>) => T): Promise<T> {
    let value: { readonly of: T } | undefined;
    await new Promise((resolve, reject) => {
      const keep = (writer: SyncQueries<Tables>): void => {
        value = { of: work(writer) };
      };
      this.#waiting.push({ work: keep, resolve, reject });
      if (!this.#isRunning) void this.#runAll();
    });
    if (value === undefined) throw new Error("Invariant broken: work that was done has a value");
    return value.of;
  }

  async #runAll(): Promise<void> {
    this.#isRunning = true;
    await this.#rest();
    while (this.#waiting.length > 0) {
      // Others' requests may have arrived in this turn of the loop, and be read only after us.
      await immediate();
      const startedAt = performance.now();
      await this.#runSome(this.#waiting.splice(0, piecesMax));
      const endedAt = performance.now();
      this.#restUntil = endedAt + Math.min(endedAt - startedAt, restMsMax);
      if (this.#waiting.length > 0) await this.#rest();
    }
    this.#isRunning = false;
  }

  /**
   * A transaction lets nobody else run. Under load, as long again is left to others, who then come along in the next
   * one; whoever comes alone, after that time, does not wait.
   */
  async #rest(): Promise<void> {
    const ms = this.#restUntil - performance.now();
    if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
  }

  async #runSome(pieces: readonly Waiting<Tables>[]): Promise<void> {
    const failures = new Map<Waiting<Tables>, unknown>();
    try {
      await this.#database.write((writer) => {
        for (const piece of pieces) {
          try {
            this.#runPiece(writer, piece.work);
          } catch (error) {
            // Without a transaction nobody's work is held back any more: all of it failed.
            if (!this.#database.isInTransaction()) throw error;
            failures.set(piece, error);
          }
        }
      }, this.#durability);
    } catch (error) {
      for (const { reject } of pieces) reject(error);
      return;
    }
    for (const piece of pieces) {
      if (failures.has(piece)) piece.reject(failures.get(piece));
      else piece.resolve(undefined);
    }
  }

  #runPiece(writer: SyncQueries<Tables>, work: Waiting<Tables>["work"]): void {
    writer.command("SAVEPOINT piece");
    try {
      work(writer);
    } catch (error) {
      if (this.#database.isInTransaction()) {
        writer.command("ROLLBACK TO piece");
        writer.command("RELEASE piece");
      }
      throw error;
    }
    writer.command("RELEASE piece");
  }
}
