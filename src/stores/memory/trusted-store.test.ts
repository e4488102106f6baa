import { testTrustedStore } from "#core/tuf/trusted-store.contract.ts";
import { createMemoryTrustedStore } from "./trusted-store.ts";

testTrustedStore("memory", async () => {
  const store = createMemoryTrustedStore();
  return { store, reopen: () => store, close: async () => undefined };
});
