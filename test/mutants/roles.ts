/** Timestamp, snapshot and targets (specification 5.4 to 5.6), new or kept. */
import { mutantsOf } from "./mutant.ts";
import type { Mutant } from "./mutant.ts";

const trustedSet = "src/core/tuf/trusted-set.ts";
const updater = "src/core/tuf/updater.ts";
const roleChecks = "src/core/tuf/role-checks.ts";

const attacks = "src/core/tuf/refresh-attacks.test.ts";
const refresh = "src/core/tuf/refresh.test.ts";
const keptCopies = "src/core/tuf/kept-copies.test.ts";
const knownAttacks = "src/core/tuf/known-attacks.test.ts";

export const roleMutants: readonly Mutant[] = [
  ...mutantsOf(trustedSet, attacks, [
    {
      check: "5.4.2 timestamp is signed: removed",
      find: 'checkThreshold(`timestamp ${version}`, offered, topLevelSigners(set.root.value, "timestamp"));',
      replace: "",
      caughtBy: "a timestamp by a stranger",
    },
    {
      check: "5.4.3.1 timestamp does not go back: removed",
      find: 'checkNotLower("timestamp", "timestamp", version, held.version);',
      replace: "",
      caughtBy: "an older timestamp",
    },
    {
      check: "5.4.3.1 timestamp does not go back: one version back passes",
      find: 'checkNotLower("timestamp", "timestamp", version, held.version);',
      replace: 'checkNotLower("timestamp", "timestamp", version, held.version - 1);',
      caughtBy: "an older timestamp",
    },
    {
      check: "5.4.3.1 timestamp is compared with the last accepted: with one of an earlier run",
      find: "const timestamp = set.timestamp ?? set.past.timestamp;",
      replace: "const timestamp = set.past.timestamp;",
      caughtBy: "an older timestamp",
    },
    {
      check: "5.4.4 a new timestamp is in force: removed",
      find: 'checkNotExpired("timestamp", offered.value, now);',
      replace: "",
      caughtBy: "a new timestamp that has expired",
    },
    {
      check: "5.4.4 a kept timestamp is in force: removed",
      find: 'checkNotExpired("timestamp", timestamp.value, now);',
      replace: "",
      caughtBy: "a frozen timestamp, once it has expired",
    },
    {
      check: "5.5.2 snapshot has the listed hash: removed",
      find: "checkListedFile(`snapshot ${listed.version}`, bytes, listed);",
      replace: "",
      caughtBy: "an older snapshot where hashes are listed",
    },
    {
      check: "5.5.3 snapshot is signed: removed",
      find: 'checkThreshold(title, offered, topLevelSigners(set.root.value, "snapshot"));',
      replace: "",
      caughtBy: "a snapshot by a stranger",
    },
    {
      check: "5.5.4 snapshot has the version that timestamp lists: removed",
      find: 'checkVersion("snapshot", offered.value, timestamp.value.snapshot.version);',
      replace: "",
      caughtBy: "an older snapshot under a new name",
    },
    {
      check: "5.5.4 snapshot has the version that timestamp lists: a newer one passes",
      find: 'checkVersion("snapshot", offered.value, timestamp.value.snapshot.version);',
      replace:
        'if (offered.value.version < timestamp.value.snapshot.version) checkVersion("snapshot", offered.value, timestamp.value.snapshot.version);',
      caughtBy: "a newer snapshot than timestamp lists",
    },
    {
      check: "5.5.5 no role of snapshot goes back: removed",
      find: "checkNoRoleGoesBack(offered.value, set.past.snapshot?.value);",
      replace: "",
      caughtBy: "a snapshot in which targets go back",
    },
    {
      check: "5.5.5 snapshot is compared with the last accepted: with one of an earlier run",
      find: "const snapshot = set.snapshot ?? set.past.snapshot;",
      replace: "const snapshot = set.past.snapshot;",
      caughtBy: "a snapshot in which targets go back",
    },
    {
      check: "5.5.5 versions below root's floor are refused: removed",
      find: "checkFloor(offered.value, set.root.value);",
      replace: "",
      caughtBy: "a snapshot below root's floor",
    },
    {
      check: "5.5.6 snapshot is in force: removed",
      find: 'checkNotExpired("snapshot", offered.value, now);',
      replace: "",
      caughtBy: "a snapshot that has expired",
    },
    {
      check: "5.6.1 targets are listed: version 1 is assumed",
      find: "if (listed !== undefined) return listed;",
      replace: "if (meta) return listed ?? { version: 1 };",
      caughtBy: "a snapshot that lists no targets",
    },
    {
      check: "5.6.2 targets have the listed hash: removed",
      find: "checkListedFile(`targets ${listed.version}`, bytes, listed);",
      replace: "",
      caughtBy: "other targets where hashes are listed",
    },
    {
      check: "5.6.3 targets are signed: removed",
      find: 'checkThreshold(title, offered, topLevelSigners(set.root.value, "targets"));',
      replace: "",
      caughtBy: "targets by a stranger",
    },
    {
      check: "5.6.4 targets have the version that snapshot lists: removed",
      find: 'checkVersion("targets", offered.value, listedTargets(set).version);',
      replace: "",
      caughtBy: "older targets under a new name",
    },
    {
      check: "5.6.4 targets have the version that snapshot lists: newer ones pass",
      find: 'checkVersion("targets", offered.value, listedTargets(set).version);',
      replace:
        'if (offered.value.version < listedTargets(set).version) checkVersion("targets", offered.value, listedTargets(set).version);',
      caughtBy: "newer targets than snapshot lists",
    },
    {
      check: "5.6.5 targets are in force: removed",
      find: 'checkNotExpired("targets", offered.value, now);',
      replace: "",
      caughtBy: "targets that have expired",
    },
  ]),
  ...mutantsOf(roleChecks, attacks, [
    {
      check: "5.3.5 versions are equal: a lower one passes",
      find: "if (offered.version === expected) return;",
      replace: "if (offered.version <= expected) return;",
      caughtBy: "root 1 replayed as root 2",
    },
    {
      check: "5.4.3 versions do not go back: one step passes everywhere",
      find: "if (offered >= trusted) return;",
      replace: "if (offered >= trusted - 1) return;",
      caughtBy: "a newer timestamp with an older snapshot",
    },
    {
      check: "5.5.5 no role disappears: it may",
      find: "    const sentence = `Cannot accept snapshot ${offered.version}: it drops",
      replace:
        "    if (held) continue; const sentence = `Cannot accept snapshot ${offered.version}: it drops",
      caughtBy: "a snapshot that drops a role",
    },
    {
      check: "5.5.5 no delegated role goes back: only targets are compared",
      find: "of held.meta) {",
      replace: 'of held.meta) { if (role !== "targets") continue;',
      caughtBy: "a snapshot in which a delegated role goes back",
    },
    {
      check: "5.5.5 root's floor is the lowest version: one below passes",
      find: "if (version >= floor) continue;",
      replace: "if (version >= floor - 1) continue;",
      caughtBy: "a snapshot below root's floor",
    },
    {
      check: "5.5.5 a role of root's floor is listed: it may be missing",
      find: "offered.meta.get(role)?.version ?? 0",
      replace: "offered.meta.get(role)?.version ?? floor",
      caughtBy: "a snapshot that lacks a role of root's floor",
    },
  ]),
  ...mutantsOf(trustedSet, keptCopies, [
    {
      check: "5.4.3.2 timestamp's snapshot does not go back: the timestamp before is not asked",
      find: 'checkNotLower(`timestamp ${version}`, "snapshot", snapshot.version, held.snapshot.version);',
      replace: "",
      caughtBy: "a timestamp protects the snapshot's version",
    },
    {
      check: "5.4.3.2 timestamp's snapshot does not go back: the snapshot before is not asked",
      find: 'checkNotLower(`timestamp ${version}`, "snapshot", snapshot.version, heldSnapshot);',
      replace: "",
      caughtBy: "a snapshot protects its version",
    },
    {
      check: "5.4.2 a stored timestamp is signed: removed",
      find: "checkThreshold(what, timestamp, signers);",
      replace: "",
      caughtBy: "files that strangers put on disk neither speak nor lock out",
    },
    {
      check: "5.5.3 a stored snapshot is signed: removed",
      find: "checkThreshold(what, snapshot, signers);",
      replace: "",
      caughtBy: "files that strangers put on disk neither speak nor lock out",
    },
    {
      check: "5.5.2 a kept snapshot has the listed hash: removed",
      find: "checkListedFile(`snapshot ${listed.version}`, held.bytes, listed);",
      replace: "",
      caughtBy: "a kept snapshot with another hash than listed is fetched again",
    },
    {
      check: "5.6.2 kept targets have the listed hash: removed",
      find: "checkListedFile(`targets ${listed.version}`, held.bytes, listed);",
      replace: "",
      caughtBy: "kept targets with another hash than listed is fetched again",
    },
    {
      check: "5.5.6 the snapshot of a view in memory is in force: removed",
      find: 'checkNotExpired("snapshot", view.snapshot.value, now);',
      replace: "",
      caughtBy: "a view in memory ends when its snapshot expires",
    },
    {
      check: "5.6.5 the targets of a view in memory are in force: removed",
      find: 'checkNotExpired("targets", view.targets.value, now);',
      replace: "",
      caughtBy: "a view in memory ends when its targets expires",
    },
    {
      check: "5.4.4 the timestamp of a view in memory is in force: removed",
      find: 'checkNotExpired("timestamp", view.timestamp.value, now);',
      replace: "",
      caughtBy: "a view in memory ends when its timestamp expires",
    },
    {
      check: "5.3.10 the root of a view in memory is in force: removed",
      find: 'checkNotExpired("root", view.root.value, now);',
      replace: "",
      caughtBy: "a view in memory ends when its root expires",
    },
  ]),
  ...mutantsOf(updater, keptCopies, [
    {
      check: "5.5.6 an unchanged timestamp's view is judged again: it is not",
      find: "this.#view = acceptTime(this.#view, now);\n",
      replace: "",
      caughtBy: "an unchanged timestamp does not keep an expired snapshot",
    },
    {
      check: "5.1 a view from memory is judged now: when it was opened",
      find: "return acceptTime(this.#view, now);",
      replace: "return acceptTime(this.#view, this.#view.at);",
      caughtBy: "a view in memory ends when its timestamp expires",
    },
  ]),
  ...mutantsOf(trustedSet, refresh, [
    {
      check:
        "5.4.3.1 the version that is trusted already changes nothing: it replaces what is kept",
      find: "if (version === held.version) return reuseTimestamp(set, now);",
      replace: "",
      caughtBy: "an equal timestamp version ends quietly",
    },
  ]),
  ...mutantsOf(updater, refresh, [
    {
      check: "5.4.5 a discarded timestamp is not kept: it is",
      find: "if (next.timestamp?.bytes !== bytes) return next;",
      replace: "",
      caughtBy: "an equal timestamp version ends quietly",
    },
  ]),
  ...mutantsOf(updater, knownAttacks, [
    {
      check: "5.4.5 a timestamp is kept after it was accepted: before",
      find: "const next = acceptTimestamp(set, bytes, now);",
      replace:
        'await this.#store.writeRole("timestamp", bytes, this.#since); const next = acceptTimestamp(set, bytes, now);',
      caughtBy: "a timestamp that was refused is not kept",
    },
  ]),
  ...mutantsOf(updater, attacks, [
    {
      check: "5.1 expiry is judged at the start of this update: of the one before",
      find: "const now = this.#clock();\n    let set = beginUpdate",
      replace: "const now = this.#view?.at ?? this.#clock();\n    let set = beginUpdate",
      caughtBy: "a frozen timestamp, once it has expired",
    },
    {
      check: "5.5.7 a snapshot is kept after it was accepted: before",
      find: 'return this.#keep("snapshot", bytes, acceptSnapshot(set, bytes, now));',
      replace:
        'await this.#store.writeRole("snapshot", bytes, this.#since); return this.#keep("snapshot", bytes, acceptSnapshot(set, bytes, now));',
      caughtBy: "a snapshot by a stranger",
    },
    {
      check: "5.6.6 targets are kept after they were accepted: before",
      find: 'return this.#keep("targets", bytes, acceptTargets(set, bytes, now));',
      replace:
        'await this.#store.writeRole("targets", bytes); return this.#keep("targets", bytes, acceptTargets(set, bytes, now));',
      caughtBy: "targets by a stranger",
    },
  ]),
];
