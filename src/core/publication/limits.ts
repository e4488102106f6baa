/** Every bound of publication. */
export const publicationLimits = {
  /** Changes in one batch: its bytes are held in memory until they are committed. */
  batchChangesMax: 1_000,
  /** Files of one project, listed on its page. */
  projectFilesMax: 20_000,
  /** Characters of all entries of one page; a page's bytes stay below what clients accept. */
  projectEntriesLengthMax: 32_000_000,
  requiresPythonLengthMax: 1_024,
  reasonLengthMax: 1_024,
  /** Bytes of entries kept in memory for projects that were changed lately. */
  cachedEntriesLengthMax: 32_000_000,
  /** Stored files read at once. */
  storedChecksMax: 4,
  /** Online roles renewed in one batch. */
  renewalsMax: 2_000,
  /** Projects in a bin, on average, before the number of bins doubles (design 5). */
  binProjectsMax: 64,
  /** 2^15 bins: a larger snapshot passes what other clients accept (2,000,000 bytes). */
  binBitLengthMax: 15,
  /** Up to 2^8 bins snapshot lists their hashes too: some 15 kB more in every refresh, compressed. */
  hashedBinBitLengthMax: 8,
  /** Replaced files stay readable this long for clients that are in the middle of a refresh. */
  sweepAfterMs: 3_600_000,
  /** So long the keys before sign with the new ones: longer than any cache may say that there is no next root. */
  overlapMs: 3_600_000,
  /** A new root comes so long after the timestamp: caches may hold the one before for a second. */
  rootAfterPointerMs: 2_000,
  /** Files swept in one go. */
  sweepMax: 500,
  /**
   * Public copies made within this time before the last batch may be damaged after a power cut: they are not synced, and
   * systems write back within a minute.
   */
  recentMs: 600_000,
  /** Of those, the newest are looked at by their hash at start; of all others only the current ones, by size. */
  recentPagesMax: 2_000,
  recentRolesMax: 2_000,
  /** Page pointers read in one go. */
  pagesMax: 5_000,
} as const;
