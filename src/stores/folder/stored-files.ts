/**
 * The file store as the signer reads it: hashes of what lies there now, in bounded memory. Small files are read without
 * the thread pool, whose hand-overs cost far more than reading what was written a moment ago.
 */
import { closeSync, openSync, readSync } from "node:fs";
import { open } from "node:fs/promises";
import { createHash, sha256Hex } from "#crypto/hash.ts";
import { UnavailableError } from "#core/errors.ts";
import type { StoredFiles } from "#core/publication/stored-files.ts";
import { storedFilePath, storedMetadataPath } from "./file-store.ts";

const chunkSize = 1024 * 1024;
const smallSizeMax = 256 * 1024;

type FileHash = { readonly sha256: string; readonly size: number };

export function openFolderStoredFiles(root: string): StoredFiles {
  /** Whoever reads into it is done with it before anybody else runs. */
  const buffer = Buffer.allocUnsafeSlow(smallSizeMax);
  const hashFile = async (path: string): Promise<FileHash | undefined> => {
    try {
      return hashSmallFile(path, buffer) ?? (await hashLargeFile(path));
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
      const reason = error instanceof Error ? error.message : String(error);
      throw new UnavailableError("storage.failed", `Cannot read the file store: ${reason}`, error);
    }
  };
  return {
    readHash: (sha256) => hashFile(storedFilePath(root, sha256)),
    readMetadataHash: async (sha256) => (await hashFile(storedMetadataPath(root, sha256)))?.sha256,
  };
}

/** Undefined when it is not small. */
function hashSmallFile(path: string, buffer: Buffer): FileHash | undefined {
  const file = openSync(path, "r");
  try {
    let size = 0;
    for (;;) {
      const read = readSync(file, buffer, size, buffer.byteLength - size, size);
      size += read;
      if (size === buffer.byteLength) return undefined;
      if (read === 0) return { sha256: sha256Hex(buffer.subarray(0, size)), size };
    }
  } finally {
    closeSync(file);
  }
}

async function hashLargeFile(path: string): Promise<FileHash> {
  await using file = await open(path, "r");
  const hash = createHash("sha256");
  const chunk = Buffer.allocUnsafeSlow(chunkSize);
  let size = 0;
  for (;;) {
    const { bytesRead } = await file.read(chunk, 0, chunk.byteLength, size);
    if (bytesRead === 0) return { sha256: hash.digestHex(), size };
    hash.update(chunk.subarray(0, bytesRead));
    size += bytesRead;
  }
}
