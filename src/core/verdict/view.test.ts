import assert from "node:assert/strict";
import { test } from "node:test";
import { TrustError, UnavailableError } from "#core/errors.ts";
import { refusalOf } from "./refusal.ts";
import { acceptRefresh, forcedRefreshWaitMs, isRefreshDue, standingOf } from "./view.ts";
import type { Living, RefreshOutcome, View } from "./view.ts";

type State = Living & { readonly name: string };

const second = 1_000;
const hour = 3_600 * second;
const start = new Date("2026-11-21T08:00:00Z");
const later = (ms: number): Date => new Date(start.getTime() + ms);
const aState = (name: string): State => ({ name, expiresAt: later(24 * hour) });
const verified = (name: string): RefreshOutcome<State> => ({
  kind: "verified",
  state: aState(name),
});
const nobody: RefreshOutcome<State> = {
  kind: "failed",
  refusal: refusalOf(new UnavailableError("network.connect", "Cannot connect"), "index"),
};
const lie: RefreshOutcome<State> = {
  kind: "failed",
  refusal: refusalOf(new TrustError("tuf.rollback", "Version went back"), "index"),
};
const empty: View<State> = { kind: "empty" };
const afterNothing = (): View<State> => ({ kind: "empty" });
const afterwards = (...outcomes: readonly RefreshOutcome<State>[]): View<State> => {
  let view: View<State> = afterNothing();
  for (const [index, outcome] of outcomes.entries()) {
    view = acceptRefresh(view, outcome, later(index * second));
  }
  return view;
};
const standing = (view: View<State>, at: Date, offlineForMs = 0): string => {
  const stands = standingOf(view, at, offlineForMs);
  if (stands.kind === "refused") return stands.refusal.code;
  const how = stands.offline?.prolonged === true ? " prolonged" : " offline";
  return `${stands.state.name}${stands.offline === undefined ? "" : how}`;
};

test("a view goes offline when nobody is there, and comes back", () => {
  assert.equal(standing(afterwards(verified("one")), start), "one");
  assert.equal(standing(afterwards(verified("one"), nobody, nobody), start), "one offline");
  assert.equal(standing(afterwards(verified("one"), nobody, verified("two")), start), "two");
});

test("a wrong answer refuses until a refresh succeeds, and silence does not lift it", () => {
  assert.equal(standing(afterwards(verified("one"), lie), start), "tuf.rollback");
  assert.equal(standing(afterwards(verified("one"), lie, nobody), start), "tuf.rollback");
  assert.equal(standing(afterwards(verified("one"), nobody, lie, nobody), start), "tuf.rollback");
  assert.equal(standing(afterwards(verified("one"), lie, verified("two")), start), "two");
});

test("a view that never verified anything says that nobody is there", () => {
  assert.equal(standing(afterwards(nobody), start), "network.connect");
  assert.equal(standing(afterwards(nobody, verified("one")), start), "one");
});

test("what an earlier process verified stands while nobody is there, not after a wrong answer", () => {
  const stored = aState("stored");
  assert.equal(standing(acceptRefresh(empty, nobody, start, stored), start), "stored offline");
  assert.equal(
    standing(acceptRefresh(afterwards(nobody), nobody, start, stored), start),
    "stored offline",
  );
  assert.equal(standing(acceptRefresh(empty, lie, start, stored), start), "tuf.rollback");
  assert.equal(
    standing(acceptRefresh(afterwards(lie), nobody, start, stored), start),
    "tuf.rollback",
  );
});

test("a state is served as long as it lives; offline, and only offline, it can be prolonged", () => {
  const fresh = afterwards(verified("one"));
  const offline = afterwards(verified("one"), nobody);
  assert.equal(standing(fresh, later(24 * hour - 1)), "one");
  assert.equal(standing(fresh, later(24 * hour)), "tuf.expired");
  assert.equal(standing(fresh, later(24 * hour), 2 * hour), "tuf.expired");
  assert.equal(standing(offline, later(24 * hour)), "tuf.expired");
  assert.equal(standing(offline, later(24 * hour), 2 * hour), "one prolonged");
  assert.equal(standing(offline, later(26 * hour)), "tuf.expired");
});

test("isRefreshDue() asks every refreshMs, and once a second while refused or expired", () => {
  const due = (view: View<State>, ms: number): boolean =>
    isRefreshDue(view, start, 10 * second, later(ms));
  const fresh = afterwards(verified("one"));
  assert.equal(isRefreshDue(afterNothing(), undefined, 10 * second, start), true);
  assert.deepEqual([due(fresh, 9_999), due(fresh, 10_000)], [false, true]);
  const refused = afterwards(lie);
  assert.deepEqual([due(refused, 999), due(refused, 1_000)], [false, true]);
  assert.deepEqual([due(fresh, 24 * hour), due(fresh, -5)], [true, true]);
  const offline = afterwards(verified("one"), nobody);
  assert.deepEqual([due(offline, 9_999), due(offline, 10_000)], [false, true]);
});

test("forcedRefreshWaitMs() lets one through a second", () => {
  assert.equal(forcedRefreshWaitMs(undefined, start), 0);
  const waits = [0, 400, 1_000, 5_000, -1].map((ms) => forcedRefreshWaitMs(start, later(ms)));
  assert.deepEqual(waits, [1_000, 600, 0, 0, 0]);
});
