/** What the signer published below a folder (design 4), read by the index. The signer writes there by rename. */
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { invariant } from "#core/errors.ts";
import type { PublishedFiles } from "#core/releases/published-files.ts";
import { isHex } from "#formats/bytes/hex.ts";
import { storageError } from "./storage-error.ts";

/** Plain names only: no folder, no leading dot. */
const plainName = /^[A-Za-z0-9][A-Za-z0-9._-]*\.json$/;

export function createFolderPublishedFiles(root: string): PublishedFiles {
  const timestamp = join(root, "tuf", "timestamp.json");
  return {
    readPage(project, sha256) {
      invariant(isHex(sha256, 32), "a page is named by a SHA-256");
      return readIfThere(join(root, "targets", "simple", project, `${sha256}.index.json`));
    },
    async readMetadata(name) {
      return plainName.test(name) ? readIfThere(join(root, "tuf", name)) : undefined;
    },
    async readTimestampMark() {
      try {
        const { mtimeNs, ino, size } = await stat(timestamp, { bigint: true });
        return `${ino}-${mtimeNs}-${size}`;
      } catch (error) {
        return absent(error);
      }
    },
  };
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    return absent(error);
  }
}

function absent(error: unknown): undefined {
  if (error instanceof Error && "code" in error) {
    if (error.code === "ENOENT" || error.code === "ENAMETOOLONG") return undefined;
  }
  throw storageError(error, "read what the signer published");
}
