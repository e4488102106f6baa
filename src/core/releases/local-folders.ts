/** Folders on this machine that its operator names, absolute paths: to import from, and to back up to. */
export type LocalFile = {
  /** Path below the folder, with slashes. */
  readonly path: string;
  /** Its last part. */
  readonly filename: string;
  readonly size: number;
  readonly modifiedAt: Date;
  /** Its bytes from the beginning. Rejects when it cannot be read. */
  stream(): AsyncIterable<Uint8Array>;
};

export type LocalFolders = {
  /** Regular files at any depth, by path. RefusedError `folder.unusable` when there is no such folder. */
  listFiles(folder: string): Promise<readonly LocalFile[]>;
  /**
   * An empty folder to write into, made where it was missing. The signer may be another user of the index's group:
   * `pass` lets that group through, `share` lets it write too. RefusedError `folder.unusable` when it holds anything.
   */
  makeEmpty(folder: string, access: "pass" | "share"): Promise<void>;
  /**
   * An empty folder below one that is there, made with that one's permissions: where its operator lets a group write, the
   * signer can too, which may be another user.
   */
  makeBelow(folder: string, name: string): Promise<string>;
  /** A consistent copy of the index's database below the folder, under the name it has in a data folder. */
  backupDatabase(folder: string): Promise<void>;
  /** A small text file, durable. */
  writeText(folder: string, name: string, text: string): Promise<void>;
};
