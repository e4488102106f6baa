import { testSignerStore } from "#core/publication/signer-store.contract.ts";
import { backupSignerDisk, createMemorySignerStore, emptySignerDisk } from "./signer-store.ts";

testSignerStore("memory", async () => {
  const disk = emptySignerDisk();
  return {
    store: createMemorySignerStore(disk),
    reopen: async () => createMemorySignerStore(disk),
    restore: async () => createMemorySignerStore(backupSignerDisk(disk)),
    close: async () => {},
  };
});
