/**
 * The first ceremony: all keys, then root, targets and claimed, version 1. Begun again after a crash, it goes on with
 * the keys that are there; root is written last, once, so there are never two of it.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { sha256Hex } from "#crypto/hash.ts";
import type { Clock, Random } from "#core/ports.ts";
import { initRepository, publicOnlineKeys } from "#core/publication/first-repository.ts";
import { dataFolder } from "#stores/folder/data-folder.ts";
import type { DataFolder } from "#stores/folder/data-folder.ts";
import { readFirstMetadata, writeFirstMetadata } from "#stores/folder/first-metadata.ts";
import { makeKeyFolder } from "#stores/folder/key-file.ts";
import { makeOnlineKeys } from "#stores/folder/online-keys.ts";
import { makeOfflineKeys } from "./offline-keys.ts";
import type { InitOptions } from "./options.ts";

export type InitResult = {
  /** What people compare: of the exact bytes of 1.root.json. */
  readonly rootFingerprint: string | undefined;
  readonly outcome: "made" | "was-there" | "database-there";
};

export async function initDataFolder(
  options: InitOptions,
  clock: Clock,
  random: Random,
): Promise<InitResult> {
  const data = dataFolder(options.data);
  const known = await readFirstMetadata(data.publicTree);
  if (known !== undefined) {
    return { rootFingerprint: fingerprint(known.root), outcome: "was-there" };
  }
  // Its public copies were lost, which the signer mends from its database; a second root would part it from everybody.
  if (existsSync(signerDatabase(data))) {
    return { rootFingerprint: undefined, outcome: "database-there" };
  }
  await makeKeyFolder(data.signer);
  const online = await makeOnlineKeys(data.onlineKeys, random);
  const offline = await makeOfflineKeys(data.offlineKeys, options.rootKeys, random);
  const keys = {
    rootThreshold: options.rootThreshold,
    offline,
    online: publicOnlineKeys(online),
  };
  const made = await initRepository(keys, options.config.signer.lifetimes, clock());
  await writeFirstMetadata(data.publicTree, made);
  // Another ceremony may have been faster; what lies there is what counts.
  const written = (await readFirstMetadata(data.publicTree)) ?? made;
  return { rootFingerprint: fingerprint(written.root), outcome: "made" };
}

function signerDatabase(data: DataFolder): string {
  return join(data.signer, "signer.sqlite");
}

function fingerprint(root: Uint8Array): string {
  return `sha256:${sha256Hex(root)}`;
}
