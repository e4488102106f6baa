/**
 * The updater's trust on a disk (trusted-store.ts), with a copy of each file beside it under the plain name that people
 * and other programs look for: `<folder>/root.json`, `timestamp.json`, `snapshot.json`, `targets.json`, and
 * `<quoted name>.json` for delegated roles. What is trusted is read from `<folder>/tuf/` alone: a plain name cannot say
 * which of two processes was the slower one, or before which root it was written.
 */
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { TrustedStore } from "#core/tuf/trusted-store.ts";
import { quotedName } from "./quoted-name.ts";
import { isCode, writeRenamedFile } from "./renamed-file.ts";
import { storageError } from "./storage-error.ts";
import { createFolderTrustedStore, readNewestRole } from "./trusted-store.ts";

export type PlainTrustedStore = TrustedStore & {
  /** Brings the copies of the top-level roles up to date, where a process died before it did. */
  readonly renewCopies: () => Promise<void>;
};

const topLevelRoles: readonly string[] = ["root", "timestamp", "snapshot", "targets"];
/** What the store answers for these depends on `since`, which only the updater knows. */
const versionedRoles: ReadonlySet<string> = new Set(["root", "timestamp", "snapshot"]);
/** Another process may replace the original while it is copied, but not for ever. */
const copyTriesMax = 10;

export function createPlainTrustedStore(folder: string): PlainTrustedStore {
  const store = createFolderTrustedStore(folder);
  const renew = (role: string): Promise<void> =>
    renewCopy(join(folder, `${quotedName(role)}.json`), () =>
      versionedRoles.has(role) ? readNewestRole(folder, role) : store.readRole(role),
    );
  return {
    ...store,
    writeRoot: async (version, bytes) => {
      await store.writeRoot(version, bytes);
      await renew("root");
    },
    writeRole: async (role, bytes, since, version) => {
      await store.writeRole(role, bytes, since, version);
      await renew(role);
    },
    deleteRole: async (role, since) => {
      await store.deleteRole(role, since);
      await renew(role);
    },
    renewCopies: async () => {
      for (const role of topLevelRoles) await renew(role);
    },
  };
}

/** Reads again after it wrote: of two processes that copy at once, the one that ends last has copied the newest. */
async function renewCopy(
  path: string,
  readOriginal: () => Promise<Uint8Array | undefined>,
): Promise<void> {
  let original = await readOriginal();
  for (let tries = 0; tries < copyTriesMax; tries++) {
    if (isSame(original, await readCopy(path))) return;
    if (original === undefined) await rm(path, { force: true });
    else await writeRenamedFile(path, original);
    original = await readOriginal();
  }
}

function isSame(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return Buffer.from(a).equals(b);
}

async function readCopy(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (isCode(error, "ENOENT")) return undefined;
    throw storageError(error, `read ${path}`);
  }
}
