/** Rules of the repository's side (specification 6): what its files must say so that clients can hold it to them. */
import { mutantsOf } from "./mutant.ts";
import type { Mutant } from "./mutant.ts";

const suite = "src/core/tuf/editor.test.ts";

export const editorMutants: readonly Mutant[] = [
  ...mutantsOf("src/core/tuf/editor.ts", suite, [
    {
      check: "6 a file lives no shorter than it should: part of a second shorter",
      find: "lifetimeMs + 999",
      replace: "lifetimeMs",
      caughtBy: "a file lives no shorter than it should",
    },
    {
      check: "6 a file's hash is that of its bytes: of what is signed",
      find: "sha256: sha256Hex(bytes)",
      replace: "sha256: sha256Hex(bytes.subarray(1))",
      caughtBy: "a file is what was signed",
    },
    {
      check: "6 a text with a line end is escaped: only other control characters are",
      find: "/[\\u0000-\\u001f]/",
      replace: "/[\\u0000-\\u0009]/",
      caughtBy: "a file is what was signed",
    },
  ]),
  ...mutantsOf("src/core/tuf/offline-roles.ts", suite, [
    {
      check: "6.2 the repository is consistent: names carry no versions",
      find: "consistentSnapshot: true",
      replace: "consistentSnapshot: false",
      caughtBy: "the first root is consistent",
    },
    {
      check: "6.1 root has its threshold: one",
      find: "roleKeysOf(root, rootThreshold)",
      replace: "roleKeysOf(root)",
      caughtBy: "the first root is consistent and has its threshold",
    },
    {
      check: "6.1 deny speaks for its own path: for pages",
      find: 'name === "deny" ? denyPath : pagePattern',
      replace: 'name === "" ? denyPath : pagePattern',
      caughtBy: "delegates each path to who may speak for it",
    },
    {
      check: "6.1 delegations let the search go on: they are terminating",
      find: "terminating: false",
      replace: "terminating: true",
      caughtBy: "delegates each path to who may speak for it",
    },
    {
      check: "6.1 each delegated role has its own key: all have that of deny",
      find: "roleKeysOf([delegated[name]])",
      replace: "roleKeysOf([delegated.deny])",
      caughtBy: "delegates each path to who may speak for it",
    },
    {
      check: "6.1 a next file has the new version and expiry: the old ones",
      find: "new Map([...membersOf(tree), ...members])",
      replace: "new Map([...members, ...membersOf(tree)])",
      caughtBy: "the next file keeps all members but version and expiry",
    },
    {
      check: "6.1 a next file keeps members that nobody knows: it drops them",
      find: "new Map([...membersOf(tree), ...members])",
      replace:
        'new Map([...[...membersOf(tree)].filter(([name]) => !name.startsWith("x-")), ...members])',
      caughtBy: "the next file keeps all members but version and expiry",
    },
    {
      check: "6.1 only a role's own keys sign it: all that are held",
      find: "held.filter(({ key }) => keyIds.includes(key.keyId))",
      replace: "held.filter(({ key }) => keyIds.length > 0 && key.keyId)",
      caughtBy: "only a role's own keys sign it",
    },
    {
      check: "6.1 claimed is signed by the keys that targets lists: by those of targets",
      find: 'role === "claimed" ? claimedKeys(current.targets) : rootRoleKeys(current.root, role)',
      replace: 'rootRoleKeys(current.root, role === "claimed" ? "targets" : role)',
      caughtBy: "only a role's own keys sign it",
    },
  ]),
  ...mutantsOf("src/core/tuf/online-roles.ts", suite, [
    {
      check: "6.3 timestamp lists the snapshot's length and hash: its version alone",
      find: 'const listed: MetaFile = { version, length, hashes: new Map([["sha256", sha256]]) };',
      replace: "const listed: MetaFile = { version };",
      caughtBy: "timestamp lists the snapshot's length and hash",
    },
    {
      check: "6.2 a bin lists its pages' lengths: none",
      find: "length: size, sha256 }",
      replace: "length: 0, sha256 }",
      caughtBy: "a bin lists the length and hash of each page",
    },
    {
      check: "6.1 unclaimed delegates to bins of the size it is told: of one bit",
      find: "binDelegations(bins.key, bins.bitLength)",
      replace: "binDelegations(bins.key, 1)",
      caughtBy: "unclaimed delegates to all bins and lists nothing",
    },
  ]),
];
