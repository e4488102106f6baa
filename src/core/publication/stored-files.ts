/** The file store as the signer sees it: it vouches for no file whose bytes it has not hashed itself. */
export type StoredFiles = {
  /**
   * Hash and size of the bytes that are stored under this hash, read now; undefined where there are none. Throws
   * UnavailableError.
   */
  readHash(sha256: string): Promise<{ readonly sha256: string; readonly size: number } | undefined>;
  /** The hash of the stored core metadata of that file; undefined where there is none. Throws UnavailableError. */
  readMetadataHash(sha256: string): Promise<string | undefined>;
};
