/**
 * Bytes that are somewhere else: a file on disk, an object in a store, an array in a test. Archives are read through
 * this, so that a 2 GiB upload is never held in memory and formats does no I/O of its own.
 */

export type ByteSource = {
  /** In bytes; does not change while the source is read. */
  readonly size: number;
  /**
   * Exactly `length` bytes from `offset`, which the caller keeps within `size`. Rejects when the bytes cannot be had;
   * never answers with fewer.
   */
  read(offset: number, length: number): Promise<Uint8Array>;
};

/** A source over bytes that are in memory already. */
export function byteSourceOf(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.length,
    read(offset, length) {
      return Promise.resolve(bytes.subarray(offset, offset + length));
    },
  };
}
