/**
 * One index as a proxy stands on it: its own trust, view, pages, files and refusals. Nothing of one reaches another but
 * the cache, which is by hash and hashed again on every read. What is believed is decided in core/tuf and core/verdict.
 */
import type { Secret } from "#crypto/secret.ts";
import type { UnavailableError } from "#core/errors.ts";
import type { Clock, Fetch, FetchStream } from "#core/ports.ts";
import { clientLimits } from "#core/tuf/limits.ts";
import { addMilliseconds } from "#formats/bytes/instant.ts";
import { createUpdater } from "#core/tuf/updater.ts";
import type { TrustedStore } from "#core/tuf/trusted-store.ts";
import type { FileWish } from "#core/verdict/file-decision.ts";
import { verdictLimits } from "#core/verdict/limits.ts";
import type { Refusal, RefusalStore } from "#core/verdict/refusal.ts";
import type { VerifiedCache } from "#core/verdict/verified-cache.ts";
import type { View } from "#core/verdict/view.ts";
import { createByteBudget } from "./byte-budget.ts";
import type { ByteBudget } from "./byte-budget.ts";
import { createCheckedCache } from "./checked-cache.ts";
import { findFile } from "./file-lookup.ts";
import type { FileAnswer } from "./file-lookup.ts";
import { createIndexFetch } from "./index-fetch.ts";
import type { IndexAddress } from "./index-fetch.ts";
import { createIndexView } from "./index-view.ts";
import type { IndexState, IndexView } from "./index-view.ts";
import { createKeptRoots } from "./kept-roots.ts";
import type { KeptRoots } from "./kept-roots.ts";
import { createProjectFiles } from "./project-files.ts";
import type { ProjectFiles } from "./project-files.ts";
import { createProjectPages } from "./project-pages.ts";
import type { ProjectPages } from "./project-pages.ts";
import { viewReport } from "./view-report.ts";
import type { ViewReport } from "./view-report.ts";

export type SourceEvent =
  | { readonly event: "refresh"; readonly report: ViewReport }
  | { readonly event: "refusal"; readonly refusal: Refusal }
  | { readonly event: "cache-damage"; readonly sha256: string }
  | { readonly event: "cache-failure" | "evidence-failure"; readonly error: UnavailableError };

export type SourcePorts = {
  readonly clock: Clock;
  readonly sleep: (ms: number) => Promise<void>;
  readonly fetch: Fetch;
  readonly fetchStream: FetchStream;
  /** Holds a root already. */
  readonly trustedStore: TrustedStore;
  readonly cache: VerifiedCache;
  readonly refusals: RefusalStore;
  /** Must not throw. */
  readonly onEvent: (event: SourceEvent) => void;
};

export type SourceConfig = {
  readonly address: IndexAddress;
  /** For people. */
  readonly name: string;
  /** The value of the Authorization header, for the index alone. */
  readonly credentials?: () => Promise<Secret | undefined>;
  readonly refreshMs: number;
  readonly offlineForMs: number;
  readonly pinned: boolean;
  /** Shared with other indexes of the same proxy. */
  readonly budget?: ByteBudget;
};

export type IndexSource = {
  readonly indexView: IndexView;
  readonly keptRoots: KeptRoots;
  readonly pages: ProjectPages;
  readonly files: ProjectFiles;
  readonly findFile: (wish: FileWish, metadata: boolean) => Promise<FileAnswer>;
  /** From the view as it stands: a file that is a few seconds old may still be missing. */
  readonly peekFile: (wish: FileWish, metadata: boolean) => Promise<FileAnswer>;
  /** Keeps the refusal as this index's own, and tells it. */
  readonly refuse: (refusal: Refusal) => void;
  readonly report: () => ViewReport;
};

/** Bytes of whole files held for requests that are being answered. */
export const heldSizeMax: number = 256 * 1_024 * 1_024;

export function createIndexSource(ports: SourcePorts, config: SourceConfig): IndexSource {
  const { clock, onEvent } = ports;
  const base = config.address.mirror ?? config.address.index;
  const cache = createCheckedCache(ports.cache, (trouble) => {
    if (trouble.kind === "damaged") onEvent({ event: "cache-damage", sha256: trouble.sha256 });
    else onEvent({ event: "cache-failure", error: trouble.error });
  });
  const targetsUrl = new URL("targets/", base);
  let isOffline = false;
  const indexFetch = createIndexFetch(ports, {
    address: config.address,
    patienceMs: () => (isOffline ? verdictLimits.offlineAttemptMs : clientLimits.idleMs),
    credentials: config.credentials ?? (async () => undefined),
  });
  const updaterPorts = { clock, fetch: indexFetch.fetchDocument, store: ports.trustedStore };
  const updaterConfig = { metadataUrl: new URL("tuf/", base) };
  const updater = createUpdater(updaterPorts, updaterConfig);
  const past = (): Date => addMilliseconds(clock(), -config.offlineForMs);
  const storedUpdater = createUpdater({ ...updaterPorts, clock: past }, updaterConfig);
  const refuse = createRefuser(ports);
  const report = (view: View<IndexState>): ViewReport => viewReport(view, config, clock());
  const onRefresh = (view: View<IndexState>, failed: Refusal | undefined): void => {
    isOffline = view.kind === "offline";
    if (failed?.kind === "wrong") refuse(failed);
    onEvent({ event: "refresh", report: report(view) });
  };
  const indexView = createIndexView(
    {
      ...ports,
      cache,
      indexFetch,
      updater,
      onRefresh,
      openStored: () => storedUpdater.openStored(),
    },
    { ...config, targetsUrl },
  );
  const pages = createProjectPages({ clock, indexView, indexFetch, cache, targetsUrl });
  const budget = config.budget ?? createByteBudget(heldSizeMax);
  const files = createProjectFiles({ clock, indexFetch, cache, budget, onStreamRefused: refuse });
  const lookup = { clock, indexView, pages, base: new URL("files/", base) };
  return {
    indexView,
    keptRoots: createKeptRoots(ports.trustedStore),
    pages,
    files,
    findFile: (wish, metadata) => findFile(lookup, wish, metadata, true),
    peekFile: (wish, metadata) => findFile(lookup, wish, metadata, false),
    refuse,
    report: () => report(indexView.current()),
  };
}

/** Keeps refusals with their evidence and tells them; that they cannot be kept is told too. */
export function createRefuser({
  clock,
  onEvent,
  refusals,
}: Pick<SourcePorts, "clock" | "onEvent" | "refusals">): (refusal: Refusal) => void {
  return (refusal) => {
    onEvent({ event: "refusal", refusal });
    refusals.recordRefusal(refusal, clock()).catch((error: UnavailableError) => {
      onEvent({ event: "evidence-failure", error });
    });
  };
}
