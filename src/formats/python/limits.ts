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
