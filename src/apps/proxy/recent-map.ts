/** A map bounded by the weight of what it holds: the longest unused go first. */
export type RecentMap<V> = {
  /** Counts as a use. */
  readonly get: (key: string) => V | undefined;
  /** What is heavier than the whole map is not kept. */
  readonly set: (key: string, value: V, weight: number) => void;
  readonly remove: (key: string) => void;
};

export function createRecentMap<V>(weightMax: number): RecentMap<V> {
  const entries = new Map<string, { readonly value: V; readonly weight: number }>();
  let total = 0;
  const remove = (key: string): void => {
    total -= entries.get(key)?.weight ?? 0;
    entries.delete(key);
  };
  return {
    remove,
    get: (key) => {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      entries.delete(key);
      entries.set(key, entry);
      return entry.value;
    },
    set: (key, value, weight) => {
      remove(key);
      if (weight > weightMax) return;
      entries.set(key, { value, weight });
      total += weight;
      for (const oldest of entries.keys()) {
        if (total <= weightMax) return;
        remove(oldest);
      }
    },
  };
}
