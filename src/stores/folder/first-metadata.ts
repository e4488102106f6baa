/**
 * The first files of the offline roles, where a ceremony leaves them for the signer: in the public tree. Root comes
 * last and is never replaced: where it is, everything is.
 */
import { chmod, mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { OfflineRole } from "#formats/door/offline-metadata.ts";
import { isCode, writeNewFile } from "./renamed-file.ts";
import { storageError } from "./storage-error.ts";

/** Anyone may read what is public. */
const publicFolderMode = 0o755;
const publicFileMode = 0o644;

export function firstRolePath(publicTree: string, role: OfflineRole): string {
  return join(publicTree, "tuf", `1.${role}.json`);
}

/** undefined until all are there. */
export async function readFirstMetadata(
  publicTree: string,
): Promise<Readonly<Record<OfflineRole, Uint8Array>> | undefined> {
  const root = await readIfThere(firstRolePath(publicTree, "root"));
  const targets = await readIfThere(firstRolePath(publicTree, "targets"));
  const claimed = await readIfThere(firstRolePath(publicTree, "claimed"));
  if (root === undefined || targets === undefined || claimed === undefined) return undefined;
  return { root, targets, claimed };
}

/** Durable. What is there already stays, and is what counts. */
export async function writeFirstMetadata(
  publicTree: string,
  metadata: Readonly<Record<OfflineRole, Uint8Array>>,
): Promise<void> {
  for (const role of ["claimed", "targets", "root"] as const) {
    const path = firstRolePath(publicTree, role);
    await mkdir(dirname(path), { recursive: true, mode: publicFolderMode });
    await writeNewFile(path, metadata[role]);
    await chmod(path, publicFileMode);
  }
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (error) {
    if (isCode(error, "ENOENT")) return undefined;
    throw storageError(error, `read ${path}`);
  }
}
