/** The file store in memory: for tests and simulated worlds. */
import { UnavailableError } from "#core/errors.ts";
import type { FileStore, IncomingFile } from "#core/releases/file-store.ts";
import { byteSourceOf } from "#formats/archive/byte-source.ts";

export type MemoryFiles = {
  /** By hash: what an intruder with write access would change. */
  readonly kept: Map<string, { bytes: Uint8Array; metadata: Uint8Array }>;
  readonly incoming: Set<IncomingFile>;
  /** Bytes that still fit; less than what is written is `storage.full`. */
  room: number;
};

export function createMemoryFiles(): MemoryFiles {
  return { kept: new Map(), incoming: new Set(), room: Number.MAX_SAFE_INTEGER };
}

/** A store over `files`, which outlive it as a disk does. */
export function createMemoryFileStore(files: MemoryFiles): FileStore {
  return {
    receive: async () => receive(files),
    async openFile(sha256) {
      const file = files.kept.get(sha256);
      if (file === undefined) return undefined;
      return {
        size: file.bytes.byteLength,
        async *stream(start, end): AsyncIterable<Uint8Array> {
          if (end > file.bytes.byteLength) throw new RangeError("Cannot read past the file's end");
          yield file.bytes.subarray(start, end);
        },
      };
    },
    readMetadata: async (sha256) => files.kept.get(sha256)?.metadata,
    async removeFile(sha256) {
      files.kept.delete(sha256);
    },
    async sweepIncoming() {
      const count = files.incoming.size;
      files.incoming.clear();
      return count;
    },
    async *listHashes(): AsyncIterable<readonly string[]> {
      yield [...files.kept.keys()];
    },
    backup: async () => files.kept.size,
  };
}

function receive(files: MemoryFiles): IncomingFile {
  const chunks: Uint8Array[] = [];
  const incoming: IncomingFile = {
    async write(chunk) {
      if (chunk.byteLength > files.room) {
        throw new UnavailableError("storage.full", "Cannot store the file: the disk is full");
      }
      files.room -= chunk.byteLength;
      chunks.push(chunk);
    },
    async open() {
      const bytes = joinChunks(chunks);
      const source = byteSourceOf(bytes);
      return {
        size: source.size,
        async read(offset, length) {
          if (offset + length > bytes.byteLength) throw new RangeError("Cannot read past the end");
          return source.read(offset, length);
        },
      };
    },
    async keep(sha256, metadata) {
      files.kept.set(sha256, { bytes: joinChunks(chunks), metadata });
      files.incoming.delete(incoming);
    },
    async discard() {
      if (!files.incoming.delete(incoming)) return;
      files.room += chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
    },
  };
  files.incoming.add(incoming);
  return incoming;
}

function joinChunks(chunks: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}
