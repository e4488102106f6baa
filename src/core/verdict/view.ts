/**
 * The view: which state of the index a proxy stands on (design 9). A refresh either verifies, finds nobody there, or is
 * told something that cannot be believed; what follows from each is decided here and nowhere else.
 *
 * - Nobody there: the last verified state, saying so, for as long as it lives.
 * - A wrong answer: nothing is served until a refresh succeeds. Nobody there afterwards does not lift that.
 */
import { TrustError } from "#core/errors.ts";
import { formatInstant } from "#formats/bytes/instant.ts";
import { verdictLimits } from "./limits.ts";
import { refusalOf } from "./refusal.ts";
import type { Refusal } from "./refusal.ts";

/** What a view is made of: anything verified that lives until `expiresAt`. */
export type Living = { readonly expiresAt: Date };

export type View<T extends Living> =
  /** Nothing was tried yet. */
  | { readonly kind: "empty" }
  | { readonly kind: "verified"; readonly state: T; readonly refreshedAt: Date }
  | {
      readonly kind: "offline";
      readonly state: T;
      readonly since: Date;
      readonly refusal: Refusal;
    }
  | { readonly kind: "refused"; readonly since: Date; readonly refusal: Refusal };

export type RefreshOutcome<T extends Living> =
  | { readonly kind: "verified"; readonly state: T }
  | { readonly kind: "failed"; readonly refusal: Refusal };

/** The next view. `stored` is the state an earlier process left, asked for only when there is none yet. */
export function acceptRefresh<T extends Living>(
  view: View<T>,
  outcome: RefreshOutcome<T>,
  now: Date,
  stored?: T,
): View<T> {
  if (outcome.kind === "verified") {
    return { kind: "verified", state: outcome.state, refreshedAt: now };
  }
  const { refusal } = outcome;
  if (refusal.kind === "wrong") return { kind: "refused", since: now, refusal };
  switch (view.kind) {
    case "verified":
      return { kind: "offline", state: view.state, since: now, refusal };
    case "offline":
      return { ...view, refusal };
    case "refused":
      // Whoever lied may well be silent now; only a verified answer ends a refusal. The exception is a proxy that
      // never verified anything: there the refusal only said that nobody was there.
      if (view.refusal.kind === "wrong") return view;
      return stored === undefined
        ? { kind: "refused", since: view.since, refusal }
        : { kind: "offline", state: stored, since: view.since, refusal };
    case "empty":
      return stored === undefined
        ? { kind: "refused", since: now, refusal }
        : { kind: "offline", state: stored, since: now, refusal };
  }
}

/** Whether to ask the index before answering from `view`. `attemptedAt`: when the last refresh began, if there was one. */
export function isRefreshDue<T extends Living>(
  view: View<T>,
  attemptedAt: Date | undefined,
  refreshMs: number,
  now: Date,
): boolean {
  if (attemptedAt === undefined || view.kind === "empty") return true;
  const sinceMs = now.getTime() - attemptedAt.getTime();
  // A clock that was set back must not hold refreshes off for as long.
  if (sinceMs < 0) return true;
  const expired = view.kind === "verified" && view.state.expiresAt <= now;
  const soon = expired || view.kind === "refused";
  return sinceMs >= (soon ? Math.min(refreshMs, verdictLimits.forcedRefreshMs) : refreshMs);
}

/** How long a refresh that was asked for because of a missing name or file has to wait: one a second. */
export function forcedRefreshWaitMs(forcedAt: Date | undefined, now: Date): number {
  const sinceMs = forcedAt === undefined ? -1 : now.getTime() - forcedAt.getTime();
  return sinceMs < 0 ? 0 : Math.max(0, verdictLimits.forcedRefreshMs - sinceMs);
}

export type Standing<T extends Living> =
  | { readonly kind: "stands"; readonly state: T; readonly offline: Offline | undefined }
  | { readonly kind: "refused"; readonly refusal: Refusal };

export type Offline = {
  readonly since: Date;
  readonly refusal: Refusal;
  /** Set when the state is expired and served only because of `--offline-for`. */
  readonly prolonged: boolean;
};

/** What may be served from `view` now. `offlineForMs` prolongs the life of a state while the index is not there. */
export function standingOf<T extends Living>(
  view: View<T>,
  now: Date,
  offlineForMs: number,
): Standing<T> {
  if (view.kind === "refused") return { kind: "refused", refusal: view.refusal };
  if (view.kind === "empty")
    throw new Error("Invariant broken: a view is looked at before a refresh");
  const { state } = view;
  const expired = state.expiresAt <= now;
  if (view.kind === "verified") {
    return expired
      ? { kind: "refused", refusal: expiredRefusal(state, "no newer metadata was published") }
      : { kind: "stands", state, offline: undefined };
  }
  const { since, refusal } = view;
  if (expired && state.expiresAt.getTime() + offlineForMs <= now.getTime()) {
    return {
      kind: "refused",
      refusal: expiredRefusal(state, `the index cannot be reached (${refusal.sentence})`),
    };
  }
  return { kind: "stands", state, offline: { since, refusal, prolonged: expired } };
}

function expiredRefusal(state: Living, reason: string): Refusal {
  const expiresAt = formatInstant(state.expiresAt);
  const message = `What was verified of the index expired at ${expiresAt}, and ${reason}`;
  return refusalOf(new TrustError("tuf.expired", message, { expiresAt }), "index");
}
