/**
 * From what a person believes to a trusted root in the state folder (core/verdict/anchor.ts has the rules): shipped,
 * pinned, or met for the first time; and on every later start the question whether the index still has the same one.
 */
import { TrustError, UnavailableError } from "#core/errors.ts";
import type { Clock, Fetch } from "#core/ports.ts";
import { clientLimits } from "#core/tuf/limits.ts";
import { acceptRoot, trustRoot } from "#core/tuf/trusted-set.ts";
import type { TrustedStore } from "#core/tuf/trusted-store.ts";
import {
  anchorChanged,
  anchorMissing,
  checkAnchor,
  checkFirstRoot,
  fingerprintOf,
  rootsChanged,
} from "#core/verdict/anchor.ts";
import type { Anchor, AnchorOrigin, AnchorStore, AnchorWish } from "#core/verdict/anchor.ts";
import { verdictLimits } from "#core/verdict/limits.ts";
import { refusalOf } from "#core/verdict/refusal.ts";
import { formatInstant } from "#formats/bytes/instant.ts";
import { FormatError } from "#formats/format-error.ts";
import type { IndexAddress } from "./index-fetch.ts";

export type AnchorPorts = {
  readonly clock: Clock;
  /** Throws for every status but 200 and "not there". */
  readonly fetchDocument: Fetch;
  readonly anchors: AnchorStore;
  readonly trustedStore: TrustedStore;
};

export type OpenedAnchor = {
  readonly anchor: Anchor;
  /** Trusted just now, for the first time: to be said aloud. */
  readonly isNew: boolean;
};

const origins: Readonly<Record<"fingerprint" | "first-use" | "root", AnchorOrigin>> = {
  root: "root",
  fingerprint: "fingerprint",
  "first-use": "first-use",
};

/**
 * Afterwards the store has a root. Throws TrustError `anchor.*`, FormatError and TrustError of a root that is none, and
 * UnavailableError when the first root must be fetched and nobody is there.
 */
export async function openAnchor(
  ports: AnchorPorts,
  address: IndexAddress,
  wish: AnchorWish,
): Promise<OpenedAnchor> {
  const remembered = await ports.anchors.readAnchor();
  if (remembered !== undefined) {
    return { anchor: await openRemembered(ports, address, wish, remembered), isNew: false };
  }
  const index = address.index.href;
  if (wish.kind === "remembered") throw anchorMissing(index);
  const bytes =
    wish.kind === "root" ? wish.bytes : await fetchFirstRoot(ports, address, clientLimits.idleMs);
  checkFirstRoot(wish, bytes, index);
  const { root } = trustRoot(bytes);
  const { version } = root.value;
  const anchor: Anchor = {
    index,
    fingerprint: fingerprintOf(bytes),
    rootVersion: version,
    origin: origins[wish.kind],
    time: formatInstant(ports.clock()),
  };
  // The anchor first, where the first writer wins: nobody else's root may ever lie among the trusted ones.
  const kept = await ports.anchors.writeAnchor(anchor);
  if (kept.fingerprint !== anchor.fingerprint) throw anchorChanged(kept, anchor.fingerprint);
  await ports.trustedStore.writeRoot(version, bytes);
  await checkKeptRoots(ports.trustedStore, kept, bytes);
  return { anchor: kept, isNew: true };
}

async function openRemembered(
  ports: AnchorPorts,
  address: IndexAddress,
  wish: AnchorWish,
  remembered: Anchor,
): Promise<Anchor> {
  const newest = await ports.trustedStore.readRoot();
  const isNewest =
    wish.kind === "root" &&
    newest !== undefined &&
    fingerprintOf(wish.bytes) === fingerprintOf(newest);
  // A later root that this state has come to trust by itself is the same anchor.
  if (!isNewest) checkAnchor(remembered, wish, address.index.href);
  const first = await openFirstRoot(ports, address, wish, remembered);
  await checkKeptRoots(ports.trustedStore, remembered, first);
  await checkOffered(ports, address, remembered);
  return await ports.anchors.writeAnchor({ ...remembered, index: address.index.href });
}

/** The root that the anchor is about. It is not kept yet where the process that remembered the anchor ended too soon. */
async function openFirstRoot(
  ports: AnchorPorts,
  address: IndexAddress,
  wish: AnchorWish,
  remembered: Anchor,
): Promise<Uint8Array> {
  const { fingerprint, index, rootVersion } = remembered;
  const kept = await ports.trustedStore.readRootAt(rootVersion);
  if (kept !== undefined) return kept;
  const isGiven = wish.kind === "root" && fingerprintOf(wish.bytes) === fingerprint;
  if (!isGiven && rootVersion !== 1) throw anchorMissing(index);
  const bytes = isGiven ? wish.bytes : await fetchFirstRoot(ports, address, clientLimits.idleMs);
  if (fingerprintOf(bytes) !== fingerprint) throw anchorChanged(remembered, fingerprintOf(bytes));
  await ports.trustedStore.writeRoot(rootVersion, bytes);
  return bytes;
}

/**
 * The updater begins at the newest root that is kept, so what is kept must be the anchor and its successors, each signed
 * by the one before: a root that lies there for another reason is believed by nobody.
 */
async function checkKeptRoots(
  store: TrustedStore,
  anchor: Anchor,
  first: Uint8Array,
): Promise<void> {
  const fingerprint = fingerprintOf(first);
  if (fingerprint !== anchor.fingerprint) throw anchorChanged(anchor, fingerprint);
  let { root } = trustRoot(first);
  try {
    for (;;) {
      const next = await store.readRootAt(root.value.version + 1);
      if (next === undefined) break;
      ({ root } = acceptRoot({ root, past: {} }, next));
    }
  } catch (error) {
    if (!(error instanceof TrustError || error instanceof FormatError)) throw error;
    throw rootsChanged(anchor, error);
  }
  const newest = await store.readRoot();
  if (newest === undefined || fingerprintOf(newest) !== fingerprintOf(root.bytes)) {
    throw rootsChanged(anchor);
  }
}

/** `anchor.changed` when the index has another first root now; nothing when nobody is there to ask. */
async function checkOffered(
  ports: AnchorPorts,
  address: IndexAddress,
  remembered: Anchor,
): Promise<void> {
  if (remembered.rootVersion !== 1) return;
  let offered: Uint8Array;
  try {
    offered = await fetchFirstRoot(ports, address, verdictLimits.offlineAttemptMs);
  } catch (error) {
    // Not there, or not to be had: the refresh that follows says so, with what stands meanwhile.
    refusalOf(error, "index");
    return;
  }
  const fingerprint = fingerprintOf(offered);
  if (fingerprint !== remembered.fingerprint) throw anchorChanged(remembered, fingerprint);
}

async function fetchFirstRoot(
  { fetchDocument }: AnchorPorts,
  { index, mirror }: IndexAddress,
  idleMs: number,
): Promise<Uint8Array> {
  const url = new URL("tuf/1.root.json", mirror ?? index);
  const { rootSizeMax: sizeMax, totalMs } = clientLimits;
  const { body, status } = await fetchDocument({ url }, { idleMs, sizeMax, totalMs });
  if (status === 200) return body;
  throw new UnavailableError("network.status", `There is no index at ${url.href} (${status})`);
}
