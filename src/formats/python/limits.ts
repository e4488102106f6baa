/** Every bound on Python packaging documents that come from outside. Sizes in bytes, lengths in characters. */

/** The longest project names in public use have about 80. */
export const projectNameLengthMax = 128;

export const versionLengthMax = 128;

/** What common file systems hold (255), less the suffixes that are kept beside a file. */
export const filenameLengthMax = 240;

export const requiresPythonLengthMax = 1_024;

export type PageLimits = {
  readonly sizeMax: number;
  readonly depthMax: number;
  readonly filesMax: number;
  readonly urlLengthMax: number;
  /** Why something was yanked, or why a project has its status. */
  readonly reasonLengthMax: number;
};

export const pageLimits: PageLimits = {
  sizeMax: 48 * 1024 * 1024,
  depthMax: 8,
  filesMax: 50_000,
  urlLengthMax: 2_048,
  reasonLengthMax: 4_096,
};

export type MetadataLimits = {
  /** METADATA, PKG-INFO or WHEEL; descriptions of some projects have half a megabyte. */
  readonly sizeMax: number;
  /** Lines before the body; descriptions used to be folded into a header. */
  readonly headerLinesMax: number;
  readonly lineLengthMax: number;
};

export const metadataLimits: MetadataLimits = {
  sizeMax: 4 * 1024 * 1024,
  headerLinesMax: 50_000,
  lineLengthMax: 262_144,
};

/** RECORD of a wheel with 100,000 members. */
export const recordSizeMax: number = 32 * 1024 * 1024;
