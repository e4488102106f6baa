/** The public tree on this machine, followed from its first root by the client's own rules. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Clock } from "#core/ports.ts";
import { trustRoot } from "#core/tuf/trusted-set.ts";
import { createUpdater } from "#core/tuf/updater.ts";
import type { DataFolder } from "#stores/folder/data-folder.ts";
import { fetchFile } from "#stores/folder/file-fetch.ts";
import { createMemoryTrustedStore } from "#stores/memory/trusted-store.ts";
import type { MemoryTrustedStore } from "#stores/memory/trusted-store.ts";

export type FollowedTree = {
  /** What the client accepted, which is everything up to the first fault. */
  readonly store: MemoryTrustedStore;
  /** Why clients refuse it, where they do. */
  readonly problem: string | undefined;
};

/** A page that no index has: looking for it passes every role that a client passes. */
const soughtPages = ["deny.json", "simple/0/index.json"];

/** undefined: there is no first root. */
export async function followTree(
  data: DataFolder,
  clock: Clock,
): Promise<FollowedTree | undefined> {
  const folder = metadataFolder(data);
  const firstRoot = join(folder, "1.root.json");
  if (!existsSync(firstRoot)) return undefined;
  const store = createMemoryTrustedStore();
  try {
    const bytes = new Uint8Array(readFileSync(firstRoot));
    await store.writeRoot(trustRoot(bytes).root.value.version, bytes);
    const metadataUrl = pathToFileURL(`${folder}/`);
    const updater = createUpdater({ clock, fetch: fetchFile, store }, { metadataUrl });
    const view = await updater.refresh();
    for (const path of soughtPages) await updater.findTarget(view, path);
    return { store, problem: undefined };
  } catch (error) {
    return { store, problem: error instanceof Error ? error.message : String(error) };
  }
}

export function metadataFolder(data: DataFolder): string {
  return join(data.publicTree, "tuf");
}
