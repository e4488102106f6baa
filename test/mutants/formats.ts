/** What role files may say (specification 4.2 to 4.6), as the client reads them. */
import { mutantsOf } from "./mutant.ts";
import type { Mutant } from "./mutant.ts";

const roleFiles = "src/formats/tuf/role-files.test.ts";
const roleNames = "src/formats/tuf/role-names.test.ts";
const pathPattern = "src/formats/tuf/path-pattern.test.ts";
const knownAttacks = "src/core/tuf/known-attacks.test.ts";

const exact = "src/formats/json/exact.test.ts";

export const formatMutants: readonly Mutant[] = [
  ...mutantsOf("src/formats/json/exact.ts", exact, [
    {
      check: "4.2 what the engine's parser read is written again: it is not compared",
      find: "return JSON.stringify(parsed) === text ? { parsed } : undefined;",
      replace: "return { parsed };",
      caughtBy: "parseExact() leaves a member named twice to the strict parser",
    },
    {
      check: "4.2 escapes are read strictly: by the engine",
      find: ' || text.includes("\\\\")',
      replace: "",
      caughtBy: "parseExact() leaves a lone surrogate",
    },
    {
      check: "4.2 numbers are exact integers: any",
      find: "return Number.isSafeInteger(value) ? value : undefined;",
      replace: "return value;",
      caughtBy: "parseExact() leaves a fraction to the strict parser",
    },
    {
      check: "4.2 nesting is bounded: one level more",
      find: "depth >= this.#depthMax",
      replace: "depth > this.#depthMax",
      caughtBy: "parseExact() leaves nesting that is too deep",
    },
    {
      check: "4.2 what is verified as it stands has its members in order: in any",
      find: "this.isCanonical = false;",
      replace: "this.isCanonical = true;",
      caughtBy: "parseExact() takes what is written compactly, and says whether it is canonical",
    },
  ]),
  ...mutantsOf("src/formats/json/exact.ts", exact, [
    {
      check: "4.4 a role is listed once: again in another shape",
      find: " || object.has(name)",
      replace: "",
      caughtBy: "parseExact() leaves a line that is there again in another shape",
    },
    {
      check: "4.2 nesting is bounded: lines of a snapshot lie deeper",
      find: "if (depth + 1 >= this.#depthMax) return undefined;",
      replace: "",
      caughtBy: "parseExact() leaves a snapshot's lines that are nested too deeply",
    },
  ]),
  ...mutantsOf("src/formats/json/version-lines.ts", exact, [
    {
      check: "4.4 a role is listed once: twice in a row",
      find: "role <= last",
      replace: "role < last",
      caughtBy: "parseExact() leaves a snapshot's line that is there twice",
    },
    {
      check: "4.2 a comma is followed by a member: by nothing",
      find: `if (text[to - 1] === "," && text[to] !== '"') return undefined;`,
      replace: "",
      caughtBy: "parseExact() leaves a comma after the last of a snapshot's lines",
    },
    {
      check: "4.2 numbers are exact integers: in lines of a snapshot any",
      find: "[1-9][0-9]{0,14}",
      replace: "[1-9][0-9]{0,18}",
      caughtBy: "parseExact() leaves a line whose number is not exact",
    },
    {
      check: "4.2 lines belong to the object they stand in: to the first of its name",
      find: " || text.includes(start, from)",
      replace: "",
      caughtBy: "parseExact() reads the lines of a snapshot as the strict parser does",
    },
    {
      check: "4.2 what is verified as it stands has its members in order: in the engine's order",
      find: "\\ud800-\\udfff",
      replace: "",
      caughtBy: "parseExact() takes what is written compactly, and says whether it is canonical",
    },
  ]),
  ...mutantsOf("src/formats/tuf/envelope.ts", "src/formats/tuf/envelope.test.ts", [
    {
      check: "4.2.2 what is verified as it stands is one member of two: of more",
      find: " || tree.size !== 2",
      replace: "",
      caughtBy: "parseSigned() verifies the canonical form of the tree received",
    },
  ]),
  ...mutantsOf("src/formats/tuf/envelope.ts", roleFiles, [
    {
      check: "4.2.2 a key id signs once: twice",
      find: "if (keyIds.has(keyid)) {",
      replace: 'if (keyIds.has(keyid) && sig === "") {',
      caughtBy: "is refused with tuf.envelope when",
    },
  ]),
  ...mutantsOf("src/formats/tuf/key.ts", roleFiles, [
    {
      check: "4.2 a key stands under its own id: under any",
      find: "if (key.keyId !== keyId) {",
      replace: 'if (key.keyId === "") {',
      caughtBy: "is refused with tuf.key-id when",
    },
  ]),
  ...mutantsOf("src/formats/tuf/role-keys.ts", roleFiles, [
    {
      check: "4.3 a role lists a key id once: twice",
      find: "if (new Set(ids).size !== ids.length) {",
      replace: "if (new Set(ids).size > ids.length) {",
      caughtBy: 'becomes "keyids":["$1","$1"',
    },
  ]),
  ...mutantsOf("src/formats/tuf/role-keys.ts", knownAttacks, [
    {
      check: "4.3 a threshold is one or more: zero or less",
      find: 'threshold: Decoder<number> = positive("tuf.threshold");',
      replace: "threshold: Decoder<number> = (value) => Number(value);",
      caughtBy: "a threshold of zero or less is no threshold",
    },
  ]),
  ...mutantsOf("src/formats/tuf/metadata.ts", knownAttacks, [
    {
      check: "4.2.1 a file has the type that is due: any type",
      find: 'object({ _type: literal(type, "tuf.type") })(value, at);',
      replace: "",
      caughtBy: "a file of one type does not pass for another",
    },
  ]),
  ...mutantsOf("src/formats/tuf/metadata.ts", roleFiles, [
    {
      check: "4.2.1 the specification's major version is 1: any",
      find: "/^1\\.[0-9]{1,9}(?:",
      replace: "/^[0-9]+\\.[0-9]{1,9}(?:",
      caughtBy: '"spec_version":"2.0.0"',
    },
    {
      check: "4.4 listed hashes are not empty: they may be",
      find: "if (members.size === 0) {",
      replace: "if (members.size < 0) {",
      caughtBy: '"hashes":{}',
    },
  ]),
  ...mutantsOf("src/formats/tuf/snapshot.ts", roleFiles, [
    {
      check: "4.4 names in snapshot end in .json: any end",
      find: "if (!name.endsWith(suffix)) {",
      replace: "if (name === suffix) {",
      caughtBy: 'when "targets.json": becomes "targets":',
    },
  ]),
  ...mutantsOf("src/formats/tuf/timestamp.ts", roleFiles, [
    {
      check: "4.6 timestamp lists snapshot and nothing else: more besides",
      find: " || tree.size !== 1",
      replace: "",
      caughtBy: '"meta":{"targets.json"',
    },
  ]),
  ...mutantsOf("src/formats/tuf/targets.ts", roleFiles, [
    {
      check: "4.5 a role is delegated to once: twice",
      find: "if (new Set(roles.map((role) => role.name)).size !== roles.length) {",
      replace: "if (new Set(roles.map((role) => role.name)).size > roles.length) {",
      caughtBy: 'when "name":"b" becomes "name":"a"',
    },
    {
      check: "4.5 a delegation has paths or hash prefixes: both",
      find: "if ((paths === undefined) === (pathHashPrefixes === undefined)) {",
      replace: "if (paths === undefined && pathHashPrefixes === undefined) {",
      caughtBy: 'becomes "paths":["x/*"],"path_hash_prefixes"',
    },
    {
      check: "4.5 hash prefixes are lower-case hex: upper-case passes",
      find: "/^[0-9a-f]{0,64}$/",
      replace: "/^[0-9a-fA-F]{0,64}$/",
      caughtBy: 'when "ff" becomes "FF"',
    },
    {
      check: "4.5 hash prefixes are no longer than the hash: one digit longer",
      find: "/^[0-9a-f]{0,64}$/",
      replace: "/^[0-9a-f]{0,65}$/",
      caughtBy: 'is refused with tuf.path-pattern when "ff" becomes "fffff',
    },
    {
      check: "TAP 15 delegations are roles or bins: both",
      find: "if (roles !== undefined && succinct === undefined) return { keys, roles };",
      replace: "if (roles !== undefined) return { keys, roles };",
      caughtBy: '"delegations":{"succinct_roles"',
    },
  ]),
  ...mutantsOf("src/formats/tuf/succinct-roles.ts", roleFiles, [
    {
      check: "TAP 15 bins have one bit or more: none",
      find: "bits < 1 ||",
      replace: "bits < 0 ||",
      caughtBy: 'becomes "bit_length":0',
    },
    {
      check: "TAP 15 bins have 32 bits or fewer: one more",
      find: "bits > 32)",
      replace: "bits > 33)",
      caughtBy: 'becomes "bit_length":33',
    },
  ]),
  ...mutantsOf("src/formats/tuf/succinct-roles.ts", roleNames, [
    {
      check: "TAP 15 a path's bin is the head of its hash: always eight bits",
      find: "head >>> (32 - roles.bitLength)",
      replace: "head >>> 24",
      caughtBy: "binName() is the head of SHA-256(path)",
    },
  ]),
  ...mutantsOf("src/formats/tuf/role-file.ts", roleNames, [
    {
      check: "4.5 a delegated role is not named as a top-level one: it may be",
      find: "!topLevelNames.has(name) && ",
      replace: "",
      caughtBy: "delegatedRoleName() refuses empty, over-long and top-level names",
    },
    {
      check: "4.5 role names have a bound: one character more",
      find: "const quotedSizeMax = 220;",
      replace: "const quotedSizeMax = 221;",
      caughtBy: "delegatedRoleName() refuses empty, over-long and top-level names",
    },
  ]),
  ...mutantsOf("src/formats/tuf/path-pattern.ts", pathPattern, [
    {
      check: "4.5 path patterns have a bound: one character more",
      find: "pattern.length > patternSizeMax",
      replace: "pattern.length > patternSizeMax + 1",
      caughtBy: "pathPattern() refuses what is longer than any honest pattern",
    },
    {
      check: "4.5 a ? matches no slash: it does",
      find: "if (expected === slash || actual === slash) return",
      replace: "if (expected === slash) return",
      caughtBy: "matchesPathPattern() lets nothing but a slash match a slash",
    },
    {
      check: "4.5 a * matches no slash: it does",
      find: ' || path[retryPath] === "/") return false;',
      replace: ") return false;",
      caughtBy: "matchesPathPattern() answers as Python's fnmatch does on each segment",
    },
  ]),
];
