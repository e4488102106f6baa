/**
 * What a claimed project's own roles say (design 7). The owners' role lists the project's page, or hands the page on to
 * `project-<name>.release` with keys that the owners replace without anybody's help, or says that there is no page.
 * Neither role may speak of anything else: not of another project, and to no other role, for a file named as a bin or
 * as another project's role would be one file for two delegators.
 */
import type { PagePointer } from "#formats/door/change.ts";
import { isHex } from "#formats/bytes/hex.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import type { TargetFile, Targets } from "#formats/tuf/targets.ts";
import { RefusedError } from "#core/errors.ts";
import { checkKeyGroup, pageDelegation, sortedKeys } from "./claimed-roles.ts";
import type { KeyGroup } from "./claimed-roles.ts";
import { pageTarget, projectRoleName, releaseRoleName } from "./layout.ts";
import { keysById } from "./offline-roles.ts";
import { keyGroupOf } from "./open-claims.ts";
import { noTargets, saysExactly } from "./targets-content.ts";
import type { TargetsContent } from "./targets-content.ts";

/** A page's bytes, as a target lists them. */
export type ListedPage = Pick<PagePointer, "sha256" | "size">;

export type ProjectStatement =
  | { readonly kind: "page"; readonly page: ListedPage }
  | { readonly kind: "release"; readonly release: KeyGroup }
  /** No page: a project that was born claimed, or is given up. */
  | { readonly kind: "nothing" };

export type ReleaseStatement = Exclude<ProjectStatement, { readonly kind: "release" }>;

/** Of the owners' role, or of the release role. Throws RefusedError `claim.refused` for keys that cannot sign. */
export function projectContent(project: ProjectName, statement: ProjectStatement): TargetsContent {
  switch (statement.kind) {
    case "page": {
      const { sha256, size } = statement.page;
      const file: TargetFile = { length: size, hashes: new Map([["sha256", sha256]]) };
      return { targets: new Map([[pageTarget(project), file]]) };
    }
    case "release": {
      const { release } = statement;
      const name = releaseRoleName(project);
      checkKeyGroup(name, release);
      const roles = [pageDelegation(name, project, release)];
      return {
        targets: noTargets,
        delegations: { keys: sortedKeys(keysById(release.keys)), roles },
      };
    }
    case "nothing":
      return { targets: noTargets };
  }
}

/** The file of a project's owners. Throws RefusedError `claim.refused` when it says anything but one statement. */
export function openProjectRole(project: ProjectName, file: Targets): ProjectStatement {
  const role = projectRoleName(project);
  const { delegations } = file;
  const [first] = delegations?.roles ?? [];
  const statement: ProjectStatement =
    delegations !== undefined && first !== undefined
      ? { kind: "release", release: keyGroupOf({ ...first, name: role }, delegations) }
      : pageStatement(project, file);
  return checkExact(role, project, file, statement);
}

/** The file of a project's release keys. Throws RefusedError `claim.refused`; it may delegate to nobody. */
export function openReleaseRole(project: ProjectName, file: Targets): ReleaseStatement {
  return checkExact(releaseRoleName(project), project, file, pageStatement(project, file));
}

function pageStatement(project: ProjectName, { targets }: Targets): ReleaseStatement {
  const listed = targets.get(pageTarget(project));
  const sha256 = listed?.hashes.get("sha256");
  if (listed === undefined || sha256 === undefined || !isHex(sha256, 32)) {
    return { kind: "nothing" };
  }
  return { kind: "page", page: { sha256, size: listed.length } };
}

function checkExact<S extends ProjectStatement>(
  role: string,
  project: ProjectName,
  file: Targets,
  statement: S,
): S {
  if (saysExactly(file, projectContent(project, statement))) return statement;
  const sentence = `Cannot accept ${role}: it says more than its own page, or hands it to another role than ${releaseRoleName(project)}`;
  throw new RefusedError("claim.refused", sentence);
}
