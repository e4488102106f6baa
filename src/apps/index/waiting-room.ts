/**
 * Work that goes on by itself, up to a number at once. Whoever brings more waits at the door for one to leave; asking
 * all of them each time, with Promise.race, would cost as much for every one as there are in the room.
 */
export class WaitingRoom {
  readonly #places: number;
  #inside = 0;
  readonly #door: (() => void)[] = [];
  readonly #failures: unknown[] = [];
  #emptied: PromiseWithResolvers<void> | undefined;

  constructor(places: number) {
    this.#places = places;
  }

  /** Resolves once the work has begun. */
  async enter(work: () => Promise<void>): Promise<void> {
    if (this.#inside >= this.#places)
      await new Promise<void>((resolve) => this.#door.push(resolve));
    else this.#inside += 1;
    void this.#run(work);
  }

  /** Resolves when nobody is inside any more; throws the first failure there was. Nobody may enter after it. */
  async empty(): Promise<void> {
    if (this.#inside > 0) {
      this.#emptied = Promise.withResolvers();
      await this.#emptied.promise;
    }
    if (this.#failures.length > 0) throw this.#failures[0];
  }

  async #run(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#failures.push(error);
    }
    const next = this.#door.shift();
    // The place goes to who waits for it.
    if (next !== undefined) next();
    else this.#inside -= 1;
    if (this.#inside === 0) this.#emptied?.resolve();
  }
}
