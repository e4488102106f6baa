/** The file store as the signer reads it: hashes of what lies there now, in bounded memory. */
import { open } from "node:fs/promises";
import { createHash } from "#crypto/hash.ts";
import { UnavailableError } from "#core/errors.ts";
import type { StoredFiles } from "#core/publication/stored-files.ts";
import { storedFilePath, storedMetadataPath } from "./file-store.ts";

const chunkSize = 1024 * 1024;
/** Small files are read in one go and need no large buffer. */
const firstChunkSize = 64 * 1024;

export function openFolderStoredFiles(root: string): StoredFiles {
  return {
    readHash: (sha256) => hashFile(storedFilePath(root, sha256)),
    readMetadataHash: async (sha256) => (await hashFile(storedMetadataPath(root, sha256)))?.sha256,
  };
}

async function hashFile(
  path: string,
): Promise<{ readonly sha256: string; readonly size: number } | undefined> {
  try {
    await using file = await open(path, "r");
    const hash = createHash("sha256");
    let size = 0;
    let chunk = new Uint8Array(firstChunkSize);
    for (;;) {
      const { bytesRead } = await file.read(chunk, 0, chunk.byteLength, size);
      if (bytesRead === 0) return { sha256: hash.digestHex(), size };
      hash.update(chunk.subarray(0, bytesRead));
      size += bytesRead;
      const isFull = bytesRead === chunk.byteLength;
      if (isFull && bytesRead < chunkSize) chunk = new Uint8Array(chunkSize);
    }
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    const reason = error instanceof Error ? error.message : String(error);
    throw new UnavailableError("storage.failed", `Cannot read the file store: ${reason}`, error);
  }
}
