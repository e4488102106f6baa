/**
 * The file store on a disk: `<root>/<first two hex digits>/<sha256>`, `<sha256>.metadata` beside it, and
 * `<root>/.incoming/` for what is half received, on the same disk so that keeping is a rename. A kept file is durable:
 * its bytes are synced, then renamed, then the folder that holds its name is synced. Small files, which are most, stay
 * in memory until they are kept (small-file.ts).
 */
import { constants } from "node:fs";
import { copyFile, link, mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import { formatHex, isHex } from "#formats/bytes/hex.ts";
import type { ByteSource } from "#formats/archive/byte-source.ts";
import { invariant } from "#core/errors.ts";
import type { Random } from "#core/ports.ts";
import type { FileStore, IncomingFile, StoredFile } from "#core/releases/file-store.ts";
import { keepSmallFile, smallFileSizeMax } from "./small-file.ts";
import { storageError } from "./storage-error.ts";

const streamChunkSize = 512 * 1024;
const idleBuffersMax = 16;
/** What is received is gathered, so that a slow sender does not cost a write for each packet. */
const writeChunkSize = 1024 * 1024;

/** Where the file with this hash lies; the signer, which re-reads what it vouches for, uses it too. */
export function storedFilePath(root: string, sha256: string): string {
  invariant(isHex(sha256, 32), "a file is named by a SHA-256");
  return join(root, sha256.slice(0, 2), sha256);
}

export function storedMetadataPath(root: string, sha256: string): string {
  return `${storedFilePath(root, sha256)}.metadata`;
}

export async function openFolderFileStore(root: string, random: Random): Promise<FileStore> {
  const incoming = join(root, ".incoming");
  await mkdir(incoming, { recursive: true });
  const buffers = new StreamBuffers();
  const synced = new Set<string>();
  return {
    receive: async () =>
      new FolderIncomingFile(root, join(incoming, formatHex(random(16))), synced),
    openFile: (sha256) => openFile(storedFilePath(root, sha256), buffers),
    readMetadata: (sha256) => readIfThere(storedMetadataPath(root, sha256)),
    async removeFile(sha256) {
      await rm(storedMetadataPath(root, sha256), { force: true });
      await rm(storedFilePath(root, sha256), { force: true });
    },
    async sweepIncoming() {
      const left = await readdir(incoming);
      await Promise.all(left.map((name) => rm(join(incoming, name), { force: true })));
      return left.length;
    },
    listHashes: () => listHashes(root),
    backup: (folder) => backupFiles(root, folder),
  };
}

class FolderIncomingFile implements IncomingFile {
  readonly #root: string;
  readonly #path: string;
  /** Shards whose own names are durable. */
  readonly #syncedShards: Set<string>;
  /** Of the half received file; there is none while all of it is in memory. */
  #handle: FileHandle | undefined;
  #pending: Uint8Array[] = [];
  #pendingSize = 0;
  #size = 0;
  #done = false;

  constructor(root: string, path: string, syncedShards: Set<string>) {
    this.#root = root;
    this.#path = path;
    this.#syncedShards = syncedShards;
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#pending.push(chunk);
    this.#pendingSize += chunk.byteLength;
    if (this.#pendingSize >= writeChunkSize) await this.#flush();
  }

  async open(): Promise<ByteSource> {
    const small = this.#smallBytes();
    if (small !== undefined) {
      return {
        size: small.byteLength,
        async read(offset, length) {
          if (offset + length <= small.byteLength) return small.subarray(offset, offset + length);
          throw new RangeError(`Cannot read ${length} bytes at ${offset}`);
        },
      };
    }
    const handle = await this.#flush();
    return { size: this.#size, read: (offset, length) => readExactly(handle, offset, length) };
  }

  async keep(sha256: string, metadata: Uint8Array): Promise<void> {
    const path = storedFilePath(this.#root, sha256);
    const metadataPath = storedMetadataPath(this.#root, sha256);
    const draft = `${this.#path}.metadata`;
    const small = this.#smallBytes();
    try {
      if (
        small !== undefined &&
        (await keepSmallFile({ path, bytes: small, metadataPath, metadata }, this.#syncedShards))
      ) {
        this.#done = true;
        return;
      }
      const handle = await this.#flush();
      await Promise.all([handle.sync(), writeSynced(draft, metadata)]);
      await this.#makeShard(dirname(path));
      // The metadata first: once the file has its name, everything that belongs to it is there.
      await rename(draft, metadataPath);
      await rename(this.#path, path);
      await syncFolder(dirname(path));
      this.#done = true;
      await handle.close();
    } catch (error) {
      await rm(draft, { force: true });
      throw storageError(error, "store the file");
    }
  }

  async #makeShard(shard: string): Promise<void> {
    const made = await mkdir(shard, { recursive: true });
    if (made === undefined && this.#syncedShards.has(shard)) return;
    await syncFolder(this.#root);
    this.#syncedShards.add(shard);
  }

  async discard(): Promise<void> {
    if (this.#done) return;
    this.#done = true;
    this.#pending = [];
    if (this.#handle === undefined) return;
    await this.#handle.close().catch(() => undefined);
    await rm(this.#path, { force: true }).catch(() => undefined);
  }

  /** All of it in one piece, where it is small and still in memory. */
  #smallBytes(): Uint8Array | undefined {
    if (this.#handle !== undefined || this.#pendingSize > smallFileSizeMax) return undefined;
    const [first = new Uint8Array()] = this.#pending;
    if (this.#pending.length < 2) return first;
    const all = Buffer.concat(this.#pending);
    this.#pending = [all];
    return all;
  }

  async #flush(): Promise<FileHandle> {
    const chunks = this.#pending;
    this.#pending = [];
    this.#pendingSize = 0;
    try {
      const handle = (this.#handle ??= await open(this.#path, "wx+", 0o644));
      for (let rest = chunks; rest.length > 0;) {
        const wanted = rest.reduce((sum, chunk) => sum + chunk.byteLength, 0);
        const { bytesWritten } = await handle.writev(rest, this.#size);
        this.#size += bytesWritten;
        rest = bytesWritten === wanted ? [] : [Buffer.concat(rest).subarray(bytesWritten)];
      }
      return handle;
    } catch (error) {
      throw storageError(error, "store the file");
    }
  }
}

async function readExactly(
  handle: FileHandle,
  offset: number,
  length: number,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const { bytesRead } = await handle.read(bytes, at, length - at, offset + at);
    if (bytesRead === 0) throw new RangeError(`Cannot read ${length} bytes at ${offset}`);
    at += bytesRead;
  }
  return bytes;
}

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(path, "wx", 0o644);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function openFile(path: string, buffers: StreamBuffers): Promise<StoredFile | undefined> {
  try {
    const { size } = await stat(path);
    return { size, stream: (start, end) => streamFile(path, start, end, buffers) };
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw storageError(error, "read the file");
  }
}

/** What streams read into, used again: fresh memory for each costs as much as reading, and sets the collector to work. */
class StreamBuffers {
  readonly #idle: Buffer[] = [];

  take(): Buffer {
    return this.#idle.pop() ?? Buffer.allocUnsafeSlow(streamChunkSize);
  }

  giveBack(buffer: Buffer): void {
    if (this.#idle.length < idleBuffersMax) this.#idle.push(buffer);
  }
}

/** Reads ahead into the other of two buffers while the caller is busy with one. */
async function* streamFile(
  path: string,
  start: number,
  end: number,
  buffers: StreamBuffers,
): AsyncIterable<Uint8Array> {
  if (start >= end) return;
  const handle = await open(path, "r");
  const pair = [buffers.take(), buffers.take()] as const;
  let reading: Promise<Uint8Array> | undefined;
  try {
    let turn = 0;
    reading = readAhead(handle, pair[0], start, end);
    for (let at = start; at < end;) {
      const chunk = await reading;
      at += chunk.byteLength;
      turn = 1 - turn;
      if (at < end) reading = readAhead(handle, turn === 0 ? pair[0] : pair[1], at, end);
      yield chunk;
    }
  } finally {
    // A read under way writes into its buffer until it is done.
    await reading?.catch(() => undefined);
    for (const buffer of pair) buffers.giveBack(buffer);
    await handle.close();
  }
}

/** A failure waits for the one who asks for the chunk. */
function readAhead(
  handle: FileHandle,
  buffer: Buffer,
  at: number,
  end: number,
): Promise<Uint8Array> {
  const reading = readChunk(handle, buffer, at, Math.min(buffer.byteLength, end - at));
  reading.catch(() => undefined);
  return reading;
}

async function readChunk(
  handle: FileHandle,
  buffer: Buffer,
  at: number,
  length: number,
): Promise<Uint8Array> {
  const { bytesRead } = await handle.read(buffer, 0, length, at);
  if (bytesRead === 0) throw new RangeError("Cannot read the file to its end: it is too short");
  return buffer.subarray(0, bytesRead);
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw storageError(error, "read the file");
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

async function* listHashes(root: string): AsyncIterable<readonly string[]> {
  for (const shard of await readdir(root)) {
    if (!isHex(shard, 1)) continue;
    const names = await readdir(join(root, shard));
    yield names.filter((name) => isHex(name, 32));
  }
}

async function backupFiles(root: string, folder: string): Promise<number> {
  let count = 0;
  for (const shard of await readdir(root)) {
    if (!isHex(shard, 1)) continue;
    await mkdir(join(folder, shard), { recursive: true });
    for (const name of await readdir(join(root, shard))) {
      await linkOrCopy(join(root, shard, name), join(folder, shard, name));
      if (!name.endsWith(".metadata")) count += 1;
    }
  }
  return count;
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    // Deleted since it was listed, or there from a backup into the same folder before.
    if (code === "ENOENT" || code === "EEXIST") return;
    // Another disk, or one without hard links.
    await copyFile(from, to, constants.COPYFILE_FICLONE);
  }
}
