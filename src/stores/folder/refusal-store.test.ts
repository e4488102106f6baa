import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testRefusalStore } from "#core/verdict/refusal-store.contract.ts";
import { createFolderRefusalStore } from "./refusal-store.ts";

testRefusalStore("folder", async () => {
  const state = await mkdtemp(join(tmpdir(), "holdfast-evidence-"));
  return {
    store: createFolderRefusalStore(state),
    reopen: () => createFolderRefusalStore(state),
    close: () => rm(state, { recursive: true }),
  };
});
