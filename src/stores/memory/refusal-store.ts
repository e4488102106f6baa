/** Refusals that are forgotten with the process: for tests and simulated worlds. */
import { verdictLimits } from "#core/verdict/limits.ts";
import { countRefusal } from "#core/verdict/refusal.ts";
import type { RefusalRecord, RefusalStore } from "#core/verdict/refusal.ts";

export function createMemoryRefusalStore(): RefusalStore {
  /** The oldest first. */
  const records = new Map<string, RefusalRecord>();
  return {
    recordRefusal: async (refusal, at) => {
      const key = `${refusal.code} ${refusal.subject}`;
      const record = countRefusal(refusal, records.get(key), at);
      records.delete(key);
      records.set(key, record);
      const [oldest] = records.keys();
      if (records.size > verdictLimits.refusalsMax && oldest !== undefined) records.delete(oldest);
    },
    readRefusals: async () => [...records.values()].toReversed(),
  };
}
