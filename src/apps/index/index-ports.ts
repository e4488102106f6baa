/** What the index is made of, and how it is set up. Tests give memory; main.ts gives the machine. */
import type { AccountStore } from "#core/accounts/account-store.ts";
import type { Clock, Random, Timer } from "#core/ports.ts";
import type { FileStore } from "#core/releases/file-store.ts";
import type { PublishedFiles } from "#core/releases/published-files.ts";
import type { ReleaseStore } from "#core/releases/release-store.ts";
import type { SignerDoor } from "#core/releases/signer-door.ts";
import type { LocalFolders } from "#core/releases/local-folders.ts";

export type AccessEntry = {
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  /** Of the answer's body. */
  readonly bytes: number;
  readonly ms: number;
  /** The public id of the token that was used. */
  readonly token?: string;
  readonly agent: string;
};

export type IndexPorts = {
  readonly clock: Clock;
  /** Milliseconds that only grow, for durations. */
  readonly stopwatch: () => number;
  readonly timer: Timer;
  readonly random: Random;
  readonly accounts: AccountStore;
  readonly releases: ReleaseStore;
  readonly files: FileStore;
  readonly published: PublishedFiles;
  readonly door: SignerDoor;
  /** Folders on this machine that the operator names: imports and backups. */
  readonly folders: LocalFolders;
  readonly logAccess: (entry: AccessEntry) => void;
  /** For the operator: what went wrong, with its error. */
  readonly logTrouble: (message: string, error?: unknown) => void;
};

export type IndexSettings = {
  readonly name: string;
  /** As users see it, ends with a slash; behind a reverse proxy its path is the prefix. */
  readonly publicUrl?: string;
  /** Reads need a token. */
  readonly isPrivate: boolean;
  /** Bytes of one uploaded file. */
  readonly uploadSizeMax: number;
  /** Where the pages say that a proxy on the reader's machine listens. */
  readonly proxyPort: number;
};
