/** What the `tuf` scenarios work on. */
import type { TufPeers } from "#bench/peers/tuf-peers.ts";
import type { BenchRun } from "#bench/scenario.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import type { IndexShape } from "./large-index.ts";

/** A made index, which no scenario changes: each works on a copy of its tree. */
export type MadeIndex = {
  readonly shape: IndexShape;
  /** Its data folder. */
  readonly data: string;
  readonly names: readonly ProjectName[];
  /** As the results call it. */
  readonly title: string;
};

export type TufBench = BenchRun & { readonly peers: TufPeers };
