import type { ByteSource } from "#formats/archive/byte-source.ts";

/** A file on its way in. Nobody sees it until it is kept; whoever opened it keeps or discards it. */
export type IncomingFile = {
  /** In order; waits while the disk is behind. UnavailableError `storage.full` when there is no room. */
  write(chunk: Uint8Array): Promise<void>;
  /** After the last write: the bytes written, readable until kept or discarded. */
  open(): Promise<ByteSource>;
  /**
   * Makes it the file with this hash, its metadata beside it. Both are durable on return, under their final names.
   * A file with this hash that is there already is the same file. UnavailableError leaves nothing visible.
   */
  keep(sha256: string, metadata: Uint8Array): Promise<void>;
  /** Leaves nothing behind. Never throws; does nothing after `keep`. */
  discard(): Promise<void>;
};

export type StoredFile = {
  readonly size: number;
  /**
   * Bytes `start` up to and excluding `end`, in chunks; each may be overwritten once the next, or the end, is asked for. Ends early
   * with an error, never quietly. Closes itself.
   */
  stream(start: number, end: number): AsyncIterable<Uint8Array>;
};

/**
 * Files by their SHA-256 (lower-case hex). Whoever reads must not trust: someone may have written to the disk. What is
 * believed about a file is in the page that names it.
 */
export type FileStore = {
  receive(): Promise<IncomingFile>;
  openFile(sha256: string): Promise<StoredFile | undefined>;
  /** The core metadata that was kept with it. */
  readMetadata(sha256: string): Promise<Uint8Array | undefined>;
  /** The file and its metadata; nothing happens when they are gone. */
  removeFile(sha256: string): Promise<void>;
  /** Throws away what an earlier run left half received. Answers how many. Before the first `receive`. */
  sweepIncoming(): Promise<number>;
  /** Every kept file, some hashes at a time: for finding what a crash left without an owner. */
  listHashes(): AsyncIterable<readonly string[]>;
  /** A copy of the whole store below `folder`, by hard links where the disk can. Answers how many files. */
  backup(folder: string): Promise<number>;
};
