/** Rules of the editor for claimed projects (specification 6.1, PEP 480): who may speak for a page, and who may not. */
import { mutantsOf } from "./mutant.ts";
import type { Mutant } from "./mutant.ts";

const suite = "src/core/tuf/claimed-roles.test.ts";
const search = "src/core/tuf/claimed-search.test.ts";

export const claimMutants: readonly Mutant[] = [
  ...mutantsOf("src/core/tuf/claimed-roles.ts", search, [
    {
      check: "6.1 a claim ends the search: it lets it go on",
      find: "paths: [pageTarget(project)],\n    terminating: true",
      replace: "paths: [pageTarget(project)],\n    terminating: false",
      caughtBy: "no online key speaks for a claimed project's page",
    },
    {
      check: "6.1 a part of claimed lets the search go on: it ends it",
      find: "pathHashPrefixes: [prefix],\n    terminating: false",
      replace: "pathHashPrefixes: [prefix],\n    terminating: true",
      caughtBy: "are found with 16 files of claims",
    },
    {
      check: "6.1 parts without a claim exist too: they are left out",
      find: "    contents.set(name, claimsContent(name, part));",
      replace: "    if (part.length > 0) contents.set(name, claimsContent(name, part));",
      caughtBy: "are found with 16 files of claims",
    },
    {
      check: "6.1 owners have their threshold: one",
      find: "keyIds: keyIds.toSorted(compareCodePoints),\n    threshold,",
      replace: "keyIds: keyIds.toSorted(compareCodePoints),\n    threshold: 1,",
      caughtBy: "one owner alone publishes nothing",
    },
  ]),
  ...mutantsOf("src/core/tuf/claimed-roles.ts", suite, [
    {
      check: "6.1 a claim covers one page: all pages",
      find: "paths: [pageTarget(project)]",
      replace: 'paths: ["simple/*/index.json"]',
      caughtBy: "a claim is a terminating delegation of the project's page alone",
    },
    {
      check: "6.1 claims make the same bytes: in the order in which they come",
      find: "claims.toSorted((a, b) => compareCodePoints(a.project, b.project))",
      replace: "claims",
      caughtBy: "the same claims make the same bytes",
    },
    {
      check: "6.1 keys make the same bytes: in the order in which they come",
      find: "keyIds: keyIds.toSorted(compareCodePoints)",
      replace: "keyIds",
      caughtBy: "the same claims make the same bytes",
    },
    {
      check: "6.1 claimed is split from 1,000 projects on: it never is",
      find: "if (projects < splitFrom) return 0;",
      replace: "if (projects >= 0 * splitFrom) return 0;",
      caughtBy: "claimed is split from 1,000 projects on",
    },
    {
      check: "6.1 a part has 64 claims on average: sixteen times as many",
      find: "projects <= partClaimsAverageMax * 256 ? 2 : 3",
      replace: "projects <= partClaimsAverageMax * 4096 ? 2 : 3",
      caughtBy: "claimed is split from 1,000 projects on",
    },
    {
      check: "6.1 a project is in the part of its page's hash: of its name's",
      find: "sha256Hex(formatUtf8(pageTarget(project)))",
      replace: "sha256Hex(formatUtf8(project))",
      caughtBy: "a split claims each project in the part of its page's hash",
    },
    {
      check: "6.1 parts are signed with claimed's keys alone: with any that targets lists",
      find: "[...keys].filter(([keyId]) => keyIds.includes(keyId))",
      replace:
        "[...keys, ...[...keys].map(([, key]): [string, TufKey] => [`00${key.keyId}`, key])]",
      caughtBy: "a split claims each project in the part of its page's hash",
    },
    {
      check: "6.1 a project is claimed once: twice",
      find: "if (roles.at(-1)?.name === name)",
      replace: 'if (roles.at(-1)?.name === "")',
      caughtBy: "claims that nobody could sign, or that say a thing twice",
    },
    {
      check: "6.1 keys have a bound: none",
      find: "if (keys.length > keysMax)",
      replace: "if (keys.length > 2 * keysMax)",
      caughtBy: "claims that nobody could sign",
    },
    {
      check: "6.1 each key is listed once: twice",
      find: "if (keysById(keys).size !== keys.length)",
      replace: "if (keysById(keys).size === 0)",
      caughtBy: "claims that nobody could sign",
    },
    {
      check: "6.1 a threshold is one or more: zero",
      find: "threshold < 1 ||",
      replace: "threshold < 0 ||",
      caughtBy: "claims that nobody could sign",
    },
    {
      check: "6.1 a threshold can be reached: it need not",
      find: "|| threshold > keys.length",
      replace: "|| threshold > 2 * keys.length",
      caughtBy: "claims that nobody could sign",
    },
    {
      check: "6.1 a file of claims has a bound in number: none",
      find: "if (claims.length > claimLimits.roleClaimsMax)",
      replace: "if (claims.length > 2 * claimLimits.roleClaimsMax)",
      caughtBy: "a file of claims has a bound",
    },
  ]),
  ...mutantsOf("src/core/tuf/targets-content.ts", suite, [
    {
      check: "6.1 a file of claims has a bound in bytes: none",
      find: "if (size <= claimLimits.fileSizeMax)",
      replace: "if (size <= 2 * claimLimits.fileSizeMax)",
      caughtBy: "a file of claims has a bound",
    },
    {
      check: "6.1 claims are exactly what the file says: targets do not count",
      find: "{ specVersion, version, expires, ...content }",
      replace: "{ specVersion, version, expires, ...content, targets: role.targets }",
      caughtBy: "a delegation that is not exactly a claim is refused",
    },
  ]),
  ...mutantsOf("src/core/tuf/open-claims.ts", suite, [
    {
      check: "6.1 a role of claims says nothing else: it may",
      find: "if (!saysExactly(file, claimsContent(role, claims)))",
      replace: "if (claimsContent(role, claims).targets.size > 0)",
      caughtBy: "a delegation that is not exactly a claim is refused",
    },
    {
      check: "6.1 claimed says nothing else: it may",
      find: "if (!saysExactly(file, content)) throw",
      replace: "if (content.targets.size > 0) throw",
      caughtBy: "a split with a part too few, too many, or outside its prefix",
    },
    {
      check: "6.1 claimed has no files but its parts: any",
      find: "if (!expected.has(name))",
      replace: 'if (!expected.has(name) && name === "")',
      caughtBy: "a split with a part too few, too many, or outside its prefix",
    },
  ]),
  ...mutantsOf("src/core/tuf/project-roles.ts", suite, [
    {
      check: "6.1 owners speak for their page alone: for any",
      find: "if (saysExactly(file, projectContent(project, statement))) return statement;",
      replace: "if (projectContent(project, statement).targets.size >= 0) return statement;",
      caughtBy: "owners and release keys speak for their page",
    },
    {
      check: "6.1 a release role has keys that can sign: any",
      find: "checkKeyGroup(name, release);",
      replace: "",
      caughtBy: "owners hand the page on to keys that can sign",
    },
  ]),
  ...mutantsOf("src/core/tuf/layout.ts", suite, [
    {
      check: "6.1 a release role is no project's role: it has no dot",
      find: "`${projectRoleName(project)}.release`",
      replace: "`${projectRoleName(project)}-release`",
      caughtBy: "no project's role has the name of another role",
    },
    {
      check: "6.1 a project's role names a normalised project: any text",
      find: "role.startsWith(projectRolePrefix) && isProjectName(name) ? name : undefined",
      replace:
        "role.startsWith(projectRolePrefix) && isProjectName(name.toLowerCase()) ? name : undefined",
      caughtBy: "no project's role has the name of another role",
    },
  ]),
];
