/** Whether a name inside an archive means the project and version that the file's name means. */
import { isVersion, compareVersions } from "./version.ts";
import { normaliseProjectName } from "./project-name.ts";
import type { ProjectName } from "./project-name.ts";

export type DistributionIdentity = { readonly project: ProjectName; readonly version: string };

/** PEP 440 equality: 1.0 and 1.0.0 are one version. */
export function isSameVersion(left: string, right: string): boolean {
  return compareVersions(left, right) === 0;
}

/**
 * Whether `text` is the identity's name, a dash and its version, however both are spelled; names may have dashes
 * themselves, and "_" may stand for "-".
 */
export function isNameAndVersion(text: string, identity: DistributionIdentity): boolean {
  for (let dash = text.indexOf("-"); dash > 0; dash = text.indexOf("-", dash + 1)) {
    const version = text.slice(dash + 1);
    const spelled = isVersion(version) ? version : version.replaceAll("_", "-");
    if (!isVersion(spelled) || !isSameVersion(spelled, identity.version)) continue;
    if (isProjectNamed(text.slice(0, dash), identity.project)) return true;
  }
  return false;
}

function isProjectNamed(name: string, project: ProjectName): boolean {
  try {
    return normaliseProjectName(name) === project;
  } catch {
    return false;
  }
}
