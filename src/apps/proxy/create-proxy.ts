/**
 * The verifying proxy (design 9): a Simple API on loopback that answers only what it verified. This file puts the parts
 * together and answers requests; what is believed is decided in core/tuf and core/verdict.
 */
import type { Secret } from "#crypto/secret.ts";
import type { UnavailableError } from "#core/errors.ts";
import type { Clock, Fetch, FetchStream } from "#core/ports.ts";
import { clientLimits } from "#core/tuf/limits.ts";
import { addMilliseconds } from "#formats/bytes/instant.ts";
import { createUpdater } from "#core/tuf/updater.ts";
import type { TrustedStore } from "#core/tuf/trusted-store.ts";
import { verdictLimits } from "#core/verdict/limits.ts";
import type { Refusal, RefusalStore } from "#core/verdict/refusal.ts";
import type { VerifiedCache } from "#core/verdict/verified-cache.ts";
import type { View } from "#core/verdict/view.ts";
import { createCheckedCache } from "./checked-cache.ts";
import type { ProxyHandler, ProxyResponse } from "./exchange.ts";
import { findFile } from "./file-lookup.ts";
import { createIndexFetch } from "./index-fetch.ts";
import type { IndexAddress } from "./index-fetch.ts";
import { createIndexView } from "./index-view.ts";
import type { IndexState, IndexView } from "./index-view.ts";
import { createProjectFiles } from "./project-files.ts";
import { createProjectPages } from "./project-pages.ts";
import type { ProjectPages } from "./project-pages.ts";
import { ownProblem } from "./refusal-response.ts";
import { RequestHandler } from "./request-handler.ts";
import type { ListenAddress } from "./request-guard.ts";
import { viewReport } from "./view-report.ts";
import type { ViewReport } from "./view-report.ts";

export type ProxyEvent =
  | { readonly event: "refresh"; readonly report: ViewReport }
  | { readonly event: "refusal"; readonly refusal: Refusal }
  | { readonly event: "cache-damage"; readonly sha256: string }
  | { readonly event: "cache-failure" | "evidence-failure"; readonly error: UnavailableError }
  | { readonly event: "failure"; readonly error: unknown; readonly path: string };

export type ProxyPorts = {
  readonly clock: Clock;
  readonly sleep: (ms: number) => Promise<void>;
  readonly fetch: Fetch;
  readonly fetchStream: FetchStream;
  /** Holds a root already. */
  readonly trustedStore: TrustedStore;
  readonly cache: VerifiedCache;
  readonly refusals: RefusalStore;
  /** Must not throw. */
  readonly onEvent: (event: ProxyEvent) => void;
};

export type ProxyConfig = {
  readonly address: IndexAddress;
  /** The first segment of every address. */
  readonly name: string;
  readonly listen: ListenAddress;
  /** The value of the Authorization header, for the index alone. */
  readonly credentials?: () => Promise<Secret | undefined>;
  readonly refreshMs: number;
  readonly offlineForMs: number;
  readonly pinned: boolean;
  /** Tells a running proxy from another one on its port. */
  readonly instance: string;
};

export type Proxy = {
  readonly handle: ProxyHandler;
  readonly indexView: IndexView;
  readonly pages: ProjectPages;
  readonly report: () => ViewReport;
};

export function createProxy(ports: ProxyPorts, config: ProxyConfig): Proxy {
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
  const refuse = (refusal: Refusal): void => {
    onEvent({ event: "refusal", refusal });
    ports.refusals.recordRefusal(refusal, clock()).catch((error: UnavailableError) => {
      onEvent({ event: "evidence-failure", error });
    });
  };
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
  const files = createProjectFiles({ clock, indexFetch, cache, onStreamRefused: refuse });
  const lookup = { clock, indexView, pages, base: new URL("files/", base) };
  const handler = new RequestHandler({
    ...config,
    pages,
    files,
    findFile: (wish, metadata) => findFile(lookup, wish, metadata),
    refuse,
    report: () => report(indexView.current()),
  });
  return {
    indexView,
    pages,
    report: () => report(indexView.current()),
    handle: async (request) => {
      try {
        return withCommonHeaders(await handler.answer(request));
      } catch (error) {
        onEvent({ event: "failure", error, path: request.path.slice(0, 300) });
        return withCommonHeaders(ownProblem("server.failed", "The proxy failed: its log says why"));
      }
    },
  };
}

function withCommonHeaders(response: ProxyResponse): ProxyResponse {
  const { body, headers } = response;
  const length =
    body instanceof Uint8Array && headers["content-length"] === undefined && response.status !== 304
      ? { "content-length": String(body.length) }
      : {};
  return {
    ...response,
    headers: { ...headers, ...length, "x-content-type-options": "nosniff" },
  };
}
