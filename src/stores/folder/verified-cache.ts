/**
 * The verified cache on a disk: `<root>/<first two hex digits>/<sha256>`, and `<root>/draft/` for what is on its way in.
 * Nothing is synced: who reads hashes again, so an entry that a crash cut is found and fetched anew. Times of use are
 * the files' access times, set by us, because many disks do not keep them.
 */
import { mkdir, open, readdir, readFile, rename, rm, stat, utimes } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import { invariant } from "#core/errors.ts";
import type { Clock } from "#core/ports.ts";
import type { CachedChunks, CacheDraft, VerifiedCache } from "#core/verdict/verified-cache.ts";
import { isHex } from "#formats/bytes/hex.ts";
import { isCode } from "./renamed-file.ts";
import { storageError } from "./storage-error.ts";

export type FolderCacheOptions = {
  /** Bytes of all entries together. */
  readonly sizeMax: number;
  readonly clock: Clock;
};

type Entry = { readonly size: number; usedMs: number };

const chunkSize = 262_144;
/** A draft this old was left by a process that is gone. */
const draftMsMax = 86_400_000;
/** The time of use is written to the disk at most this often for one entry. */
const touchMs = 600_000;

export async function openFolderCache(
  root: string,
  options: FolderCacheOptions,
): Promise<VerifiedCache> {
  const cache = new FolderCache(root, options);
  await cache.open();
  return cache;
}

class FolderCache implements VerifiedCache {
  readonly #root: string;
  readonly #options: FolderCacheOptions;
  /** What this process knows of; another process may add and remove. */
  readonly #entries = new Map<string, Entry>();
  #size = 0;

  constructor(root: string, options: FolderCacheOptions) {
    this.#root = root;
    this.#options = options;
  }

  async open(): Promise<void> {
    try {
      await mkdir(join(this.#root, "draft"), { recursive: true, mode: 0o700 });
      for (const folder of await readdir(this.#root)) {
        if (folder === "draft") await this.#sweepDrafts();
        else if (/^[0-9a-f]{2}$/.test(folder)) await this.#scan(join(this.#root, folder));
      }
    } catch (error) {
      throw storageError(error, `open the cache ${this.#root}`);
    }
    await this.#evict();
  }

  readonly readWhole = async (sha256: string): Promise<Uint8Array | undefined> => {
    try {
      const bytes = await readFile(this.#path(sha256));
      this.#used(sha256, bytes.length);
      return bytes;
    } catch (error) {
      if (isCode(error, "ENOENT")) return this.#forget(sha256);
      throw storageError(error, `read ${sha256} from the cache`);
    }
  };

  readonly openChunks = async (sha256: string): Promise<CachedChunks | undefined> => {
    try {
      const handle = await open(this.#path(sha256), "r");
      const { size } = await handle.stat();
      this.#used(sha256, size);
      return { size, chunks: readChunks(handle) };
    } catch (error) {
      if (isCode(error, "ENOENT")) return this.#forget(sha256);
      throw storageError(error, `read ${sha256} from the cache`);
    }
  };

  readonly write = async (sha256: string, bytes: Uint8Array): Promise<void> => {
    if (bytes.length > this.#options.sizeMax) return;
    const draft = await this.openDraft();
    await draft.write(bytes);
    await draft.keep(sha256);
  };

  readonly openDraft = async (): Promise<CacheDraft> => {
    const path = join(this.#root, "draft", crypto.randomUUID());
    let handle: FileHandle;
    try {
      handle = await open(path, "wx", 0o600);
    } catch (error) {
      throw storageError(error, "write to the cache");
    }
    let size = 0;
    let dropped = false;
    const drop = async (): Promise<void> => {
      if (dropped) return;
      dropped = true;
      await handle.close();
      await rm(path, { force: true });
    };
    const failed = async (error: unknown): Promise<unknown> => {
      await drop();
      return storageError(error, "write to the cache");
    };
    return {
      drop,
      write: async (chunk) => {
        try {
          await handle.writeFile(chunk);
          size += chunk.length;
        } catch (error) {
          throw await failed(error);
        }
      },
      keep: async (sha256) => {
        if (size > this.#options.sizeMax) return await drop();
        const place = this.#path(sha256);
        try {
          await handle.close();
          await renameInto(path, place);
        } catch (error) {
          throw await failed(error);
        }
        this.#add(sha256, size);
        await this.#evict();
      },
    };
  };

  readonly remove = async (sha256: string): Promise<void> => {
    this.#forget(sha256);
    try {
      // Whatever lies there, a folder too.
      await rm(this.#path(sha256), { force: true, recursive: true });
    } catch (error) {
      throw storageError(error, `remove ${sha256} from the cache`);
    }
  };

  #path(sha256: string): string {
    invariant(isHex(sha256, 32), "an entry is named by a SHA-256");
    return join(this.#root, sha256.slice(0, 2), sha256);
  }

  #add(sha256: string, size: number): void {
    this.#forget(sha256);
    this.#entries.set(sha256, { size, usedMs: this.#options.clock().getTime() });
    this.#size += size;
  }

  #forget(sha256: string): undefined {
    this.#size -= this.#entries.get(sha256)?.size ?? 0;
    this.#entries.delete(sha256);
  }

  #used(sha256: string, size: number): void {
    const entry = this.#entries.get(sha256);
    if (entry === undefined || entry.size !== size) return this.#add(sha256, size);
    const now = this.#options.clock();
    const unwrittenMs = now.getTime() - entry.usedMs;
    entry.usedMs = now.getTime();
    // Not waited for, and no harm when it fails: the entry may be gone by now.
    if (unwrittenMs > touchMs) void utimes(this.#path(sha256), now, now).catch(() => undefined);
  }

  async #evict(): Promise<void> {
    if (this.#size <= this.#options.sizeMax) return;
    const byUse = [...this.#entries].toSorted(([, a], [, b]) => a.usedMs - b.usedMs);
    for (const [sha256] of byUse) {
      if (this.#size <= this.#options.sizeMax) return;
      await this.remove(sha256);
    }
  }

  async #scan(folder: string): Promise<void> {
    for (const name of await readdir(folder)) {
      if (!isHex(name, 32)) continue;
      try {
        const { size, atimeMs, mtimeMs } = await stat(join(folder, name));
        this.#entries.set(name, { size, usedMs: Math.max(atimeMs, mtimeMs) });
        this.#size += size;
      } catch (error) {
        if (!isCode(error, "ENOENT")) throw error;
      }
    }
  }

  async #sweepDrafts(): Promise<void> {
    const folder = join(this.#root, "draft");
    for (const name of await readdir(folder)) {
      const path = join(folder, name);
      const leftAt = await stat(path).then(
        ({ mtimeMs }) => mtimeMs,
        () => undefined,
      );
      if (leftAt === undefined || this.#options.clock().getTime() - leftAt < draftMsMax) continue;
      await rm(path, { force: true });
    }
  }
}

/** Closes the file at the end, after an error, and when `return` is called before the first chunk. */
function readChunks(handle: FileHandle): AsyncIterableIterator<Uint8Array> {
  let closed = false;
  const finish = async (): Promise<IteratorResult<Uint8Array>> => {
    if (!closed) await handle.close();
    closed = true;
    return { done: true, value: undefined };
  };
  return {
    next: async () => {
      if (closed) return { done: true, value: undefined };
      // A new buffer each time: what was yielded may still be on its way to a socket.
      const buffer = new Uint8Array(chunkSize);
      try {
        const { bytesRead } = await handle.read(buffer, 0, chunkSize);
        if (bytesRead === 0) return await finish();
        return { done: false, value: buffer.subarray(0, bytesRead) };
      } catch (error) {
        await finish();
        throw storageError(error, "read from the cache");
      }
    },
    return: finish,
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** The folder is there nearly always, so it is made only when it is not. */
async function renameInto(path: string, place: string): Promise<void> {
  try {
    await rename(path, place);
  } catch (error) {
    if (!isCode(error, "ENOENT")) throw error;
    await mkdir(dirname(place), { recursive: true, mode: 0o700 });
    await rename(path, place);
  }
}
