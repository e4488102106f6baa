/** Every bound of the TUF client. A length that a parent file lists replaces the bound of its own kind. */

export type ClientLimits = {
  /** Roots fetched in one refresh (specification 5.3.3, Y). The next refresh goes on from there. */
  readonly rootRotationsMax: number;
  /** Delegated roles visited in one search (specification 5.6.7.1). */
  readonly delegationsMax: number;
  /** Bytes. */
  readonly rootSizeMax: number;
  readonly timestampSizeMax: number;
  readonly snapshotSizeMax: number;
  readonly targetsSizeMax: number;
  /** No listed length lets a file be larger. */
  readonly listedSizeMax: number;
  /** One request, from its start to the last byte. */
  readonly totalMs: number;
  /** The longest silence in one request. */
  readonly idleMs: number;
  /** Verified delegated roles kept in memory. */
  readonly rolesKeptMax: number;
};

export const clientLimits: ClientLimits = {
  rootRotationsMax: 256,
  delegationsMax: 32,
  rootSizeMax: 512_000,
  timestampSizeMax: 16_384,
  snapshotSizeMax: 2_000_000,
  targetsSizeMax: 5_000_000,
  listedSizeMax: 64 * 1024 * 1024,
  totalMs: 60_000,
  idleMs: 10_000,
  rolesKeptMax: 1024,
};
