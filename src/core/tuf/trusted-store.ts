/** The updater's port for what must survive the process. */

/**
 * `since` is the version of the root that last ended rollback protection (5.3.11), 0 where none did. What a role wrote
 * under one `since` is not there under another: so the root's own write is the moment in which timestamp and snapshot
 * are forgotten, and no crash can fall between the two. What the new root's keys vouch for is written again after it.
 *
 * Bytes come back exactly as they were given, or not at all: never a part, never a mixture. All of it is verified
 * again when it is read, so a store that loses files costs downloads, and one that lies costs rollback protection.
 */
export type TrustedStore = {
  /** The newest root that was written; undefined while there is no trust anchor. */
  readRoot(): Promise<Uint8Array | undefined>;
  /** The root of this version, where one was written. */
  readRootAt(version: number): Promise<Uint8Array | undefined>;
  /** Durable on return, and from then on what `readRoot` answers. Every version is kept for ever. */
  writeRoot(version: number, bytes: Uint8Array): Promise<void>;
  /**
   * The last file written for a role under this `since`, which is 0 for all but timestamp and snapshot. The name is any
   * text; what files are called is the store's business.
   */
  readRole(name: string, since?: number): Promise<Uint8Array | undefined>;
  /**
   * Replaces the file in one step. Durable on return for timestamp, snapshot and targets; others may be lost. `version`:
   * what the file says, where it was read already.
   */
  writeRole(name: string, bytes: Uint8Array, since?: number, version?: number): Promise<void>;
  /** What was written under an earlier `since`; all there is where none is given. No error where there is nothing. */
  deleteRole(name: string, since?: number): Promise<void>;
};
