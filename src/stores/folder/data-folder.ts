/**
 * Where each program keeps its things below one data folder. One program = one folder = one database that no other
 * process opens (design 3); what programs share are the public tree, the file store and the sockets.
 */
import { join } from "node:path";

export type DataFolder = {
  readonly root: string;
  /** The index's database. */
  readonly index: string;
  /** The signer's database. */
  readonly signer: string;
  /** Online private keys: readable by the signer alone. */
  readonly onlineKeys: string;
  /** Offline private keys: where they lie on this machine at all (design 5). */
  readonly offlineKeys: string;
  /** Files by hash; written by the index, read by the signer. */
  readonly files: string;
  /** tuf/ and targets/ of design 4; written by the signer, read by the index. */
  readonly publicTree: string;
  /** The proxy's trust anchors, trusted metadata, cache and credentials. */
  readonly proxy: string;
  readonly log: string;
  readonly signerSocket: string;
  readonly adminSocket: string;
  readonly firstToken: string;
};

export function dataFolder(root: string): DataFolder {
  return {
    root,
    index: join(root, "index"),
    signer: join(root, "signer"),
    onlineKeys: join(root, "signer", "keys"),
    offlineKeys: join(root, "offline"),
    files: join(root, "files"),
    publicTree: join(root, "public"),
    proxy: join(root, "proxy"),
    log: join(root, "log"),
    signerSocket: join(root, "run", "signer.sock"),
    adminSocket: join(root, "run", "index-admin.sock"),
    firstToken: join(root, "first-token"),
  };
}
