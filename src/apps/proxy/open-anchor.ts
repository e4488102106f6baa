/**
 * From what a person believes to a trusted root in the state folder (core/verdict/anchor.ts has the rules): shipped,
 * pinned, or met for the first time; and on every later start the question whether the index still has the same one.
 */
import { UnavailableError } from "#core/errors.ts";
import type { Clock, Fetch } from "#core/ports.ts";
import { clientLimits } from "#core/tuf/limits.ts";
import { trustRoot } from "#core/tuf/trusted-set.ts";
import type { TrustedStore } from "#core/tuf/trusted-store.ts";
import {
  anchorChanged,
  anchorMissing,
  checkAnchor,
  checkFirstRoot,
  fingerprintOf,
} from "#core/verdict/anchor.ts";
import type { Anchor, AnchorOrigin, AnchorStore, AnchorWish } from "#core/verdict/anchor.ts";
import { verdictLimits } from "#core/verdict/limits.ts";
import { refusalOf } from "#core/verdict/refusal.ts";
import { formatInstant } from "#formats/bytes/instant.ts";
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
  // The root first: an anchor without its root would be a promise about nothing.
  await ports.trustedStore.writeRoot(version, bytes);
  const kept = await ports.anchors.writeAnchor(anchor);
  if (kept.fingerprint !== anchor.fingerprint) throw anchorChanged(kept, anchor.fingerprint);
  return { anchor: kept, isNew: true };
}

async function openRemembered(
  ports: AnchorPorts,
  address: IndexAddress,
  wish: AnchorWish,
  remembered: Anchor,
): Promise<Anchor> {
  const newest = await ports.trustedStore.readRoot();
  if (newest === undefined) throw anchorMissing(remembered.index);
  const isNewest = wish.kind === "root" && fingerprintOf(wish.bytes) === fingerprintOf(newest);
  // A later root that this state has come to trust by itself is the same anchor.
  if (!isNewest) checkAnchor(remembered, wish, address.index.href);
  await checkOffered(ports, address, remembered);
  return await ports.anchors.writeAnchor({ ...remembered, index: address.index.href });
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
