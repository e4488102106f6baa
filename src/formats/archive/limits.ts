/** Every bound on archives that come from outside. Sizes in bytes. */

export type ArchiveLimits = {
  /** Members, folders included. */
  readonly entriesMax: number;
  /** Folders that the members' names imply; each costs memory. */
  readonly foldersMax: number;
  /** One member's name in UTF-8, and one part of it between slashes. */
  readonly nameSizeMax: number;
  readonly segmentSizeMax: number;
  /** All members unpacked. */
  readonly inflatedSizeMax: number;
  /** Unpacked to packed, over the whole archive, once it unpacks to more than `ratioFreeSize`. */
  readonly ratioMax: number;
  readonly ratioFreeSize: number;
  /** One tar extended header or GNU long name. */
  readonly extendedHeaderSizeMax: number;
  /** Everything a gzip header may carry before its data. */
  readonly gzipHeaderSizeMax: number;
  /** What one read of the source asks for. */
  readonly readSize: number;
};

export const archiveLimits: ArchiveLimits = {
  entriesMax: 100_000,
  foldersMax: 100_000,
  nameSizeMax: 1_024,
  segmentSizeMax: 255,
  inflatedSizeMax: 16 * 1024 ** 3,
  ratioMax: 50,
  ratioFreeSize: 64 * 1024 ** 2,
  extendedHeaderSizeMax: 1024 ** 2,
  gzipHeaderSizeMax: 4_096,
  readSize: 64 * 1024,
};
