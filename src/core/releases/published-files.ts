import type { ProjectName } from "#formats/python/project-name.ts";

/**
 * The static files that the signer publishes (design 4), read by the index. Bytes are as they lie there: whoever
 * reads a page checks its hash.
 */
export type PublishedFiles = {
  readPage(project: ProjectName, sha256: string): Promise<Uint8Array | undefined>;
  /** A file of `/tuf/` by its plain name, such as `3.snapshot.json`. */
  readMetadata(name: string): Promise<Uint8Array | undefined>;
  /** Changes whenever `readMetadata("timestamp.json")` would answer other bytes; undefined when there are none. */
  readTimestampMark(): Promise<string | undefined>;
};
