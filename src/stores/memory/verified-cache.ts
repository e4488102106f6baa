/** A verified cache that is gone with the process: for tests and simulated worlds. */
import { sha256Hex } from "#crypto/hash.ts";
import type { VerifiedCache } from "#core/verdict/verified-cache.ts";

export type MemoryCache = VerifiedCache & {
  /** Replaces an entry's bytes, as a broken disk would. */
  readonly damage: (sha256: string, bytes: Uint8Array) => void;
};

export function createMemoryCache(sizeMax: number = Number.POSITIVE_INFINITY): MemoryCache {
  /** In order of use, the longest unused first. */
  const entries = new Map<string, Uint8Array>();
  const use = (sha256: string): Uint8Array | undefined => {
    const bytes = entries.get(sha256);
    if (bytes === undefined) return undefined;
    entries.delete(sha256);
    entries.set(sha256, bytes);
    return bytes;
  };
  const write = (sha256: string, bytes: Uint8Array): void => {
    if (bytes.length > sizeMax) return;
    entries.delete(sha256);
    entries.set(sha256, bytes);
    let size = 0;
    for (const kept of entries.values()) size += kept.length;
    for (const [oldest, kept] of entries) {
      if (size <= sizeMax) break;
      entries.delete(oldest);
      size -= kept.length;
    }
  };
  return {
    readWhole: async (sha256) => use(sha256),
    openChunks: async (sha256) => {
      const bytes = use(sha256);
      return bytes && { size: bytes.length, chunks: chunksOf(bytes) };
    },
    write: async (sha256, bytes) => write(sha256, bytes),
    openDraft: async () => {
      const parts: Uint8Array[] = [];
      return {
        write: async (chunk) => void parts.push(chunk.slice()),
        keep: async (sha256) => {
          const bytes = new Uint8Array(Buffer.concat(parts));
          if (sha256Hex(bytes) !== sha256)
            throw new Error(`Invariant broken: a draft is not ${sha256}`);
          write(sha256, bytes);
        },
        drop: async () => undefined,
      };
    },
    remove: async (sha256) => void entries.delete(sha256),
    damage: (sha256, bytes) => void entries.set(sha256, bytes),
  };
}

async function* chunksOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  const step = 65_536;
  for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step);
}
