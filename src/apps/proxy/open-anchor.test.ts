import assert from "node:assert/strict";
import { test } from "node:test";
import { fingerprintOf } from "#core/verdict/anchor.ts";
import type { AnchorWish } from "#core/verdict/anchor.ts";
import { createMemoryAnchorStore } from "#stores/memory/anchor-store.ts";
import { createMemoryTrustedStore } from "#stores/memory/trusted-store.ts";
import { createSimClock } from "#world/sim-clock.ts";
import { SimIndex, simOrigin } from "#world/sim-index.ts";
import { createSimNetwork } from "#world/sim-network.ts";
import { actor } from "#world/tuf-repository.ts";
import { openAnchor } from "./open-anchor.ts";
import type { OpenedAnchor } from "./open-anchor.ts";

const index = new URL(`${simOrigin}/`);

async function aPlace() {
  const network = createSimNetwork();
  const honest = await new SimIndex().open();
  network.serve(simOrigin, honest.answer);
  const anchors = createMemoryAnchorStore();
  const trustedStore = createMemoryTrustedStore();
  const clock = createSimClock("2026-11-21T08:00:00Z").now;
  const open = (wish: AnchorWish, at = index): Promise<OpenedAnchor> =>
    openAnchor({ clock, fetchDocument: network.fetch, anchors, trustedStore }, { index: at }, wish);
  const other = new SimIndex();
  other.tuf.keys.root.signers = [actor("mallory")];
  await other.open();
  return { network, honest, anchors, trustedStore, open, other };
}

const firstUse: AnchorWish = { kind: "first-use", witnessed: true };

test("openAnchor() takes a shipped root without asking anybody", async () => {
  const { honest, network, open, trustedStore } = await aPlace();
  const { anchor, isNew } = await open({ kind: "root", bytes: honest.root });
  assert.deepEqual([isNew, anchor.origin, anchor.rootVersion], [true, "root", 1]);
  assert.equal(anchor.fingerprint, fingerprintOf(honest.root));
  assert.deepEqual(await trustedStore.readRoot(), honest.root);
  assert.equal(network.requests.length, 0);
});

test("openAnchor() fetches the root that a fingerprint or a first use is about", async () => {
  for (const kind of ["fingerprint", "first-use"] as const) {
    const { honest, open } = await aPlace();
    const wish: AnchorWish =
      kind === "fingerprint" ? { kind, fingerprint: fingerprintOf(honest.root) } : firstUse;
    const { anchor, isNew } = await open(wish);
    assert.deepEqual([isNew, anchor.origin], [true, kind]);
    const again = await open({ kind: "remembered" });
    assert.deepEqual(again, { anchor, isNew: false });
  }
});

test("openAnchor() refuses another root than the pinned one, and remembers nothing", async () => {
  const { anchors, honest, network, open, other, trustedStore } = await aPlace();
  network.serve(simOrigin, other.answer);
  const pinned: AnchorWish = { kind: "fingerprint", fingerprint: fingerprintOf(honest.root) };
  await assert.rejects(open(pinned), { code: "anchor.fingerprint" });
  assert.equal(await anchors.readAnchor(), undefined);
  assert.equal(await trustedStore.readRoot(), undefined);
});

test("openAnchor() refuses an anchor that changed, with both fingerprints, and keeps the old one", async () => {
  const { anchors, honest, network, open, other, trustedStore } = await aPlace();
  await open(firstUse);
  network.serve(simOrigin, other.answer);
  const both = new RegExp(
    `${fingerprintOf(honest.root)}.*${fingerprintOf(other.root)}.*remove the state folder`,
  );
  for (const wish of [
    firstUse,
    { kind: "remembered" } as const,
    { kind: "root", bytes: other.root } as const,
  ]) {
    await assert.rejects(open(wish), { name: "TrustError", code: "anchor.changed", message: both });
  }
  assert.equal((await anchors.readAnchor())?.fingerprint, fingerprintOf(honest.root));
  assert.deepEqual(await trustedStore.readRoot(), honest.root);
  network.serve(simOrigin, honest.answer);
  assert.equal((await open({ kind: "remembered" })).isNew, false);
});

test("openAnchor() needs somebody who sees a first use, and an anchor at all", async () => {
  const { open } = await aPlace();
  await assert.rejects(open({ kind: "first-use", witnessed: false }), { code: "anchor.missing" });
  await assert.rejects(open({ kind: "remembered" }), { code: "anchor.missing" });
});

test("openAnchor() goes on with a remembered anchor while nobody is there", async () => {
  const { network, open } = await aPlace();
  await open(firstUse);
  network.serve(simOrigin, undefined);
  assert.equal((await open({ kind: "remembered" })).isNew, false);
  const fresh = await aPlace();
  fresh.network.serve(simOrigin, undefined);
  await assert.rejects(fresh.open(firstUse), { code: "network.connect" });
});

test("openAnchor() follows an index to another address only when its anchor is given", async () => {
  const { honest, network, open } = await aPlace();
  await open(firstUse);
  const moved = new URL("https://new.example/");
  network.serve(moved.origin, honest.answer);
  await assert.rejects(open(firstUse, moved), { code: "anchor.changed" });
  const { anchor } = await open({ kind: "root", bytes: honest.root }, moved);
  assert.equal(anchor.index, moved.href);
});

test("openAnchor() refuses a root that is none", async () => {
  const { honest, open, network } = await aPlace();
  const bytes = new TextEncoder().encode("{}");
  await assert.rejects(open({ kind: "root", bytes }), { name: "FormatError" });
  honest.tuf.signers.set("root", [actor("mallory")]);
  const unsigned = await honest.tuf.sign("root");
  network.serve(simOrigin, async () => ({ status: 200, body: unsigned }));
  await assert.rejects(open(firstUse), { code: "tuf.threshold" });
});

test("openAnchor() leaves nothing of a first use that lost against a pinned root", async () => {
  const { anchors, honest, network, open, other, trustedStore } = await aPlace();
  // The thief's first root says that it is a later one, which would be the newest.
  other.tuf.draft("root").version = 9;
  network.serve(simOrigin, async () => ({ status: 200, body: await other.tuf.sign("root") }));
  const losing = open(firstUse);
  await anchors.writeAnchor({
    index: index.href,
    fingerprint: fingerprintOf(honest.root),
    rootVersion: 1,
    origin: "root",
    time: "2026-11-21T08:00:00Z",
  });
  await assert.rejects(losing, { code: "anchor.changed" });
  assert.equal(trustedStore.roots.size, 0);
  network.serve(simOrigin, honest.answer);
  await open({ kind: "remembered" });
  assert.deepEqual(await trustedStore.readRoot(), honest.root);
});

test("openAnchor() believes no root in its folder that the anchor does not lead to", async () => {
  for (const version of [2, 9]) {
    const { network, open, other, trustedStore } = await aPlace();
    await open(firstUse);
    other.tuf.draft("root").version = version;
    await trustedStore.writeRoot(version, await other.tuf.sign("root"));
    const requests = network.requests.length;
    await assert.rejects(open({ kind: "remembered" }), { code: "anchor.changed" });
    assert.equal(network.requests.length, requests);
  }
  const { open, other, trustedStore } = await aPlace();
  await open(firstUse);
  await trustedStore.writeRoot(1, other.root);
  await assert.rejects(open({ kind: "remembered" }), { code: "anchor.changed" });
});

test("openAnchor() goes on where it was ended between the anchor and its root", async () => {
  const { anchors, honest, network, open, other, trustedStore } = await aPlace();
  const { anchor } = await open(firstUse);
  const fresh = await aPlace();
  await fresh.anchors.writeAnchor(anchor);
  fresh.network.serve(simOrigin, other.answer);
  await assert.rejects(fresh.open({ kind: "remembered" }), { code: "anchor.changed" });
  assert.equal(await fresh.trustedStore.readRoot(), undefined);
  fresh.network.serve(simOrigin, honest.answer);
  await fresh.open({ kind: "remembered" });
  assert.deepEqual(await fresh.trustedStore.readRoot(), honest.root);
  assert.deepEqual([await anchors.readAnchor(), network.requests.length > 0], [anchor, true]);
  assert.deepEqual(await trustedStore.readRoot(), honest.root);
});
