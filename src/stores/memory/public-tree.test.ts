import { testPublicTree } from "#core/publication/public-tree.contract.ts";
import { createMemoryPublicTree } from "./public-tree.ts";

testPublicTree("memory", async () => ({
  tree: createMemoryPublicTree(),
  close: async () => {},
}));
