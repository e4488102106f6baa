/** The trust anchor, the chain of roots and thresholds (specification 5.2, 5.3). */
import { mutantsOf } from "./mutant.ts";
import type { Mutant } from "./mutant.ts";

const trustedSet = "src/core/tuf/trusted-set.ts";
const updater = "src/core/tuf/updater.ts";
const threshold = "src/core/tuf/threshold.ts";
const roleChecks = "src/core/tuf/role-checks.ts";

const attacks = "src/core/tuf/refresh-attacks.test.ts";
const refresh = "src/core/tuf/refresh.test.ts";
const rootRotation = "src/core/tuf/root-rotation.test.ts";
const keys = "src/core/tuf/keys.test.ts";
const keptCopies = "src/core/tuf/kept-copies.test.ts";
const knownAttacks = "src/core/tuf/known-attacks.test.ts";
const rotationReplay = "src/core/publication/rotation-replay.test.ts";
const faults = "src/core/tuf/rotation-faults.test.ts";

const byOldKeys =
  'checkThreshold(`${title} for root ${trusted.version}`, offered, topLevelSigners(trusted, "root"));';
const byItsOwnKeys =
  'checkThreshold(`${title} for itself`, offered, topLevelSigners(offered.value, "root"));';

export const rootMutants: readonly Mutant[] = [
  ...mutantsOf(trustedSet, refresh, [
    {
      check: "5.2 the trust anchor carries its own signatures: removed",
      find: 'checkThreshold("the trusted root", root, topLevelSigners(root.value, "root"));',
      replace: "",
      caughtBy: "an unusable trust anchor is refused",
    },
  ]),
  ...mutantsOf(trustedSet, rootRotation, [
    {
      check: "5.3.4 the keys of the root before have signed: removed",
      find: byOldKeys,
      replace: "",
      caughtBy: "not signed by the old key",
    },
    {
      check: "5.3.4 the new root's own keys have signed: removed",
      find: byItsOwnKeys,
      replace: "",
      caughtBy: "not signed by the new key",
    },
    {
      check: "5.3.4 the old threshold counts for the old keys: the new one does",
      find: byOldKeys,
      replace:
        'checkThreshold(title, offered, { ...topLevelSigners(trusted, "root"), threshold: offered.value.roles.root.threshold });',
      caughtBy: "old threshold not reached",
    },
    {
      check: "5.3.4 the new threshold counts for the new keys: the old one does",
      find: byItsOwnKeys,
      replace:
        'checkThreshold(title, offered, { ...topLevelSigners(offered.value, "root"), threshold: trusted.roles.root.threshold });',
      caughtBy: "raised threshold not reached",
    },
  ]),
  ...mutantsOf(threshold, rootRotation, [
    {
      check: "5.3.4 as many keys as the threshold says: one fewer is enough",
      find: "good.size >= signers.threshold",
      replace: "good.size >= signers.threshold - 1",
      caughtBy: "raised threshold not reached",
    },
  ]),
  ...mutantsOf(threshold, knownAttacks, [
    {
      check: "5.3.4 signatures are verified: any bytes will do",
      find: "!verifySignature(key, signed.canonical, signature)",
      replace: "!verifySignature",
      caughtBy: "members that nobody knows are covered by the signature",
    },
  ]),
  ...mutantsOf(threshold, keys, [
    {
      check: "5.3.4 the threshold counts keys: it counts key ids",
      find: "good.add(identity);",
      replace: "good.add(keyId);",
      caughtBy: "one key under two ids",
    },
    {
      check: "5.3.11 a change of the threshold is a rotation: it is none",
      find: "a.threshold !== b.threshold || ",
      replace: "",
      caughtBy: "by a change of timestamp keys: threshold",
    },
    {
      check: "5.3.11 a key that is added is a rotation: it is none",
      find: " || identities.size !== others.size",
      replace: "",
      caughtBy: "by a change of snapshot keys: one added",
    },
    {
      check: "5.3.11 one key replaced of several is a rotation: only all are",
      find: "[...identities].every((identity)",
      replace: "[...identities].some((identity)",
      caughtBy: "by a change of timestamp keys: one replaced",
    },
    {
      check: "5.3.11 another order of the same keys is no rotation: it is one",
      find: "[...identities].every((identity) => others.has(identity))",
      replace: "[...identities].join() === [...others].join()",
      caughtBy: "the same keys in another order are no change",
    },
  ]),
  ...mutantsOf(trustedSet, attacks, [
    {
      check: "5.3.5 the new root's version is the next: removed",
      find: 'checkVersion("root", offered.value, next);',
      replace: "",
      caughtBy: "root 2 whose version is 3",
    },
    {
      check: "5.3.5 the new root's version is the next: a later one passes",
      find: 'checkVersion("root", offered.value, next);',
      replace: 'if (offered.value.version < next) checkVersion("root", offered.value, next);',
      caughtBy: "root 2 whose version is 3",
    },
    {
      check: "5.3.5 the new root's version is the next: the trusted one passes",
      find: 'checkVersion("root", offered.value, next);',
      replace:
        'if (offered.value.version !== trusted.version) checkVersion("root", offered.value, next);',
      caughtBy: "root 1 replayed as root 2",
    },
    {
      check: "5.3.10 the last root is in force: removed",
      find: 'checkNotExpired("root", set.root.value, now);',
      replace: "",
      caughtBy: "the last root has expired",
    },
  ]),
  ...mutantsOf(roleChecks, attacks, [
    {
      check: "5.3.10 what expires now has expired: it lives one moment longer",
      find: "offered.expires.at.getTime() > now.getTime()",
      replace: "offered.expires.at.getTime() >= now.getTime()",
      caughtBy: "a new timestamp that has expired",
    },
  ]),
  ...mutantsOf(trustedSet, keys, [
    {
      check: "5.3.11 a new timestamp or snapshot key ends rollback protection: never",
      find: "if (!endsRollbackProtection(trusted, offered.value)) return { root: offered, past };",
      replace: "return { root: offered, past };",
      caughtBy: "fast-forwarded versions are recovered from by a change of snapshot keys",
    },
    {
      check: "5.3.11 other new keys do not end rollback protection: every root does",
      find: "if (!endsRollbackProtection(trusted, offered.value)) return { root: offered, past };",
      replace: "",
      caughtBy: "after a change of other keys, rollback is refused as before",
    },
    {
      check: "5.3.11 a new snapshot key ends rollback protection: only a timestamp key does",
      find: '!isSame("timestamp") || !isSame("snapshot")',
      replace: '!isSame("timestamp")',
      caughtBy: "by a change of snapshot keys",
    },
    {
      check: "5.3.11 a new timestamp key ends rollback protection: only with a snapshot key",
      find: '!isSame("timestamp") || !isSame("snapshot")',
      replace: '!isSame("timestamp") && !isSame("snapshot")',
      caughtBy: "by a change of timestamp keys",
    },
  ]),
  ...mutantsOf(trustedSet, rotationReplay, [
    {
      check: "5.3.11 what the next key signed ahead is no way back: all is forgotten",
      find: "past: pastAfterRotation(past, trusted, offered.value)",
      replace: "past: past.targets ? { targets: past.targets } : {}",
      caughtBy: "what the next key signed ahead of root is no way back: the key of timestamp",
    },
    {
      check: "5.3.11 a timestamp that the new key signed is kept: only a snapshot is",
      find: '...(timestamp && isKept("timestamp", timestamp) && { timestamp }),',
      replace: "",
      caughtBy: "what the next key signed ahead of root is no way back: the key of timestamp",
    },
    {
      check: "5.3.11 a snapshot that the new key signed is kept: only a timestamp is",
      find: '...(snapshot && isKept("snapshot", snapshot) && { snapshot }),',
      replace: "",
      caughtBy: "what the next key signed ahead of root is no way back: the key of snapshot",
    },
  ]),
  ...mutantsOf(updater, rotationReplay, [
    {
      check: "5.3.11 what is kept protects the next process too: it does not",
      find: "await this.#keepPast(next.past, version);",
      replace: "",
      caughtBy: "what the next key signed ahead of root is no way back: the key of timestamp",
    },
  ]),
  ...mutantsOf(trustedSet, keys, [
    {
      check: "5.3.11 only keys that came with the root vouch for what is kept: all it names do",
      find: "keyIds: newKeyIds(before, after)",
      replace: "keyIds: after.keyIds",
      caughtBy: "fast-forwarded versions are recovered from by a change of",
    },
  ]),
  ...mutantsOf(updater, keys, [
    {
      check: "5.3.9 a new root opens a new view: the timestamp alone decides",
      find: "this.#view?.root === set.root && this.#view.timestamp === set.timestamp",
      replace: "this.#view?.timestamp === set.timestamp",
      caughtBy:
        "targets signed by keys that root has replaced are refused, also under the same timestamp",
    },
  ]),
  ...mutantsOf(updater, knownAttacks, [
    {
      check: "5.3.8 a root is kept after it was accepted: before",
      find: "const next = acceptRoot(set, bytes);",
      replace:
        "await this.#store.writeRoot(trusted.version + 1, bytes); const next = acceptRoot(set, bytes);",
      caughtBy: "a root that was refused is not kept",
    },
  ]),
  ...mutantsOf(updater, refresh, [
    {
      check: "5.3.8 an accepted root is kept: it is not",
      find: "await this.#store.writeRoot(version, bytes);",
      replace: "",
      caughtBy: "an expired root on the way does not stop the chain",
    },
  ]),
  ...mutantsOf(updater, keptCopies, [
    {
      check: "5.3.10 an expired root stops the refresh: after one more request",
      find: "    checkRootInForce(set, now);\n    set = await this.#updateTimestamp(set, now);",
      replace: "    set = await this.#updateTimestamp(set, now);",
      caughtBy: "an expired root stops the refresh before anything else is asked for",
    },
    {
      check: "5.3.11 timestamp is forgotten on disk: it is not",
      find: 'await this.#store.deleteRole("timestamp", version);',
      replace: "",
      caughtBy: "timestamp and snapshot are forgotten on disk at once",
    },
    {
      check: "5.3.11 snapshot is forgotten on disk: it is not",
      find: 'await this.#store.deleteRole("snapshot", version);',
      replace: "",
      caughtBy: "timestamp and snapshot are forgotten on disk at once",
    },
  ]),
  ...mutantsOf(updater, faults, [
    {
      check: "5.3.11 a crash does not bring driven-up versions back: they are forgotten too late",
      find: 'await this.#store.readRole(role, role === "targets" ? 0 : since)',
      replace: "await this.#store.readRole(role, 0)",
      caughtBy: "a crash at any call",
    },
    {
      check: "5.3.11 every kept root is asked for a rotation: only the newest is",
      find: "if (endsRollbackProtection(value, next)) return version;",
      replace: "return endsRollbackProtection(value, next) ? version : 0;",
      caughtBy: "a rotation counts through roots that change nothing",
    },
  ]),
];
