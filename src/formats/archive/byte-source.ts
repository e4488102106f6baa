/**
 * Bytes that are somewhere else: a file on disk, an object in a store, an array in a test. Archives are read through
 * this, so that a 2 GiB upload is never held in memory and formats does no I/O of its own.
 */
import { FormatError } from "#formats/format-error.ts";

export type ByteSource = {
  /** In bytes; does not change while the source is read. */
  readonly size: number;
  /**
   * Exactly `length` bytes from `offset`, which the caller keeps within `size`. Rejects when the bytes cannot be had;
   * never answers with fewer. The answer is not written to afterwards, by either side.
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

/**
 * The same bytes, read ahead in windows of `windowSize`, for the many small reads of a walk from front to back.
 * Ranges that are not within the source are `archive.corrupt`: the archive named them.
 */
export function readAhead(source: ByteSource, windowSize: number): ByteSource {
  let windowStart = 0;
  let window: Uint8Array = new Uint8Array(0);
  return {
    size: source.size,
    async read(offset, length) {
      const end = offset + length;
      if (!Number.isSafeInteger(end) || offset < 0 || length < 0 || end > source.size) {
        throw new FormatError(
          "archive.corrupt",
          "The archive points outside itself: it is damaged or cut short",
        );
      }
      if (offset < windowStart || end > windowStart + window.length) {
        // What fits into one window is read once, however the archive makes us jump about in it.
        windowStart = source.size <= windowSize ? 0 : offset;
        const wanted = Math.min(Math.max(length, windowSize), source.size - windowStart);
        window = await source.read(windowStart, wanted);
      }
      return window.subarray(offset - windowStart, end - windowStart);
    },
  };
}
