/** Bounds of sizes, counts and times, downloads, listed lengths and hashes, and targets (specification 5.3.3, 5.4.1, 5.5.1, 5.6.1, 5.7). */
import { mutantsOf } from "./mutant.ts";
import type { Mutant } from "./mutant.ts";

const limits = "src/core/tuf/limits.ts";
const updater = "src/core/tuf/updater.ts";
const roleLoader = "src/core/tuf/role-loader.ts";
const roleDownload = "src/core/tuf/role-download.ts";
const listedFile = "src/core/tuf/listed-file.ts";
const targetDownload = "src/core/tuf/target-download.ts";

const attacks = "src/core/tuf/refresh-attacks.test.ts";
const refresh = "src/core/tuf/refresh.test.ts";
const search = "src/core/tuf/delegation-search.test.ts";
const bounds = "src/core/tuf/limits.test.ts";
const listed = "src/core/tuf/listed-file.test.ts";

export const limitMutants: readonly Mutant[] = [
  ...mutantsOf(limits, attacks, [
    {
      check: "5.3.3 the bound of a root: one byte more",
      find: "rootSizeMax: 512_000",
      replace: "rootSizeMax: 512_001",
      caughtBy: "a root that is too long",
    },
    {
      check: "5.4.1 the bound of a timestamp: one byte more",
      find: "timestampSizeMax: 16_384",
      replace: "timestampSizeMax: 16_385",
      caughtBy: "an endless timestamp",
    },
    {
      check: "5.5.1 the bound of a snapshot: one byte more",
      find: "snapshotSizeMax: 2_000_000",
      replace: "snapshotSizeMax: 2_000_001",
      caughtBy: "an endless snapshot",
    },
    {
      check: "5.6.1 the bound of targets: one byte more",
      find: "targetsSizeMax: 5_000_000",
      replace: "targetsSizeMax: 5_000_001",
      caughtBy: "endless targets",
    },
  ]),
  ...mutantsOf(limits, search, [
    {
      check: "5.6.7.1 the number of roles in a search: one more",
      find: "delegationsMax: 32",
      replace: "delegationsMax: 33",
      caughtBy: "more roles than the limit end the search",
    },
  ]),
  ...mutantsOf(limits, refresh, [
    {
      check: "5.3.3 the number of roots in one refresh: one more",
      find: "rootRotationsMax: 256",
      replace: "rootRotationsMax: 257",
      caughtBy: "no more than 256 roots are fetched at once",
    },
  ]),
  ...mutantsOf(limits, bounds, [
    {
      check: "5.3.3 the bound of a whole request: twice as long",
      find: "totalMs: 60_000",
      replace: "totalMs: 120_000",
      caughtBy: "every fetch carries the bounds of size, silence and time",
    },
    {
      check: "5.3.3 the bound of silence: a second longer",
      find: "idleMs: 10_000",
      replace: "idleMs: 11_000",
      caughtBy: "every fetch carries the bounds of size, silence and time",
    },
    {
      check: "5.5.1 the bound of listed lengths: one byte more",
      find: "listedSizeMax: 64 * 1024 * 1024",
      replace: "listedSizeMax: 64 * 1024 * 1024 + 1",
      caughtBy: "a listed length may be 64 MiB and not a byte longer",
    },
  ]),
  ...mutantsOf(roleLoader, bounds, [
    {
      check: "5.6.7 verified roles in memory have a bound: one more stays",
      find: "this.#kept.size <= this.#limits.rolesKeptMax",
      replace: "this.#kept.size <= this.#limits.rolesKeptMax + 1",
      caughtBy: "no more verified roles stay in memory than the limit",
    },
    {
      check: "5.6.7 the least recently used role is forgotten: the oldest is",
      find: "this.#kept.delete(text);",
      replace: "",
      caughtBy: "no more verified roles stay in memory than the limit",
    },
  ]),
  ...mutantsOf(updater, refresh, [
    {
      check: "5.3.3 roots are counted: one more passes",
      find: "count < this.#limits.rootRotationsMax",
      replace: "count <= this.#limits.rootRotationsMax",
      caughtBy: "no more roots than the limit are fetched at once",
    },
  ]),
  ...mutantsOf(updater, bounds, [
    {
      check: "5.4.1 timestamp has its own bound: snapshot's",
      find: "const { timestampSizeMax } = this.#limits;",
      replace: "const timestampSizeMax = this.#limits.snapshotSizeMax;",
      caughtBy: "timestamp.json: timestampSizeMax",
    },
    {
      check: "5.5.1 snapshot has its own bound: that of targets",
      find: "sizeMaxOf(listed, this.#limits.snapshotSizeMax,",
      replace: "sizeMaxOf(listed, this.#limits.targetsSizeMax,",
      caughtBy: "2.snapshot.json: snapshotSizeMax",
    },
    {
      check: "5.6.1 targets have their own bound: the largest of all",
      find: "sizeMaxOf(listed, this.#limits.targetsSizeMax,",
      replace: "sizeMaxOf(listed, this.#limits.listedSizeMax,",
      caughtBy: "2.targets.json: targetsSizeMax",
    },
  ]),
  ...mutantsOf(roleLoader, bounds, [
    {
      check: "5.6.1 delegated roles have the bound of targets: the largest of all",
      find: "sizeMaxOf(listed, this.#limits.targetsSizeMax,",
      replace: "sizeMaxOf(listed, this.#limits.listedSizeMax,",
      caughtBy: "2.a.json: targetsSizeMax",
    },
  ]),
  ...mutantsOf(roleDownload, bounds, [
    {
      check: "5.3.3 root has its own bound: the largest of all",
      find: "fetchFile(file, limits.rootSizeMax)",
      replace: "fetchFile(file, limits.listedSizeMax)",
      caughtBy: "2.root.json: rootSizeMax",
    },
    {
      check: "5.5.1 a listed length is the bound: only where it is larger",
      find: "const { length = ownMax } = listed;",
      replace: "const length = Math.max(listed.length ?? ownMax, ownMax);",
      caughtBy: "every fetch carries the bounds of size",
    },
    {
      check: "5.3.3 silence has a bound: that of the whole request",
      find: "await fetch({ url }, { idleMs, sizeMax, totalMs })",
      replace: "await fetch({ url }, { idleMs: totalMs, sizeMax, totalMs })",
      caughtBy: "every fetch carries the bounds of size, silence and time",
    },
  ]),
  ...mutantsOf(roleDownload, refresh, [
    {
      check: "5.3.3 only 403 and 404 end the chain of roots: 410 does too",
      find: "new Set([403, 404])",
      replace: "new Set([403, 404, 410])",
      caughtBy: "root 404 or 403 ends the chain",
    },
    {
      check: "5.3.3 only status 200 is an answer: 204 is one",
      find: "if (status === 200) return body;",
      replace: "if (status < 300) return body;",
      caughtBy: "other answers mean that the index cannot be reached",
    },
    {
      check: "5.5.1 no listed length lets a file be larger than all: any does",
      find: "if (length <= Math.max(ownMax, limits.listedSizeMax)) return length;",
      replace: "if (length <= Math.max(ownMax, limits.listedSizeMax, length)) return length;",
      caughtBy: "up to the largest that is ever read",
    },
  ]),
  ...mutantsOf(roleDownload, listed, [
    {
      check: "5.4.1 a body over its bound is refused: the port is believed",
      find: "if (response.body.byteLength > sizeMax) throw tooLong(file, sizeMax);",
      replace: "",
      caughtBy: "a body over the bound is refused, whoever counts",
    },
    {
      check: "5.4.1 a body over its bound is refused: one byte passes",
      find: "if (response.body.byteLength > sizeMax) throw",
      replace: "if (response.body.byteLength > sizeMax + 1) throw",
      caughtBy: "a body over the bound is refused, whoever counts",
    },
    {
      check: "5.4.1 endless data is an attack: it is a broken network",
      find: "throw isTooLong ? tooLong(file, sizeMax, error) : error;",
      replace: "throw isTooLong ? error : error;",
      caughtBy: "a body over the bound is refused, whoever counts",
    },
  ]),
  ...mutantsOf(listedFile, attacks, [
    {
      check: "5.5.2 a length is the listed one: a shorter file passes",
      find: "bytes.byteLength !== listed.length",
      replace: "bytes.byteLength > listed.length",
      caughtBy: "a snapshot shorter than listed",
    },
  ]),
  ...mutantsOf(listedFile, listed, [
    {
      check: "5.5.2 every listed hash is right: the first is enough",
      find: "if (received === expected) continue;",
      replace: "if (received === expected) return;",
      caughtBy: "wants every hash it knows to be right",
    },
    {
      check: "5.5.2 one listed hash is known: none need be",
      find: "if (known > 0) return;",
      replace: "if (known >= 0) return;",
      caughtBy: "wants every hash it knows to be right, and to know one",
    },
    {
      check: "5.5.2 a hash is compared whole: its first digits are",
      find: "if (received === expected) continue;",
      replace: "if (received.startsWith(expected)) continue;",
      caughtBy: "wants every hash it knows to be right",
    },
    {
      check: "5.5.2 a broken hash vouches for nothing: MD5 does",
      find: '["sha512", "sha512"],',
      replace: '["sha512", "sha512"], ["md5", "md5"],',
      caughtBy: "wants every hash it knows to be right, and to know one",
    },
  ]),
  ...mutantsOf(targetDownload, listed, [
    {
      check: "5.7.3 a target is read up to its length: one byte more",
      find: "sizeMax: target.length,",
      replace: "sizeMax: target.length + 1,",
      caughtBy: "gives out verified bytes only",
    },
    {
      check: "5.7.3 a target has the listed hash: removed",
      find: "checkListedFile(what, body, target);",
      replace: "",
      caughtBy: "gives out verified bytes only",
    },
    {
      check: "5.7.3 a consistent repository's targets are asked for by hash: by path",
      find: "const url = isConsistent\n",
      replace: "const url = isConsistent && !target.hashes\n",
      caughtBy: "asks for the hashed name",
    },
  ]),
];
