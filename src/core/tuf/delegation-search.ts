/**
 * The search for a target (specification 5.6.7): preorder and depth first over the delegations that cover its path. A
 * role that cannot be had or verified ends the search with an error, for what stands behind it could be anything.
 */
import { delegationsFor } from "#formats/tuf/targets.ts";
import type { Delegation, TargetFile } from "#formats/tuf/targets.ts";
import { TrustError } from "#core/errors.ts";
import type { TrustedRole } from "./delegated-role.ts";
import { quoteName } from "./role-checks.ts";

export type FoundInRole = { readonly target: TargetFile; readonly role: TrustedRole };

/** The delegated role, verified for this delegator, or TrustError, FormatError or UnavailableError. */
export type LoadRole = (delegator: TrustedRole, delegation: Delegation) => Promise<TrustedRole>;

type Step = { readonly delegator: TrustedRole; readonly delegation: Delegation };

/**
 * "absent" is a statement of the roles that were asked, each of them verified. Throws TrustError `tuf.delegations`
 * when `delegationsMax` roles were visited without an end, and whatever `loadRole` throws.
 */
export async function searchDelegations(
  top: TrustedRole,
  path: string,
  delegationsMax: number,
  loadRole: LoadRole,
): Promise<FoundInRole | "absent"> {
  const visited = new Set<string>();
  let role = top;
  let steps: Step[] = [];
  for (;;) {
    const target = role.value.targets.get(path);
    if (target !== undefined) return { target, role };
    const next = stepsFrom(role, path);
    // A terminating delegation: nobody but that role, and whom it delegates to, may speak for the path.
    if (next.at(-1)?.delegation.terminating === true) steps = [];
    steps.push(...next.toReversed());
    const step = nextUnvisited(steps, visited);
    if (step === undefined) return "absent";
    if (visited.size > delegationsMax) throw tooManyRoles(path, delegationsMax);
    role = await loadRole(step.delegator, step.delegation);
  }
}

function stepsFrom(delegator: TrustedRole, path: string): readonly Step[] {
  const { delegations } = delegator.value;
  if (delegations === undefined) return [];
  return delegationsFor(delegations, path).map((delegation) => ({ delegator, delegation }));
}

/**
 * A role is visited once for each delegator that leads to it: cycles end, and a role that two delegators share is
 * verified for both.
 */
function nextUnvisited(steps: Step[], visited: Set<string>): Step | undefined {
  for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
    const edge = JSON.stringify([step.delegator.name, step.delegation.name]);
    if (visited.has(edge)) continue;
    visited.add(edge);
    return step;
  }
  return undefined;
}

function tooManyRoles(path: string, delegationsMax: number): TrustError {
  const sentence = `Cannot find ${quoteName(path)}: more than ${delegationsMax} delegated roles lead there`;
  return new TrustError("tuf.delegations", sentence, { path, delegationsMax });
}
