/**
 * Claimed projects as TUF delegations (PEP 480; design 5 and 7). `claimed` and `recently-claimed` give each claimed
 * project a role of its own, `project-<name>`, whose keys and threshold are its owners'. That delegation is terminating
 * and covers the project's page alone, so that no key of the index can speak for the page; what the role itself may say
 * is in project-roles.ts. From 1,000 projects on `claimed` is split into parts by `path_hash_prefixes`, each signed
 * with claimed's own keys. Pure, and deterministic: the same claims make the same bytes, in whatever order they come.
 *
 * A role that was delegated to once stays in the snapshot for ever, claimed or not (specification 5.5.5); the publisher
 * sees to that. Its versions go on from there when the project is claimed again.
 */
import type { PublicKey } from "#crypto/public-key.ts";
import { sha256Hex } from "#crypto/hash.ts";
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import { compareCodePoints } from "#formats/json/canonical.ts";
import { isProjectName } from "#formats/python/project-name.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import type { TufKey } from "#formats/tuf/key.ts";
import type { DelegatedRole, Delegations } from "#formats/tuf/targets.ts";
import { RefusedError } from "#core/errors.ts";
import { claimLimits } from "./claim-limits.ts";
import { claimedPartName, pageTarget, projectRoleName } from "./layout.ts";
import { keysById, roleKeysOf } from "./offline-roles.ts";
import { noTargets } from "./targets-content.ts";
import type { TargetsContent } from "./targets-content.ts";
import type { Signers } from "./threshold.ts";

/** Who signs, and how many of them must: each key once. */
export type KeyGroup = {
  readonly keys: readonly PublicKey[];
  readonly threshold: number;
};

export type Claim = {
  readonly project: ProjectName;
  readonly owners: KeyGroup;
};

/** How many hex digits of the page's hash a part of `claimed` is named by: 1, 16, 256 or 4,096 files. */
export type ClaimedSplit = 0 | 1 | 2 | 3;

/** The split for so many claimed projects. */
export function splitFor(projects: number): ClaimedSplit {
  const { partClaimsAverageMax, splitFrom } = claimLimits;
  if (projects < splitFrom) return 0;
  if (projects <= partClaimsAverageMax * 16) return 1;
  return projects <= partClaimsAverageMax * 256 ? 2 : 3;
}

/**
 * Every file of `claimed` by role name, the parts before `claimed` itself; `signers` are claimed's own, as `targets` lists
 * them. Parts without a claim exist too, for a lookup that found one missing would end there. Throws RefusedError
 * `claim.refused`.
 */
export function claimedRoles(
  claims: readonly Claim[],
  split: ClaimedSplit,
  signers: Signers,
): ReadonlyMap<string, TargetsContent> {
  if (split === 0) return new Map([["claimed", claimsContent("claimed", claims)]]);
  const byPrefix = new Map(hashPrefixes(split).map((prefix): [string, Claim[]] => [prefix, []]));
  for (const claim of claims) byPrefix.get(hashPrefix(claim.project, split))?.push(claim);
  const contents = new Map<string, TargetsContent>();
  for (const [prefix, part] of byPrefix) {
    const name = claimedPartName(prefix);
    contents.set(name, claimsContent(name, part));
  }
  const delegations = partDelegations([...byPrefix.keys()], signers);
  return contents.set("claimed", { targets: noTargets, delegations });
}

/** What `recently-claimed`, or one file of `claimed`, says of these projects. Throws RefusedError `claim.refused`. */
export function claimsContent(role: string, claims: readonly Claim[]): TargetsContent {
  if (claims.length > claimLimits.roleClaimsMax) {
    throw refused(role, `${claims.length} claims are more than ${claimLimits.roleClaimsMax}`);
  }
  if (claims.length === 0) return { targets: noTargets };
  const sorted = claims.toSorted((a, b) => compareCodePoints(a.project, b.project));
  const keys = new Map<string, TufKey>();
  const roles: DelegatedRole[] = [];
  for (const { owners, project } of sorted) {
    const name = projectRoleName(project);
    // The brand says so at compile time; a wrong name here would be another role's.
    if (!isProjectName(project)) throw refused(role, `${JSON.stringify(project)} is not a project`);
    if (roles.at(-1)?.name === name) throw refused(role, `${project} is claimed twice`);
    checkKeyGroup(name, owners);
    for (const [keyId, key] of keysById(owners.keys)) keys.set(keyId, key);
    roles.push(pageDelegation(name, project, owners));
  }
  return { targets: noTargets, delegations: { keys: sortedKeys(keys), roles } };
}

/** The terminating delegation of one project's page and of nothing else. */
export function pageDelegation(
  name: string,
  project: ProjectName,
  { keys, threshold }: KeyGroup,
): DelegatedRole {
  const { keyIds } = roleKeysOf(keys);
  return {
    name,
    keyIds: keyIds.toSorted(compareCodePoints),
    threshold,
    paths: [pageTarget(project)],
    terminating: true,
  };
}

/** Throws RefusedError `claim.refused` for too many keys, one twice, and a threshold that they cannot reach. */
export function checkKeyGroup(role: string, { keys, threshold }: KeyGroup): void {
  const { keysMax } = claimLimits;
  if (keys.length > keysMax) throw refused(role, `${keys.length} keys are more than ${keysMax}`);
  if (keysById(keys).size !== keys.length) throw refused(role, "it lists one key twice");
  if (!Number.isSafeInteger(threshold) || threshold < 1 || threshold > keys.length) {
    throw refused(role, `${threshold} of ${keys.length} keys cannot sign`);
  }
}

/** In order of their ids, so that who comes first leaves no trace. */
export function sortedKeys(keys: ReadonlyMap<string, TufKey>): ReadonlyMap<string, TufKey> {
  return new Map([...keys].toSorted(([a], [b]) => compareCodePoints(a, b)));
}

/** The part of a split `claimed` that speaks for the project. */
export function claimedPartOf(project: ProjectName, split: ClaimedSplit): string {
  return split === 0 ? "claimed" : claimedPartName(hashPrefix(project, split));
}

function hashPrefix(project: ProjectName, split: ClaimedSplit): string {
  return sha256Hex(formatUtf8(pageTarget(project))).slice(0, split);
}

function hashPrefixes(split: ClaimedSplit): readonly string[] {
  return Array.from({ length: 16 ** split }, (_, index) => index.toString(16).padStart(split, "0"));
}

/** Not terminating: a project that no part claims may be recently claimed, or not claimed at all. */
function partDelegations(prefixes: readonly string[], signers: Signers): Delegations {
  const { keyIds, keys, threshold } = signers;
  const roles = prefixes.map((prefix): DelegatedRole => ({
    name: claimedPartName(prefix),
    keyIds,
    threshold,
    pathHashPrefixes: [prefix],
    terminating: false,
  }));
  const own = new Map([...keys].filter(([keyId]) => keyIds.includes(keyId)));
  return { keys: sortedKeys(own), roles };
}

function refused(role: string, reason: string): RefusedError {
  return new RefusedError("claim.refused", `Cannot make the delegations of ${role}: ${reason}`);
}
