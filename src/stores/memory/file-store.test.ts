import { testFileStore } from "#core/releases/file-store.contract.ts";
import { createMemoryFiles, createMemoryFileStore } from "./file-store.ts";

testFileStore("memory", async () => {
  const files = createMemoryFiles();
  return {
    store: createMemoryFileStore(files),
    reopen: async () => createMemoryFileStore(files),
    close: async () => {},
  };
});
