import { testAnchorStore } from "#core/verdict/anchor-store.contract.ts";
import { createMemoryAnchorStore } from "./anchor-store.ts";

testAnchorStore("memory", async () => {
  const store = createMemoryAnchorStore();
  return { store, reopen: () => store, close: async () => undefined };
});
