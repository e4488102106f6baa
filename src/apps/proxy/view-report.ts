/** What a proxy says about the state it stands on: for its status address, its log, and `holdfast status`. */
import type { View } from "#core/verdict/view.ts";
import { formatInstant } from "#formats/bytes/instant.ts";
import type { IndexAddress } from "./index-fetch.ts";
import type { IndexState } from "./index-view.ts";

export type ViewReport = {
  readonly index: string;
  readonly name: string;
  /** "expired": verified or offline, but past its life, so nothing is served from it. */
  readonly kind: "empty" | "expired" | "offline" | "refused" | "verified";
  readonly reportedAt: string;
  /** Since when it is offline or refused, or when it was verified. */
  readonly since?: string;
  readonly expiresAt?: string;
  readonly versions?: {
    readonly root: number;
    readonly timestamp: number;
    readonly snapshot: number;
    readonly targets: number;
  };
  readonly denied?: number;
  /** Why it is offline or refused. */
  readonly code?: string;
  readonly sentence?: string;
};

export function viewReport(
  view: View<IndexState>,
  config: { readonly address: IndexAddress; readonly name: string; readonly offlineForMs: number },
  now: Date,
): ViewReport {
  const head = {
    index: config.address.index.href,
    name: config.name,
    reportedAt: formatInstant(now),
  };
  switch (view.kind) {
    case "empty":
      return { ...head, kind: "empty" };
    case "refused": {
      const { code, sentence } = view.refusal;
      return { ...head, kind: "refused", since: formatInstant(view.since), code, sentence };
    }
    case "offline": {
      const { code, sentence } = view.refusal;
      const endMs = view.state.expiresAt.getTime() + config.offlineForMs;
      const kind = endMs <= now.getTime() ? "expired" : "offline";
      return {
        ...head,
        kind,
        since: formatInstant(view.since),
        ...stateReport(view.state),
        code,
        sentence,
      };
    }
    case "verified": {
      const kind = view.state.expiresAt <= now ? "expired" : "verified";
      return { ...head, kind, since: formatInstant(view.refreshedAt), ...stateReport(view.state) };
    }
  }
}

function stateReport({
  denials,
  expiresAt,
  view,
}: IndexState): Pick<ViewReport, "denied" | "expiresAt" | "versions"> {
  return {
    expiresAt: formatInstant(expiresAt),
    versions: {
      root: view.root.value.version,
      timestamp: view.timestamp.value.version,
      snapshot: view.snapshot.value.version,
      targets: view.targets.value.version,
    },
    denied: denials.length,
  };
}
