/** A trust anchor that is forgotten with the process: for tests and simulated worlds. */
import type { Anchor, AnchorStore } from "#core/verdict/anchor.ts";

export function createMemoryAnchorStore(): AnchorStore {
  let kept: Anchor | undefined;
  return {
    readAnchor: async () => kept,
    writeAnchor: async (anchor) => {
      if (kept === undefined) kept = anchor;
      else if (kept.fingerprint === anchor.fingerprint) kept = { ...kept, index: anchor.index };
      return kept;
    },
  };
}
