/** Delegated roles and the search through them (specification 5.6.7). */
import { mutantsOf } from "./mutant.ts";
import type { Mutant } from "./mutant.ts";

const delegatedRole = "src/core/tuf/delegated-role.ts";
const delegationSearch = "src/core/tuf/delegation-search.ts";
const roleLoader = "src/core/tuf/role-loader.ts";
const targets = "src/formats/tuf/targets.ts";

const search = "src/core/tuf/delegation-search.test.ts";
const keptCopies = "src/core/tuf/kept-copies.test.ts";

export const delegationMutants: readonly Mutant[] = [
  ...mutantsOf(delegatedRole, search, [
    {
      check: "5.6.1 a delegated role is listed in snapshot: version 1 is assumed",
      find: "if (listed !== undefined) return listed;",
      replace: "if (name) return listed ?? { version: 1 };",
      caughtBy: "a role that is not in snapshot is not even asked for",
    },
    {
      check: "5.6.3 a delegated role is signed by its delegator's keys: removed",
      find: "checkThreshold(`${title}, delegated by ${quoteName(delegator.name)}`, offered, delegation);",
      replace: "",
      caughtBy: "a stranger signed it",
    },
    {
      check: "5.6.4 a delegated role has the listed version: removed",
      find: "checkVersion(quoteName(name), offered.value, listed.version);",
      replace: "",
      caughtBy: "it is older than listed",
    },
    {
      check: "5.6.5 a delegated role is in force: removed",
      find: "checkNotExpired(quoteName(name), offered.value, view.at);",
      replace: "",
      caughtBy: "it has expired",
    },
    {
      check: "5.6.4 a remembered role has the listed version: removed",
      find: "checkVersion(quoteName(remembered.name), remembered.value, listed.version);",
      replace: "",
      caughtBy: "an old view still works beside a new one",
    },
    {
      check: "5.6.3 a role is remembered for one delegator's keys: by its name alone",
      find: "[delegator.name, delegation.name, signersText(delegation)]",
      replace: "[delegation.name]",
      caughtBy: "a role verified for one delegator does not speak for another",
    },
    {
      check: "5.6.3 a role is remembered for the keys it was verified with: they may change",
      find: "[delegator.name, delegation.name, signersText(delegation)]",
      replace: "[delegator.name, delegation.name]",
      caughtBy: "a role whose delegator replaced its keys is not believed",
    },
  ]),
  ...mutantsOf("src/core/tuf/threshold.ts", search, [
    {
      check: "5.6.3 a role is remembered for its threshold: it may be raised",
      find: '`${signers.threshold}:${listed.join(",")}`',
      replace: 'listed.join(",")',
      caughtBy: "a role whose delegator raised its threshold is not believed",
    },
  ]),
  ...mutantsOf(delegatedRole, keptCopies, [
    {
      check: "5.6.2 a delegated role has the listed hash: removed",
      find: "checkListedFile(title, bytes, listed);",
      replace: "",
      caughtBy: "a delegated role with another hash than listed is not even kept",
    },
    {
      check: "5.6.2 a remembered role has the listed hash: removed",
      find: "checkListedFile(title, remembered.bytes, listed);",
      replace: "",
      caughtBy: "one whose hash changed is fetched again",
    },
    {
      check: "5.6.5 a remembered role is in force: removed",
      find: "checkNotExpired(quoteName(remembered.name), remembered.value, view.at);",
      replace: "",
      caughtBy: "a remembered role that has expired is refused",
    },
  ]),
  ...mutantsOf(roleLoader, keptCopies, [
    {
      check: "5.6.6 a delegated role is kept after it was accepted: before",
      find: "const role = acceptDelegated(view, delegator, delegation, bytes);",
      replace:
        "await this.#store.writeRole(name, bytes); const role = acceptDelegated(view, delegator, delegation, bytes);",
      caughtBy: "a delegated role with another hash than listed is not even kept",
    },
  ]),
  ...mutantsOf(delegationSearch, search, [
    {
      check: "5.6.7.1 a search visits no more roles than the limit: one more",
      find: "if (visited.size > delegationsMax)",
      replace: "if (visited.size > delegationsMax + 1)",
      caughtBy: "more roles than the limit end the search with an error",
    },
    {
      check: "5.6.7.1 a search that meets the limit is an error: it says absent",
      find: "throw tooManyRoles(path, delegationsMax);",
      replace: 'return "absent";',
      caughtBy: "more roles than the limit end the search with an error",
    },
    {
      check: "5.6.7.1 a role is visited for each of its delegators: for the first only",
      find: "JSON.stringify([step.delegator.name, step.delegation.name])",
      replace: "step.delegation.name",
      caughtBy: "a role that two delegators share is verified for both",
    },
    {
      check: "5.6.7.2 a role that cannot be verified ends the search: it is passed over",
      find: "role = await loadRole(step.delegator, step.delegation);",
      replace: "role = await loadRole(step.delegator, step.delegation).catch(() => role);",
      caughtBy: "a stranger signed it",
    },
    {
      check: "5.6.7.2.1 nothing behind a terminating delegation is visited: it is",
      find: "if (next.at(-1)?.delegation.terminating === true) steps = [];",
      replace: "",
      caughtBy: "nothing behind a terminating delegation",
    },
    {
      check: "5.6.7.2.2 delegations are visited in order of priority: the last first",
      find: "steps.push(...next.toReversed());",
      replace: "steps.push(...next);",
      caughtBy: "in the order of the list",
    },
    {
      check: "5.6.7.2 the search goes depth first: breadth first",
      find: "steps.push(...next.toReversed());",
      replace: "steps.unshift(...next.toReversed());",
      caughtBy: "depth first",
    },
  ]),
  ...mutantsOf(targets, search, [
    {
      check: "5.6.7.2 a role speaks for the paths delegated to it: for all",
      find: "if (!coversPath(role, path)) continue;",
      replace: "",
      caughtBy: "only where paths match",
    },
    {
      check: "5.6.7.2.1 siblings behind a terminating delegation are not visited: they are",
      find: "if (terminating) break;",
      replace: "",
      caughtBy: "roles before a terminating one are still visited",
    },
    {
      check: "5.6.7.2 one of the paths must match: all must",
      find: "role.paths.some((pattern)",
      replace: "role.paths.every((pattern)",
      caughtBy: "README.md: A",
    },
    {
      check: "5.6.7.2 hash prefixes stand at the start of the hash: anywhere",
      find: "digest.startsWith(prefix)",
      replace: "digest.includes(prefix)",
      caughtBy: "path_hash_prefixes are compared with SHA-256 of the path",
    },
    {
      check: "5.6.7.2 hash prefixes are compared whole: the first five digits are",
      find: "digest.startsWith(prefix)",
      replace: "digest.startsWith(prefix.slice(0, 5))",
      caughtBy: "path_hash_prefixes are compared with SHA-256 of the path",
    },
    {
      check: "TAP 15 bins are terminating: the search goes on behind them",
      find: "name: binName(succinct, path), keys, terminating: true",
      replace: "name: binName(succinct, path), keys, terminating: false",
      caughtBy: "succinct bins: what a bin does not list is absent",
    },
  ]),
];
