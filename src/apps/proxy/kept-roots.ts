/** The roots that an index has stood on, by their fingerprints: what tells whether two indexes are one. */
import type { TrustedView } from "#core/tuf/trusted-set.ts";
import type { TrustedStore } from "#core/tuf/trusted-store.ts";
import { fingerprintOf } from "#core/verdict/anchor.ts";
import { checkVoices } from "#core/verdict/index-map.ts";
import type { Voice } from "#core/verdict/index-map.ts";
import { refusalOf } from "#core/verdict/refusal.ts";
import type { Refusal } from "#core/verdict/refusal.ts";
import type { Ground } from "./index-view.ts";

/** From the first root that was trusted to the one in this view. Throws UnavailableError. */
export type KeptRoots = (view: TrustedView) => Promise<ReadonlySet<string>>;

/** A root that was kept never changes, so each is read once. */
export function createKeptRoots(store: Pick<TrustedStore, "readRootAt">): KeptRoots {
  const byVersion = new Map<number, string>();
  let fingerprints: ReadonlySet<string> = new Set();
  return async ({ root }) => {
    const newest = root.value.version;
    if (byVersion.has(newest)) return fingerprints;
    const fresh = new Map([[newest, fingerprintOf(root.bytes)]]);
    for (let version = newest - 1; !byVersion.has(version); version -= 1) {
      const bytes = await store.readRootAt(version);
      if (bytes === undefined) break;
      fresh.set(version, fingerprintOf(bytes));
    }
    for (const [version, fingerprint] of fresh) byVersion.set(version, fingerprint);
    fingerprints = new Set(byVersion.values());
    return fingerprints;
  };
}

/** What an index answered from, if it did. */
export type Answered = {
  readonly index: string;
  readonly source?: { readonly keptRoots: KeptRoots };
  readonly ground?: Ground;
};

/** Why those who answered are fewer than they seem; what one of them says alone stands. */
export async function findOneVoice(
  answered: readonly Answered[],
  subject: string,
): Promise<Refusal | undefined> {
  const voices: Voice[] = [];
  try {
    for (const { ground, index, source } of answered) {
      if (source === undefined || ground === undefined) continue;
      voices.push({ index, roots: await source.keptRoots(ground.state.view) });
    }
    checkVoices(voices);
  } catch (error) {
    return refusalOf(error, subject);
  }
  return undefined;
}
