/** A public tree as a cache between index and client shows it: what it keeps for how long is up to the test. */
import type { Clock } from "#core/ports.ts";

export type CacheLives = {
  /** Milliseconds for which the timestamp is handed out without asking again. */
  readonly pointerMs: number;
  /** Milliseconds for which it says that there is no such file. */
  readonly absenceMs: number;
};

type Kept = { readonly bytes: Uint8Array | undefined; readonly until: number };

export class CachedTree extends Map<string, Uint8Array> {
  readonly #tree: ReadonlyMap<string, Uint8Array>;
  readonly #clock: Clock;
  readonly #lives: CacheLives;
  readonly #kept = new Map<string, Kept>();

  constructor(tree: ReadonlyMap<string, Uint8Array>, clock: Clock, lives: CacheLives) {
    super();
    this.#tree = tree;
    this.#clock = clock;
    this.#lives = lives;
  }

  override get(path: string): Uint8Array | undefined {
    const now = this.#clock().getTime();
    const kept = this.#kept.get(path);
    if (kept !== undefined && now < kept.until) return kept.bytes;
    const bytes = this.#tree.get(path);
    this.#kept.set(path, { bytes, until: now + this.#lifeOf(path, bytes) });
    return bytes;
  }

  #lifeOf(path: string, bytes: Uint8Array | undefined): number {
    if (bytes === undefined) return this.#lives.absenceMs;
    return path === "tuf/timestamp.json" ? this.#lives.pointerMs : Number.POSITIVE_INFINITY;
  }
}
