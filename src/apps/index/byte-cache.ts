/**
 * Values by key within a bound of bytes. What was not used since it was last looked at goes first (second chance), so
 * that a hit costs one map lookup and one flag.
 */
type Entry<V> = { readonly value: V; size: number; isUsed: boolean };

export class ByteCache<V> {
  readonly #sizeMax: number;
  readonly #entries = new Map<string, Entry<V>>();
  #size = 0;

  constructor(sizeMax: number) {
    this.#sizeMax = sizeMax;
  }

  /** Bytes held now. */
  get size(): number {
    return this.#size;
  }

  get count(): number {
    return this.#entries.size;
  }

  find(key: string): V | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    entry.isUsed = true;
    return entry.value;
  }

  set(key: string, value: V, size: number): void {
    this.delete(key);
    if (size > this.#sizeMax / 4) return;
    this.#entries.set(key, { value, size, isUsed: false });
    this.#size += size;
    this.#evict();
  }

  /** The value under this key takes `more` bytes than it did; nothing happens when it is gone. */
  grow(key: string, value: V, more: number): void {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.value !== value) return;
    entry.size += more;
    this.#size += more;
    this.#evict();
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#size -= entry.size;
  }

  #evict(): void {
    for (const [key, entry] of this.#entries) {
      if (this.#size <= this.#sizeMax) return;
      this.#entries.delete(key);
      if (entry.isUsed) {
        entry.isUsed = false;
        this.#entries.set(key, entry);
      } else {
        this.#size -= entry.size;
      }
    }
  }
}
