/**
 * The verified cache as the proxy uses it: whatever comes out is checked again, damage is dropped and told, and a disk
 * that fails costs speed, never an answer.
 */
import { TrustError, UnavailableError } from "#core/errors.ts";
import type { CachedChunks, CacheDraft, VerifiedCache } from "#core/verdict/verified-cache.ts";
import { FormatError } from "#formats/format-error.ts";

export type CheckedCache = {
  /** The entry when `check` accepts it (by not throwing TrustError or FormatError); what it returns is returned. */
  readonly readChecked: <T>(
    sha256: string,
    check: (bytes: Uint8Array) => T,
  ) => Promise<T | undefined>;
  /** Not checked: the reader hashes, and calls `dropDamaged`. */
  readonly openChunks: (sha256: string) => Promise<CachedChunks | undefined>;
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
        await dropDamaged(sha256);
        return undefined;
      }
    },
    openChunks: (sha256) => tolerant(cache.openChunks(sha256)),
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
