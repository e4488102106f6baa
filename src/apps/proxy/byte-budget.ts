/** How many bytes may be held at once: who would pass the bound waits until others are done. */
export type ByteBudget = {
  /** Runs `work` when there is room for `size` bytes; one that is larger than all runs alone. */
  readonly within: <T>(size: number, work: () => Promise<T>) => Promise<T>;
};

export function createByteBudget(sizeMax: number): ByteBudget {
  const waiting: { readonly size: number; readonly start: () => void }[] = [];
  let held = 0;
  const startNext = (): void => {
    for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
      if (held > 0 && held + next.size > sizeMax) return;
      waiting.shift();
      held += next.size;
      next.start();
    }
  };
  return {
    within: async (size, work) => {
      await new Promise<void>((start) => {
        waiting.push({ size, start });
        startNext();
      });
      try {
        return await work();
      } finally {
        held -= size;
        startNext();
      }
    },
  };
}
