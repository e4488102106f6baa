/**
 * The verified cache as the proxy uses it: whatever comes out is checked again, damage is dropped and told, and a disk
 * that fails costs speed, never an answer. What has its hash is not damaged, whatever else somebody lists it as: no index
 * or project can have another's entries dropped.
 */
import { createHash, sha256Hex } from "#crypto/hash.ts";
import { TrustError, UnavailableError } from "#core/errors.ts";
import type { CachedChunks, CacheDraft, VerifiedCache } from "#core/verdict/verified-cache.ts";
import { FormatError } from "#formats/format-error.ts";

export type CheckedCache = {
  /** The entry when `check` accepts it (by not throwing TrustError or FormatError); what it returns is returned. */
  readonly readChecked: <T>(
    sha256: string,
    check: (bytes: Uint8Array) => T,
  ) => Promise<T | undefined>;
  /** An entry of this size. Not checked: the reader hashes, and calls `dropDamaged`. */
  readonly openChunks: (sha256: string, size: number) => Promise<CachedChunks | undefined>;
  readonly keep: (sha256: string, bytes: Uint8Array) => Promise<void>;
  readonly openDraft: () => Promise<CacheDraft>;
  readonly dropDamaged: (sha256: string) => Promise<void>;
};

export type CacheTrouble =
  | { readonly kind: "damaged"; readonly sha256: string }
  | { readonly kind: "failed"; readonly error: UnavailableError };

export function createCheckedCache(
  cache: VerifiedCache,
  onTrouble: (trouble: CacheTrouble) => void,
): CheckedCache {
  /** undefined instead of the storage's failure. */
  const tolerant = async <T>(work: Promise<T>): Promise<T | undefined> => {
    try {
      return await work;
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
      onTrouble({ kind: "failed", error });
      return undefined;
    }
  };
  const dropDamaged = async (sha256: string): Promise<void> => {
    onTrouble({ kind: "damaged", sha256 });
    await tolerant(cache.remove(sha256));
  };
  return {
    dropDamaged,
    readChecked: async (sha256, check) => {
      const bytes = await tolerant(cache.readWhole(sha256));
      if (bytes === undefined) return undefined;
      try {
        return check(bytes);
      } catch (error) {
        if (!(error instanceof TrustError || error instanceof FormatError)) throw error;
        if (sha256Hex(bytes) !== sha256) await dropDamaged(sha256);
        return undefined;
      }
    },
    openChunks: async (sha256, size) => {
      const cached = await tolerant(cache.openChunks(sha256));
      if (cached === undefined || cached.size === size) return cached;
      const digest = await tolerant(digestOf(cached));
      if (digest !== undefined && digest !== sha256) await dropDamaged(sha256);
      return undefined;
    },
    keep: async (sha256, bytes) => void (await tolerant(cache.write(sha256, bytes))),
    openDraft: async () => {
      let draft = await tolerant(cache.openDraft());
      return {
        write: async (chunk) => {
          if (draft === undefined) return;
          const written = await tolerant(draft.write(chunk).then(() => true));
          // It drops itself when it fails.
          if (written === undefined) draft = undefined;
        },
        keep: async (sha256) => void (draft && (await tolerant(draft.keep(sha256)))),
        drop: async () => void (draft && (await tolerant(draft.drop()))),
      };
    },
  };
}

async function digestOf({ chunks }: CachedChunks): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of chunks) hash.update(chunk);
  return hash.digestHex();
}
