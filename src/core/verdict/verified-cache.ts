/** Where verified bytes are kept by their hash. Nothing of it is trusted: who reads hashes again (design 9). */

export type CachedChunks = {
  readonly size: number;
  /** From the first byte to the last; ending early closes what is open. */
  readonly chunks: AsyncIterable<Uint8Array>;
};

/** Bytes on their way in. Exactly one of `keep` and `drop` is called. */
export type CacheDraft = {
  readonly write: (chunk: Uint8Array) => Promise<void>;
  /** Readers see the whole entry from now on, or nothing. */
  readonly keep: (sha256: string) => Promise<void>;
  readonly drop: () => Promise<void>;
};

/**
 * May lose, cut or change any entry at any time, and forgets the longest unused ones to stay within its bound. Several
 * processes may use one. Reads answer undefined for what is not there.
 */
export type VerifiedCache = {
  readonly readWhole: (sha256: string) => Promise<Uint8Array | undefined>;
  readonly openChunks: (sha256: string) => Promise<CachedChunks | undefined>;
  readonly write: (sha256: string, bytes: Uint8Array) => Promise<void>;
  readonly openDraft: () => Promise<CacheDraft>;
  readonly remove: (sha256: string) => Promise<void>;
};
