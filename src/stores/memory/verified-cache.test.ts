import { testVerifiedCache } from "#core/verdict/verified-cache.contract.ts";
import { createMemoryCache } from "./verified-cache.ts";

testVerifiedCache("memory", async () => {
  const cache = createMemoryCache(1_000);
  return {
    cache,
    reopen: async () => cache,
    damage: async (sha256, bytes) => cache.damage(sha256, bytes),
    tick: () => undefined,
    close: async () => undefined,
  };
});
