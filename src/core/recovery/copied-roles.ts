/**
 * The delegated roles of a copied tree, each verified for its delegator as a client would (delegated-role.ts), and which
 * projects they name.
 */
import { isProjectName } from "#formats/python/project-name.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import { nameOfBin } from "#formats/tuf/succinct-roles.ts";
import type { DelegatedRole, Delegation, TargetFile } from "#formats/tuf/targets.ts";
import { TrustError } from "#core/errors.ts";
import { acceptDelegated, listedRole, topTargetsRole } from "#core/tuf/delegated-role.ts";
import type { TrustedRole } from "#core/tuf/delegated-role.ts";
import { searchDelegations } from "#core/tuf/delegation-search.ts";
import { pageTarget, publicRolePath } from "#core/tuf/layout.ts";
import { clientLimits } from "#core/tuf/limits.ts";
import type { TrustedView } from "#core/tuf/trusted-set.ts";
import { faultOf, readBounded } from "./tree-reader.ts";
import type { TreeFault, TreeReader } from "./tree-reader.ts";
import { recoveryLimits } from "./limits.ts";

export type Bins = {
  readonly unclaimed: TrustedRole;
  readonly bitLength: number;
  readonly delegation: (bin: number) => Delegation;
};

/** The delegated roles of one view. */
export class CopiedRoles {
  readonly #tree: TreeReader;
  readonly #view: TrustedView;
  readonly #top: TrustedRole;

  constructor(tree: TreeReader, view: TrustedView) {
    this.#tree = tree;
    this.#view = view;
    this.#top = topTargetsRole(view);
  }

  async load(delegator: TrustedRole, delegation: Delegation): Promise<TrustedRole> {
    const { name } = delegation;
    const { length = clientLimits.targetsSizeMax, version } = listedRole(this.#view, name);
    const sizeMax = Math.min(length, clientLimits.listedSizeMax);
    const bytes = await readBounded(this.#tree, publicRolePath(name, version), sizeMax);
    return acceptDelegated(this.#view, delegator, delegation, bytes);
  }

  async openBins(): Promise<Bins> {
    const unclaimed = await this.load(this.#top, this.#delegated("unclaimed"));
    const { keys, succinct } = unclaimed.value.delegations ?? {};
    if (keys === undefined || succinct === undefined || succinct.bitLength > bitLengthMax) {
      throw new TrustError("tuf.delegations", "Cannot use the tree: unclaimed has no usable bins");
    }
    const { bitLength } = succinct;
    const delegation = (bin: number): Delegation => {
      return { ...succinct, name: nameOfBin(succinct, bin), keys, terminating: true };
    };
    return { unclaimed, bitLength, delegation };
  }

  /**
   * Projects that the roles before the bins name (PEP 480): a client finds their pages there first, whatever the bins
   * say. A role that does not verify stops a client's search, so it is a fault for everybody.
   */
  async listNamed(faults: TreeFault[]): Promise<ReadonlySet<ProjectName>> {
    const named = new Set<ProjectName>();
    const rest = (this.#top.value.delegations?.roles ?? [])
      .filter(({ name }) => name !== "unclaimed")
      .map((role) => ({ delegator: this.#top, role }));
    const seen = new Set<string>();
    for (let step = rest.pop(); step !== undefined; step = rest.pop()) {
      const { delegator, role } = step;
      const edge = JSON.stringify([delegator.name, role.name]);
      if (seen.has(edge)) continue;
      seen.add(edge);
      for (const project of literalProjects(role)) named.add(project);
      if (seen.size + named.size > recoveryLimits.namedProjectsMax) throw tooManyNames();
      if (isOnlyLiteral(role)) continue;
      try {
        const loaded = await this.load(delegator, delegationOf(delegator, role));
        for (const path of loaded.value.targets.keys()) addProject(named, path);
        for (const next of loaded.value.delegations?.roles ?? []) {
          rest.push({ delegator: loaded, role: next });
        }
      } catch (error) {
        faults.push(faultOf(role.name, error));
      }
    }
    return named;
  }

  /** As a client finds it. Throws TrustError or FormatError. */
  async find(project: ProjectName): Promise<TargetFile | undefined> {
    const found = await searchDelegations(
      this.#top,
      pageTarget(project),
      clientLimits.delegationsMax,
      (delegator, delegation) => this.load(delegator, delegation),
    );
    return found === "absent" ? undefined : found.target;
  }

  #delegated(name: string): Delegation {
    const role = this.#top.value.delegations?.roles?.find((one) => one.name === name);
    if (role !== undefined) return delegationOf(this.#top, role);
    throw new TrustError("tuf.delegations", `Cannot use the tree: targets does not name ${name}`);
  }
}

/** More than any of our repositories has; a list of all of them fits in memory. */
const bitLengthMax = 20;

function delegationOf({ value }: TrustedRole, role: DelegatedRole): Delegation {
  const { keyIds, name, terminating, threshold } = role;
  return { keyIds, name, terminating, threshold, keys: value.delegations?.keys ?? new Map() };
}

const literalPage = /^simple\/([a-z0-9-]+)\/index\.json$/;

function literalProjects({ paths = [] }: DelegatedRole): readonly ProjectName[] {
  return paths.flatMap((path) => projectOf(path) ?? []);
}

/** Everything it may speak for is known without reading it. */
function isOnlyLiteral({ paths = [] }: DelegatedRole): boolean {
  return paths.length > 0 && paths.every((path) => projectOf(path) !== undefined);
}

function addProject(named: Set<ProjectName>, path: string): void {
  const project = projectOf(path);
  if (project !== undefined) named.add(project);
}

export function projectOf(path: string): ProjectName | undefined {
  const name = literalPage.exec(path)?.[1];
  return name !== undefined && isProjectName(name) ? name : undefined;
}

function tooManyNames(): TrustError {
  const most = recoveryLimits.namedProjectsMax;
  const sentence = `Cannot use the tree: more than ${most} projects are named outside of the bins`;
  return new TrustError("tuf.delegations", sentence, { most });
}
