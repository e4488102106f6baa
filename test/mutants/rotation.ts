/** Rules of the signer's ring of keys: who signs what, when, and what becomes of the files (docs/spec/repository.md, Rotation). */
import { mutantsOf } from "./mutant.ts";
import type { Mutant } from "./mutant.ts";

const suite = "src/core/publication/key-holder.test.ts";
const watched = "src/core/publication/rotation.test.ts";
const offline = "src/core/publication/offline-roles.test.ts";

const heldMutants = mutantsOf(
  "src/core/publication/offline-set.ts",
  "src/core/publication/offline-roles.test.ts",
  [
    {
      check:
        "rotation: no key of the signer's comes into an offline role: root's alone is looked at",
      find: 'for (const role of ["root", "targets", "claimed"] as const) {\n    const known',
      replace: 'for (const role of ["root"] as const) {\n    const known',
      caughtBy: "submitOffline() refuses an offline role a key that lies at the signer",
    },
    {
      check: "rotation: no key of the signer's comes into an offline role: it may",
      find: "here.has(key) && !known.has(key)",
      replace: "here.has(key) && known.has(key)",
      caughtBy: "submitOffline() refuses an offline role a key that lies at the signer",
    },
  ],
);

export const rotationMutants: readonly Mutant[] = [
  ...heldMutants,
  ...mutantsOf("src/core/publication/restored-state.ts", suite, [
    {
      check: "rotation: a newer root whose keys are missing is no reason to leave it aside: it is",
      find: "|| isKeyMissing(error)",
      replace: "",
      caughtBy: "does not go on beside a newer root whose keys are not held",
    },
  ]),
  ...mutantsOf("src/core/publication/role-signers.ts", suite, [
    {
      check: "rotation: the keys before sign for an hour: not at all",
      find: 'isOverlap ? heldKeys(ring, name) : [keyAt(ring, name, "next")]',
      replace: '[keyAt(ring, name, "next"), isOverlap ? undefined : undefined]',
      caughtBy: "the keys before sign for an hour with the new ones",
    },
    {
      check: "rotation: the next key signs as soon as it is held: not before root names it",
      find: ': [keyAt(ring, name, "next")]',
      replace: ": []",
      caughtBy: "signed by the next key as soon as it is held",
    },
    {
      check: "rotation: the hour begins when the root can be seen: when it was signed",
      find: "rootSignedAt > openedAt ? rootSignedAt : openedAt",
      replace: "rootSignedAt > openedAt ? rootSignedAt : rootSignedAt",
      caughtBy: "a root that becomes public late",
    },
    {
      check: "rotation: snapshot is judged by root, as timestamp is: timestamp alone",
      find: 'name === "timestamp" || name === "snapshot"',
      replace: 'name === "timestamp"',
      caughtBy: "signed by the next key as soon as it is held",
    },
    {
      check: "rotation: delegated roles need no other keys: they get them",
      find: "if (!isJudgedByRoot(name)) return inForce;",
      replace: "",
      caughtBy: "signed by the next key as soon as it is held",
    },
    {
      check: "rotation: metadata says which key signs: the file's name does",
      find: "const inForce = namedKeys(ring, name, named[name]);",
      replace: 'const inForce = [keyAt(ring, name, "current")].filter((one) => one !== undefined);',
      caughtBy: "a backup of before the rotation",
    },
    {
      check: "rotation: what lacks a new key's signature is signed anew: only what has none",
      find: "!keyIds.includes(key.keyId)),",
      replace: "keyIds.length === 0 && key),",
      caughtBy: "the roles that targets delegates to are signed by the new key alone",
    },
    {
      check: "rotation: the bins' next key is in force once it is there: it waits",
      find: 'keyAt(ring, "bins", "next") ??',
      replace: "",
      caughtBy: "the bins' next key signs all bins",
    },
  ]),
  ...mutantsOf("src/core/publication/limits.ts", suite, [
    {
      check: "rotation: the keys before sign for an hour: for half of it",
      find: "overlapMs: 3_600_000",
      replace: "overlapMs: 1_800_000",
      caughtBy: "the keys before sign for an hour with the new ones",
    },
  ]),
  ...mutantsOf("src/core/publication/limits.ts", watched, [
    {
      check: "rotation: a root outwaits caches of the timestamp: for half a second",
      find: "rootAfterPointerMs: 2_000",
      replace: "rootAfterPointerMs: 500",
      caughtBy: "no client notices that this is changed: the key of targets",
    },
  ]),
  ...mutantsOf("src/core/publication/write-batch.ts", watched, [
    {
      check: "rotation: a root outwaits caches of the timestamp: it comes at once",
      find: "await wait?.(publicationLimits.rootAfterPointerMs);",
      replace: "await wait?.(0);",
      caughtBy: "no client notices that this is changed: the floor of targets and claimed",
    },
  ]),
  ...mutantsOf("src/core/publication/sign-batch.ts", suite, [
    {
      check: "rotation: no upload waits for the bins to be signed anew: it does",
      find: 'work.renew === "none" ? namedKeys',
      replace: "state.batch < 0 ? namedKeys",
      caughtBy: "the bins' next key signs all bins",
    },
    {
      check: "rotation: bins of another key are signed anew: the changed ones alone",
      find: "|| !state.binKeyIds.includes(binKey.key.keyId)",
      replace: "",
      caughtBy: "the bins' next key signs all bins",
    },
  ]),
  ...mutantsOf("src/core/publication/key-ring.ts", suite, [
    {
      check: "rotation: a key is held for the role it is named after: for any",
      find: "keys.filter((key) => key.name === name).map",
      replace: 'keys.filter((key) => key.name !== (name === "bins" ? "" : "bins")).map',
      caughtBy: "a key that lies under another role's name is not its key",
    },
    {
      check: "rotation: the bins never go back to a retired key: they do",
      find: 'keyAt(ring, "bins", "next") ?? keyAt(ring, "bins", "current")',
      replace: 'heldKeys(ring, "bins").at(-1)',
      caughtBy: "the bins never go back to a retired key",
    },
    {
      check: "rotation: a retired key tells nothing of what a store forgot: it does",
      find: "({ key }) => key.keyId !== retired?.key.keyId || keyIds.includes(key.keyId)",
      replace: "({ key }) => key.keyId !== (keyIds.length < 0 ? retired?.key.keyId : undefined)",
      caughtBy: "a retired key, which may be stolen, makes no signer believe that it is a backup",
    },
  ]),
  ...mutantsOf("src/core/publication/key-holder.ts", suite, [
    {
      check: "rotation: keys in force stay in memory when their files go: they are forgotten",
      find: "keys: [...found.keys, ...lost]",
      replace: "keys: found.keys",
      caughtBy: "keys that vanish from the folder stay in memory",
    },
    {
      check: "rotation: nothing is renamed over a file that cannot be read: it is",
      find: "if (this.ring.unusable.length > 0) return;",
      replace: "",
      caughtBy: "a folder that cannot be read, or holds a file that is no key",
    },
    {
      check: "rotation: a folder that cannot be read stops nothing: it does",
      find: "|| this.#ring === undefined) throw error",
      replace: "|| this.#ring !== undefined) throw error",
      caughtBy: "a folder that cannot be read, or holds a file that is no key",
    },
  ]),
  ...mutantsOf("src/core/publication/key-holder.ts", watched, [
    {
      check: "rotation: the key before is kept as retired: it is renamed over",
      find: 'if (keyAt(this.ring, name, "current") !== undefined) {',
      replace: 'if (keyAt(this.ring, name, "current") === undefined) {',
      caughtBy: "no client notices that this is changed: the key of timestamp",
    },
  ]),
  ...mutantsOf("src/core/publication/open-publication.ts", suite, [
    {
      check: "rotation: a timestamp by any key held shows an older database: by the retired one",
      find: "signers.map(({ key })",
      replace: "signers.slice(1).map(({ key })",
      caughtBy: "an older copy of the database that does not know the rotation",
    },
  ]),
  ...mutantsOf("src/core/publication/publisher.ts", suite, [
    {
      check: "rotation: keys are looked for when a file names them: not before the next start",
      find: "const ring = await this.#keys.read(namedByState(state));",
      replace: "const ring = this.#keys.ring;",
      caughtBy: "a file that names a key which is not held is refused, and taken once",
    },
    {
      check: "rotation: roles of new keys are signed in the batch that names them: later",
      find: 'offline: { set, files }, renew: "due" }',
      replace: 'offline: { set, files }, renew: "none" }',
      caughtBy: "the roles that targets delegates to are signed by the new key alone",
    },
    {
      check: "rotation: keys that came are found while nobody submits anything: they are not",
      find: "await this.#keys.read(namedByState(await this.#openState()));",
      replace: "",
      caughtBy: "signed by the next key as soon as it is held",
    },
  ]),
  ...mutantsOf("src/core/publication/offline-set.ts", suite, [
    {
      check: "rotation: an online role gets a key that is held: any key",
      find: "if (namedKeys(ring, name, keyIds).length > 0) return;",
      replace: "if (namedKeys(ring, name, keyIds).length >= 0) return;",
      caughtBy: "acceptOffline() takes no set under which the signer could not go on",
    },
  ]),
  ...mutantsOf("src/core/publication/offline-set.ts", offline, [
    {
      check: "rotation: an online role has one key: as many as are asked for",
      find: "if (threshold !== 1)",
      replace: "if (threshold < 1)",
      caughtBy: "refuses targets that would hide or misdirect a role",
    },
    {
      check: "rotation: a floor is reached by what is published: it may be above",
      find: "if (versions[role] >= lowest) continue;",
      replace: "if (versions[role] >= 0) continue;",
      caughtBy: "refuses a root whose floor no file reaches",
    },
    {
      check: "rotation: targets and claimed alone have a floor: other roles too",
      find: 'if (role !== "targets" && role !== "claimed") {',
      replace:
        'if (role !== "targets" && role !== "claimed") continue; else if (role === undefined) {',
      caughtBy: "refuses a root whose floor no file reaches",
    },
  ]),
];
