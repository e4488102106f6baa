import { TrustError } from "#core/errors.ts";

/**
 * The public tree as publication writes it (design 4): paths are `tuf/<version>.<role>.json`, `tuf/timestamp.json` and
 * `targets/simple/<project>/<sha256>.index.json`. Everything in it can be rebuilt from the signer's store.
 */
export type PublicTree = {
  /**
   * undefined where there is nothing. Throws TrustError `tuf.length` for a file of more than `sizeMax` bytes, of which no
   * more than that is ever held: after a restore, or a break-in, the tree may hold anything.
   */
  read(path: string, sizeMax: number): Promise<Uint8Array | undefined>;
  /** Bytes, or undefined where there is nothing. */
  readSize(path: string): Promise<number | undefined>;
  /**
   * The pieces are one file. It appears whole or not at all, also to a reader in the middle of it; replaces what is there. Survives the end of the
   * process, not necessarily a power cut. Throws UnavailableError; then it may have happened or not.
   */
  write(path: string, pieces: readonly Uint8Array[]): Promise<void>;
  /**
   * As `write`, but only while the path still holds exactly `expected` (undefined: nothing); answers whether it did.
   * Two writers are kept apart by the lease under which it is called.
   */
  replacePointer(
    path: string,
    expected: Uint8Array | undefined,
    bytes: Uint8Array,
  ): Promise<boolean>;
  /** Nothing happens where there is nothing. */
  remove(path: string): Promise<void>;
  /** Names of the files and folders directly in a folder, in no order; none where there is no folder. */
  list(folder: string): Promise<readonly string[]>;
};

export function oversizedFile(path: string, sizeMax: number): TrustError {
  const sentence = `Cannot use ${path} of the public tree: it has more than ${sizeMax} bytes, so it is none of ours`;
  return new TrustError("tuf.length", sentence, { file: path, sizeMax });
}
