/**
 * Trust anchors (design 9): the first root a proxy believes, and what it does when another one is offered. An anchor is
 * written once and never replaced by this program; who wants another one says so by hand.
 */
import { sha256Hex } from "#crypto/hash.ts";
import { TrustError } from "#core/errors.ts";

/** How the first root came to be believed. */
export type AnchorOrigin = "root" | "fingerprint" | "first-use";

export type Anchor = {
  /** The index it was met at; says where, never whether. */
  readonly index: string;
  /** `sha256:` and the hash of the root's exact bytes. */
  readonly fingerprint: string;
  /** Of the root that has this fingerprint; 1 unless a later one was shipped. */
  readonly rootVersion: number;
  readonly origin: AnchorOrigin;
  /** `YYYY-MM-DDTHH:MM:SSZ` */
  readonly time: string;
};

export type AnchorStore = {
  readonly readAnchor: () => Promise<Anchor | undefined>;
  /**
   * Durable on return. Never overwrites an anchor with another fingerprint, not even one that appeared a moment ago:
   * answers the one that is kept then. With the same fingerprint the index's address is brought up to date.
   */
  readonly writeAnchor: (anchor: Anchor) => Promise<Anchor>;
};

/** What the person said to believe in. */
export type AnchorWish =
  | { readonly kind: "root"; readonly bytes: Uint8Array }
  | { readonly kind: "fingerprint"; readonly fingerprint: string }
  | {
      readonly kind: "first-use";
      /** A person reads what is said: a terminal is there, or somebody made a place where it is remembered. */
      readonly witnessed: boolean;
    }
  /** Nothing said: only an anchor that is remembered already will do. */
  | { readonly kind: "remembered" };

export function fingerprintOf(root: Uint8Array): string {
  return `sha256:${sha256Hex(root)}`;
}

export function isFingerprint(text: string): boolean {
  return /^sha256:[0-9a-f]{64}$/.test(text);
}

/** The remembered anchor when it is the one that is wished for; `anchor.changed` when it is another. */
export function checkAnchor(remembered: Anchor, wish: AnchorWish, index: string): void {
  if (wish.kind === "root" || wish.kind === "fingerprint") {
    const wished = wish.kind === "root" ? fingerprintOf(wish.bytes) : wish.fingerprint;
    if (wished !== remembered.fingerprint) throw anchorChanged(remembered, wished);
    return;
  }
  // Nothing ties another address to this anchor but the address, so a person has to.
  if (remembered.index !== index) {
    throw new TrustError(
      "anchor.changed",
      `This state folder belongs to ${remembered.index}, not to ${index}: use another --state, or give --fingerprint ${remembered.fingerprint} if both are the same index`,
      { rememberedIndex: remembered.index, index, remembered: remembered.fingerprint },
    );
  }
}

/** Whether a root may become the anchor of a proxy that has none. Throws `anchor.missing` or `anchor.fingerprint`. */
export function checkFirstRoot(wish: AnchorWish, offered: Uint8Array, index: string): void {
  if (wish.kind === "remembered") throw anchorMissing(index);
  if (wish.kind === "first-use" && !wish.witnessed) {
    throw new TrustError(
      "anchor.missing",
      `Cannot trust ${index} on first use: nobody would see it. Run it once at a terminal, make the state folder first, or give --root or --fingerprint`,
      { index },
    );
  }
  if (wish.kind !== "fingerprint") return;
  const fingerprint = fingerprintOf(offered);
  if (fingerprint === wish.fingerprint) return;
  throw new TrustError(
    "anchor.fingerprint",
    `The root of ${index} has the fingerprint ${fingerprint}, not ${wish.fingerprint}: do not use this index until its owner has explained it`,
    { wished: wish.fingerprint, offered: fingerprint, index },
  );
}

export function anchorMissing(index: string): TrustError {
  return new TrustError(
    "anchor.missing",
    `Nothing says whom to believe about ${index}: give --root FILE, --fingerprint sha256:HEX or --tofu`,
    { index },
  );
}

/** Both fingerprints, and what to do. */
export function anchorChanged(remembered: Anchor, offered: string): TrustError {
  return new TrustError(
    "anchor.changed",
    `The trust anchor changed: ${remembered.fingerprint} is remembered since ${remembered.time}, ${offered} is offered. ` +
      "Ask the index's owner which is right; if the new one is, remove the state folder and start again",
    {
      remembered: remembered.fingerprint,
      offered,
      since: remembered.time,
      index: remembered.index,
    },
  );
}

/** A root lies in the state folder that the anchor does not lead to. */
export function rootsChanged(remembered: Anchor, cause?: unknown): TrustError {
  return new TrustError(
    "anchor.changed",
    `Cannot trust the roots in the state folder: they do not all follow from the trust anchor ${remembered.fingerprint}. Remove the state folder and start again, with the same anchor`,
    { remembered: remembered.fingerprint, index: remembered.index },
    cause,
  );
}
