/** Every bound of what the proxy takes from an index, and every interval it keeps to (design 9). */
import type { FetchLimits } from "#core/ports.ts";

const second = 1_000;
const kibibyte = 1_024;

export const verdictLimits = {
  /** A view this fresh is used without asking the index. */
  refreshMs: 10_000,
  /** A forced refresh, or one after a refusal, at most this often. */
  forcedRefreshMs: 1_000,
  /** While the index is not there, an attempt may hold a client up this long. */
  offlineAttemptMs: 2_000,
  /** A file on a page served within this time stays valid although a newer page no longer lists it. */
  servedMs: 3_600_000,
  /**
   * How long a file whose bytes were wrong is refused without asking again: past the last of a client's own retries. One
   * that is verified whole costs little to look at again, so that what was repaired is soon served.
   */
  refusedFileMs: 10_000,
  refusedLargeFileMs: 60_000,
  /** Files up to this size (32 MiB) are verified whole before the first byte is answered. */
  wholeSizeMax: 33_554_432,
  /** Of a `.metadata`, whose size no page says: 4 MiB, as much as an index takes (formats/python/limits.ts). */
  metadataSizeMax: 4_194_304,
  refusalsMax: 200,
} as const;

/** Small answers: pages, metadata, the deny list. A client gives up after 15 s of silence (pip). */
export function documentLimits(sizeMax: number): FetchLimits {
  return { sizeMax, totalMs: 60 * second, idleMs: 10 * second, rateMin: 4 * kibibyte };
}

/** Files: the slower of a minute and 32 KiB a second. */
export function fileLimits(size: number): FetchLimits {
  const totalMs = 60 * second + Math.ceil(size / (32 * kibibyte)) * second;
  return { sizeMax: size, totalMs, idleMs: 10 * second, rateMin: 16 * kibibyte };
}
