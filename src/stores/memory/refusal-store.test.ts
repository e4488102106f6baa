import { testRefusalStore } from "#core/verdict/refusal-store.contract.ts";
import { createMemoryRefusalStore } from "./refusal-store.ts";

testRefusalStore("memory", async () => {
  const store = createMemoryRefusalStore();
  return { store, reopen: () => store, close: async () => undefined };
});
