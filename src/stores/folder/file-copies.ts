/**
 * Files of pages in a folder: a store by hash, as the index and its backups have it, or the tree a mirror makes of
 * addresses (`<project>/<sha256>/<file name>`). What is put into the store appears there whole and under its hash.
 */
import { constants } from "node:fs";
import { lstat, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createHash } from "#crypto/hash.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import type { PageFile } from "#formats/python/simple-page.ts";
import type { FileBringer, FileCopies } from "#core/recovery/file-copies.ts";
import { storedFilePath, storedMetadataPath } from "./file-store.ts";
import { draftPath, isCode } from "./renamed-file.ts";
import { storageError } from "./storage-error.ts";

const chunkSize = 1024 * 1024;
/** Core metadata is a text; no page lists its length. */
const metadataSizeMax = 16 * 1024 * 1024;

/** What bytes must be. */
type Expected = { readonly sha256: string; readonly size?: number };

export function openFileCopies(root: string): FileCopies {
  return {
    async look(project, file) {
      const { coreMetadata } = file;
      const own = await lookAtAny(pathsOf(root, project, file), file);
      if (own !== "whole" || coreMetadata === undefined) return own;
      return await lookAtAny(metadataPathsOf(root, project, file), { sha256: coreMetadata });
    },
  };
}

/** From `copy` into `store`, which is a store by hash. */
export function openFileBringer(copy: string, store: string): FileBringer {
  return {
    async bring(project, file) {
      const { coreMetadata, sha256 } = file;
      // As the store keeps files: the metadata first, so that where a file has its name everything is there.
      if (coreMetadata !== undefined) {
        const from = await findWhole(metadataPathsOf(copy, project, file), {
          sha256: coreMetadata,
        });
        if (from === undefined) return "missing";
        await bringBytes(from, storedMetadataPath(store, sha256), { sha256: coreMetadata });
      }
      const from = await findWhole(pathsOf(copy, project, file), file);
      if (from === undefined) return "missing";
      await bringBytes(from, storedFilePath(store, sha256), file);
      return "brought";
    },
  };
}

function pathsOf(root: string, project: ProjectName, file: PageFile): readonly string[] {
  const { filename, sha256 } = file;
  return [storedFilePath(root, sha256), join(root, project, sha256, filename)];
}

function metadataPathsOf(root: string, project: ProjectName, file: PageFile): readonly string[] {
  return pathsOf(root, project, file).map((path) => `${path}.metadata`);
}

async function lookAtAny(
  paths: readonly string[],
  expected: Expected,
): Promise<"damaged" | "missing" | "whole"> {
  let worst: "damaged" | "missing" = "missing";
  for (const path of paths) {
    const state = await lookAt(path, expected);
    if (state === "whole") return state;
    if (state === "damaged") worst = state;
  }
  return worst;
}

async function findWhole(
  paths: readonly string[],
  expected: Expected,
): Promise<string | undefined> {
  for (const path of paths) if ((await lookAt(path, expected)) === "whole") return path;
  return undefined;
}

async function lookAt(
  path: string,
  { sha256, size }: Expected,
): Promise<"damaged" | "missing" | "whole"> {
  try {
    const found = await lstat(path);
    if (!found.isFile()) return "damaged";
    if (size === undefined ? found.size > metadataSizeMax : found.size !== size) return "damaged";
    const hash = createHash("sha256");
    for await (const chunk of chunksOf(path)) hash.update(chunk);
    return hash.digestHex() === sha256 ? "whole" : "damaged";
  } catch (error) {
    if (isCode(error, "ENOENT") || isCode(error, "ENOTDIR")) return "missing";
    throw storageError(error, `read ${path}`);
  }
}

/** Hashed again while it is copied: what was looked at a moment ago may be another file now. */
async function bringBytes(from: string, to: string, { sha256 }: Expected): Promise<void> {
  const draft = draftPath(to);
  try {
    await mkdir(dirname(to), { recursive: true });
    const hash = createHash("sha256");
    await using target = await open(draft, "wx", 0o644);
    for await (const chunk of chunksOf(from)) {
      hash.update(chunk);
      await target.writeFile(chunk);
    }
    await target.sync();
    if (hash.digestHex() !== sha256) throw new TypeError(`${from} changed while it was read`);
    await rename(draft, to);
    await using folder = await open(dirname(to), "r");
    await folder.sync();
  } catch (error) {
    await rm(draft, { force: true });
    throw storageError(error, `put ${to} back`);
  }
}

async function* chunksOf(path: string): AsyncGenerator<Uint8Array> {
  await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  const chunk = Buffer.allocUnsafeSlow(chunkSize);
  for (;;) {
    const { bytesRead } = await file.read(chunk, 0, chunk.byteLength);
    if (bytesRead === 0) return;
    yield chunk.subarray(0, bytesRead);
  }
}
