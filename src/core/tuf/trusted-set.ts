/**
 * The rules of the TUF client for the four top-level roles (specification 1.0.34, section 5), without network, disk or
 * clock: what is trusted, the bytes offered and the time go in, a new set comes out, or a TrustError or FormatError
 * that leaves the old set as it was. What is only good for rollback protection (loaded from disk and perhaps expired,
 * or left by an earlier refresh) stands under `past` and is used for nothing else.
 */
import { parseSigned } from "#formats/tuf/envelope.ts";
import type { Signed } from "#formats/tuf/envelope.ts";
import type { MetaFile, Metadata, RoleType } from "#formats/tuf/metadata.ts";
import { root as rootDecoder } from "#formats/tuf/root.ts";
import type { Root } from "#formats/tuf/root.ts";
import { snapshot as snapshotDecoder } from "#formats/tuf/snapshot.ts";
import type { Snapshot } from "#formats/tuf/snapshot.ts";
import { targets as targetsDecoder } from "#formats/tuf/targets.ts";
import type { Targets } from "#formats/tuf/targets.ts";
import { timestamp as timestampDecoder } from "#formats/tuf/timestamp.ts";
import type { Timestamp } from "#formats/tuf/timestamp.ts";
import { TrustError, invariant } from "#core/errors.ts";
import { checkListedFile } from "./listed-file.ts";
import {
  checkFloor,
  checkNoRoleGoesBack,
  checkNotExpired,
  checkNotLower,
  checkVersion,
  topLevelSigners,
} from "./role-checks.ts";
import { unlessRefused } from "./refusal.ts";
import { checkThreshold, haveSameSigners, newKeyIds } from "./threshold.ts";

export type TrustedSet = {
  readonly root: Signed<Root>;
  /** Accepted in this order, each under the one before, and in force when accepted. */
  readonly timestamp?: Signed<Timestamp>;
  readonly snapshot?: Signed<Snapshot>;
  readonly targets?: Signed<Targets>;
  readonly past: Past;
};

/** Signed by the keys in force, but perhaps not current: for rollback checks, and to save a download. */
export type Past = {
  readonly timestamp?: Signed<Timestamp>;
  readonly snapshot?: Signed<Snapshot>;
  readonly targets?: Signed<Targets>;
};

/** A set in which a refresh has accepted everything: targets may be looked up in it. */
export type TrustedView = TrustedSet & {
  /** The update start time (5.1): nothing in this view had expired then. */
  readonly at: Date;
  readonly timestamp: Signed<Timestamp>;
  readonly snapshot: Signed<Snapshot>;
  readonly targets: Signed<Targets>;
};

/**
 * 5.2: a root that came out of band, or that was trusted before. Its expiry does not matter; it must carry its own
 * threshold of signatures.
 */
export function trustRoot(bytes: Uint8Array): TrustedSet {
  const root = parseSigned(bytes, rootDecoder, "trusted root.json");
  checkThreshold("the trusted root", root, topLevelSigners(root.value, "root"));
  return { root, past: {} };
}

/** The same trust at the start of a new update cycle: all but root becomes past. */
export function beginUpdate(set: TrustedSet): TrustedSet {
  const timestamp = set.timestamp ?? set.past.timestamp;
  const snapshot = set.snapshot ?? set.past.snapshot;
  const targets = set.targets ?? set.past.targets;
  const past = {
    ...(timestamp && { timestamp }),
    ...(snapshot && { snapshot }),
    ...(targets && { targets }),
  };
  return { root: set.root, past };
}

/** A file kept from an earlier run. Throws where it no longer verifies; it then counts for nothing. */
export function acceptStored(set: TrustedSet, role: keyof Past, bytes: Uint8Array): TrustedSet {
  const what = `the stored ${role}`;
  const signers = topLevelSigners(set.root.value, role);
  switch (role) {
    case "timestamp": {
      const timestamp = parseSigned(bytes, timestampDecoder, what);
      checkThreshold(what, timestamp, signers);
      return { ...set, past: { ...set.past, timestamp } };
    }
    case "snapshot": {
      const snapshot = parseSigned(bytes, snapshotDecoder, what);
      checkThreshold(what, snapshot, signers);
      return { ...set, past: { ...set.past, snapshot } };
    }
    case "targets": {
      const targets = parseSigned(bytes, targetsDecoder, what);
      checkThreshold(what, targets, signers);
      return { ...set, past: { ...set.past, targets } };
    }
  }
}

/** 5.3.4 to 5.3.7: the next root. On the way it may have expired; `checkRootInForce` judges the last one. */
export function acceptRoot(set: TrustedSet, bytes: Uint8Array): TrustedSet {
  const trusted = set.root.value;
  const next = trusted.version + 1;
  const title = `root ${next}`;
  const offered = parseSigned(bytes, rootDecoder, title);
  checkThreshold(`${title} for root ${trusted.version}`, offered, topLevelSigners(trusted, "root"));
  checkThreshold(`${title} for itself`, offered, topLevelSigners(offered.value, "root"));
  checkVersion("root", offered.value, next);
  const { past } = beginUpdate(set);
  if (!endsRollbackProtection(trusted, offered.value)) return { root: offered, past };
  return { root: offered, past: pastAfterRotation(past, trusted, offered.value) };
}

/**
 * 5.3.11: whether timestamp and snapshot must be forgotten, so that an index can recover from versions that a thief of
 * its keys has driven up. "Rotated" is not defined there; we take any change of the keys or the threshold of either.
 * What enough of the keys that came have signed is kept all the same.
 */
export function endsRollbackProtection(old: Root, next: Root): boolean {
  const isSame = (role: RoleType): boolean =>
    haveSameSigners(topLevelSigners(old, role), topLevelSigners(next, role));
  return !isSame("timestamp") || !isSame("snapshot");
}

/**
 * What was signed by enough keys that came with the new root is not forgotten: no thief of the keys before has driven it
 * up. A repository that signs with its next keys ahead of the root (ADR 7) would otherwise let every mirror go back, at
 * the rotation, to whatever these keys have signed.
 */
function pastAfterRotation(past: Past, old: Root, next: Root): Past {
  const { snapshot, targets, timestamp } = past;
  const isKept = (role: "snapshot" | "timestamp", file: Signed<Metadata>): boolean => {
    const before = topLevelSigners(old, role);
    const after = topLevelSigners(next, role);
    const signers = { ...after, keyIds: newKeyIds(before, after) };
    return unlessRefused(() => (checkThreshold(role, file, signers), true)) ?? false;
  };
  return {
    ...(timestamp && isKept("timestamp", timestamp) && { timestamp }),
    ...(snapshot && isKept("snapshot", snapshot) && { snapshot }),
    ...(targets && { targets }),
  };
}

/** 5.3.10. Throws TrustError `tuf.expired`. */
export function checkRootInForce(set: TrustedSet, now: Date): void {
  checkNotExpired("root", set.root.value, now);
}

/** 5.4.2 to 5.4.4. The version that is trusted already is no error: what was trusted stays, not what came. */
export function acceptTimestamp(set: TrustedSet, bytes: Uint8Array, now: Date): TrustedSet {
  checkRootInForce(set, now);
  const offered = parseSigned(bytes, timestampDecoder, "timestamp");
  const { snapshot, version } = offered.value;
  checkThreshold(`timestamp ${version}`, offered, topLevelSigners(set.root.value, "timestamp"));
  const { past } = beginUpdate(set);
  const held = past.timestamp?.value;
  if (held !== undefined) {
    checkNotLower("timestamp", "timestamp", version, held.version);
    if (version === held.version) return reuseTimestamp(set, now);
    checkNotLower(`timestamp ${version}`, "snapshot", snapshot.version, held.snapshot.version);
  }
  const heldSnapshot = past.snapshot?.value.version ?? 0;
  checkNotLower(`timestamp ${version}`, "snapshot", snapshot.version, heldSnapshot);
  checkNotExpired("timestamp", offered.value, now);
  return { root: set.root, timestamp: offered, past };
}

/** The timestamp of an earlier refresh, while it is in force. Throws TrustError `tuf.missing` or `tuf.expired`. */
export function reuseTimestamp(set: TrustedSet, now: Date): TrustedSet {
  const { past, root } = beginUpdate(set);
  checkRootInForce(set, now);
  const timestamp = heldOf("timestamp", past.timestamp);
  checkNotExpired("timestamp", timestamp.value, now);
  return { root, timestamp, past };
}

/** 5.5.2 to 5.5.6, under the timestamp accepted before. */
export function acceptSnapshot(set: TrustedSet, bytes: Uint8Array, now: Date): TrustedSet {
  const listed = listedSnapshot(set);
  checkListedFile(`snapshot ${listed.version}`, bytes, listed);
  return admitSnapshot(set, parseSigned(bytes, snapshotDecoder, "snapshot"), now);
}

/** The snapshot of an earlier refresh, under all the same checks. Throws TrustError where it is not the one named. */
export function reuseSnapshot(set: TrustedSet, now: Date): TrustedSet {
  const listed = listedSnapshot(set);
  const held = heldOf("snapshot", set.past.snapshot);
  checkVersion("snapshot", held.value, listed.version);
  checkListedFile(`snapshot ${listed.version}`, held.bytes, listed);
  return admitSnapshot(set, held, now);
}

function admitSnapshot(set: TrustedSet, offered: Signed<Snapshot>, now: Date): TrustedSet {
  const timestamp = acceptedTimestamp(set);
  const title = `snapshot ${offered.value.version}`;
  checkThreshold(title, offered, topLevelSigners(set.root.value, "snapshot"));
  checkVersion("snapshot", offered.value, timestamp.value.snapshot.version);
  checkNoRoleGoesBack(offered.value, set.past.snapshot?.value);
  checkFloor(offered.value, set.root.value);
  checkNotExpired("snapshot", offered.value, now);
  return { root: set.root, timestamp, snapshot: offered, past: set.past };
}

/** 5.6.2 to 5.6.5 for the top-level targets role, under the snapshot accepted before. */
export function acceptTargets(set: TrustedSet, bytes: Uint8Array, now: Date): TrustedSet {
  const listed = listedTargets(set);
  checkListedFile(`targets ${listed.version}`, bytes, listed);
  return admitTargets(set, parseSigned(bytes, targetsDecoder, "targets"), now);
}

/** The targets of an earlier refresh, under all the same checks. Throws TrustError where they are not those named. */
export function reuseTargets(set: TrustedSet, now: Date): TrustedSet {
  const listed = listedTargets(set);
  const held = heldOf("targets", set.past.targets);
  checkVersion("targets", held.value, listed.version);
  checkListedFile(`targets ${listed.version}`, held.bytes, listed);
  return admitTargets(set, held, now);
}

function admitTargets(set: TrustedSet, offered: Signed<Targets>, now: Date): TrustedSet {
  const title = `targets ${offered.value.version}`;
  checkThreshold(title, offered, topLevelSigners(set.root.value, "targets"));
  checkVersion("targets", offered.value, listedTargets(set).version);
  checkNotExpired("targets", offered.value, now);
  return { ...set, targets: offered };
}

/** A set in which everything was accepted at `at`. */
export function openView(set: TrustedSet, at: Date): TrustedView {
  const { timestamp, snapshot, targets } = set;
  const isComplete = timestamp !== undefined && snapshot !== undefined && targets !== undefined;
  invariant(isComplete, "a view is opened after all four top-level roles were accepted");
  return { ...set, timestamp, snapshot, targets, at };
}

/** The same view judged at a later time. Throws TrustError `tuf.expired`. */
export function acceptTime(view: TrustedView, now: Date): TrustedView {
  checkNotExpired("root", view.root.value, now);
  checkNotExpired("timestamp", view.timestamp.value, now);
  checkNotExpired("snapshot", view.snapshot.value, now);
  checkNotExpired("targets", view.targets.value, now);
  return { ...view, at: now };
}

/** How the timestamp accepted before lists the snapshot. */
export function listedSnapshot(set: TrustedSet): MetaFile {
  return acceptedTimestamp(set).value.snapshot;
}

/** How the snapshot accepted before lists the targets role. Throws TrustError `tuf.missing`. */
export function listedTargets(set: TrustedSet): MetaFile {
  invariant(set.snapshot !== undefined, "a snapshot is accepted before targets");
  const { meta, version } = set.snapshot.value;
  const listed = meta.get("targets");
  if (listed !== undefined) return listed;
  const sentence = `Cannot accept snapshot ${version}: it does not list targets`;
  throw new TrustError("tuf.missing", sentence, { role: "targets", snapshot: version });
}

function acceptedTimestamp(set: TrustedSet): Signed<Timestamp> {
  invariant(set.timestamp !== undefined, "a timestamp is accepted before a snapshot");
  return set.timestamp;
}

function heldOf<T>(role: keyof Past, held: Signed<T> | undefined): Signed<T> {
  if (held !== undefined) return held;
  throw new TrustError("tuf.missing", `Cannot use stored ${role}: none is kept`, { role });
}
