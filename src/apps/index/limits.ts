/** Every bound on what strangers send to the index. Sizes in bytes, times in milliseconds. */
export const indexLimits = {
  /** Request line and headers together (node:http's own bound). */
  headersSizeMax: 16_384,
  /** A request's target; a file's address has at most some 700 characters. */
  targetLengthMax: 2_048,
  /** From connection to the end of the headers. */
  headersMs: 15_000,
  /** Between two requests on one connection. */
  keepAliveMs: 75_000,
  /** Silence on a connection in the middle of a request or an answer. */
  idleMs: 120_000,
  /** A request body that is not an upload. */
  bodySizeMax: 65_536,
  bodyMs: 10_000,
  /** What is still read of a request that was refused already, so that its sender gets to read why. */
  drainSizeMax: 268_435_456,
  drainMs: 60_000,

  /** Uploads under way at once. */
  uploadsMax: 200,
  /** Silence in the middle of an upload. */
  uploadIdleMs: 60_000,
  /** From the first to the last byte of an upload. */
  uploadMs: 14_400_000,
  /** Parts of a form; long lists (classifiers, dependencies) are one part for each item. */
  formPartsMax: 4_000,
  formFieldSizeMax: 2_097_152,
  formFieldsSizeMax: 8_388_608,
  formHeaderSizeMax: 16_384,
  /** How long an uploader waits for its file to be installable before it gets an address to ask at. */
  publishWaitMs: 45_000,

  /** Bodies that are kept in memory, compressed forms included. */
  pageCacheSize: 50_331_648,
  /** Lines of the project list; answers of the old JSON API. */
  cardCacheSize: 8_388_608,
  /** How old the totals on the start page may be. */
  countsMs: 10_000,
  /** How long a question about health waits for the signer. */
  healthMs: 1_000,
  /** How old the signer's word on its roles may be. */
  signerStatusMs: 5_000,
  /** Under this size compression costs more than it saves. */
  compressSizeMin: 512,
  /** Distinct Accept and Accept-Encoding texts that are remembered. */
  negotiationsMax: 256,

  /** How long answered changes are remembered, for those who ask at `/uploads/<id>`. */
  answeredMs: 604_800_000,
  /** Between looks at what the signer published without being asked. */
  catchUpMs: 60_000,
  catchUpPages: 1_000,

  /** Damaged files that are remembered as logged. */
  damagedMax: 10_000,

  reasonLengthMax: 4_096,
  searchLengthMax: 100,
  /** Projects on one page of the list. */
  listLength: 50,
} as const;
