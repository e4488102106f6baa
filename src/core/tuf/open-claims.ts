/**
 * Claims read back from the files that delegate to claimed projects. What is read must be exactly what claimed-roles.ts
 * would write: a delegation with another path or name, one that lets the search go on, a key we cannot use, or a part
 * of `claimed` that claims outside its prefix is refused, not repaired.
 */
import type { PublicKey } from "#crypto/public-key.ts";
import type { DelegatedRole, Delegations, Targets } from "#formats/tuf/targets.ts";
import { RefusedError } from "#core/errors.ts";
import { claimedRoles, claimsContent } from "./claimed-roles.ts";
import type { Claim, ClaimedSplit, KeyGroup } from "./claimed-roles.ts";
import { projectOfRole } from "./layout.ts";
import { saysExactly } from "./targets-content.ts";
import type { Signers } from "./threshold.ts";

export type Claimed = {
  /** By project. */
  readonly claims: readonly Claim[];
  readonly split: ClaimedSplit;
};

/** `files`: `claimed` and all its parts by role name. Throws RefusedError `claim.refused`. */
export function openClaimed(files: ReadonlyMap<string, Targets>, signers: Signers): Claimed {
  const top = files.get("claimed");
  if (top === undefined) throw refused("claimed", "it is missing");
  const split = splitOf(top);
  const claims = [...files.values()].flatMap((file) =>
    split > 0 && file === top ? [] : claimsIn("claimed", file),
  );
  const expected = claimedRoles(claims, split, signers);
  for (const name of files.keys()) {
    if (!expected.has(name)) throw refused(name, "it is no part of claimed");
  }
  for (const [name, content] of expected) {
    const file = files.get(name);
    if (file === undefined) throw refused(name, "it is missing");
    if (!saysExactly(file, content)) throw refused(name, "it says more than its claims");
  }
  return { claims: claims.toSorted((a, b) => (a.project < b.project ? -1 : 1)), split };
}

/** The claims of a role that is not split. Throws RefusedError `claim.refused`. */
export function openClaims(role: string, file: Targets): readonly Claim[] {
  const claims = claimsIn(role, file);
  if (!saysExactly(file, claimsContent(role, claims))) {
    throw refused(role, "it says more than its claims");
  }
  return claims;
}

/** Throws RefusedError `claim.refused` for a key that verifies nothing. */
export function keyGroupOf(
  role: Pick<DelegatedRole, "keyIds" | "name" | "threshold">,
  delegations: Delegations,
): KeyGroup {
  const keys = role.keyIds.map((keyId): PublicKey => {
    const key = delegations.keys.get(keyId)?.publicKey;
    if (key === undefined) throw refused(role.name, "it lists a key that cannot be used");
    return key;
  });
  return { keys, threshold: role.threshold };
}

function claimsIn(role: string, { delegations }: Targets): readonly Claim[] {
  if (delegations === undefined) return [];
  return (delegations.roles ?? []).map((delegated): Claim => {
    const project = projectOfRole(delegated.name);
    if (project === undefined) {
      throw refused(role, `it delegates to ${JSON.stringify(delegated.name)}`);
    }
    return { project, owners: keyGroupOf(delegated, delegations) };
  });
}

/** One file says how far the whole is split: it delegates to 16, 256 or 4,096 prefixes. */
function splitOf({ delegations }: Targets): ClaimedSplit {
  const roles = delegations?.roles ?? [];
  if (roles.every(({ pathHashPrefixes }) => pathHashPrefixes === undefined)) return 0;
  const split = splits.find((digits) => roles.length === 16 ** digits);
  if (split === undefined) throw refused("claimed", `${roles.length} parts are no whole split`);
  return split;
}

const splits: readonly ClaimedSplit[] = [1, 2, 3];

function refused(role: string, reason: string): RefusedError {
  return new RefusedError("claim.refused", `Cannot read the claims of ${role}: ${reason}`);
}
