/**
 * The roles of a Holdfast repository and where their files lie (design 5, `docs/spec/repository.md`). Search order of a page:
 * `deny` (other paths), `claimed`, `recently-claimed`, `unclaimed` and its bins. All of them let the search go on, but
 * the bins, which come last.
 *
 * One target is one project's page: `simple/<project>/index.json`.
 */
import { sha256HexOfText } from "#crypto/hash.ts";
import { isProjectName } from "#formats/python/project-name.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import { roleFileName } from "#formats/tuf/role-file.ts";
import { hashedTargetPath } from "#formats/tuf/target-path.ts";

/** The roles that `targets` delegates to, in order of priority. */
export const delegatedRoleNames = ["deny", "claimed", "recently-claimed", "unclaimed"] as const;

export type DelegatedRoleName = (typeof delegatedRoleNames)[number];

/** Keys that lie at the signer; one key each. */
export const onlineKeyNames = [
  "timestamp",
  "snapshot",
  "deny",
  "recently-claimed",
  "unclaimed",
  "bins",
] as const;

export type OnlineKeyName = (typeof onlineKeyNames)[number];

/** Roles the signer signs by itself, all bins counting as one. */
export type OnlineRole = OnlineKeyName;

export const offlineRoleNames = ["root", "targets", "claimed"] as const;

export type OfflineRoleName = (typeof offlineRoleNames)[number];

/** What `deny` may speak for, and nothing else. */
export const denyPath = "deny.json";

/** What the other delegated roles may speak for. */
export const pagePattern = "simple/*/index.json";

export const binNamePrefix = "bin";

export function isBinName(role: string): boolean {
  return role.startsWith(`${binNamePrefix}-`);
}

/** Of a role for which `isBinName` is true. */
export function binNumber(role: string): number {
  return Number.parseInt(role.slice(binNamePrefix.length + 1), 16);
}

/**
 * The owners' role of a claimed project. Project names are lower-case letters, digits and single dashes, so no such name is
 * that of another role: not of a top-level or delegated one, a bin, a part of `claimed`, or a release role, which has a dot.
 */
export function projectRoleName(project: ProjectName): string {
  return `${projectRolePrefix}${project}`;
}

/** The project whose owners' role has this name, if it is such a name. */
export function projectOfRole(role: string): ProjectName | undefined {
  const name = role.slice(projectRolePrefix.length);
  return role.startsWith(projectRolePrefix) && isProjectName(name) ? name : undefined;
}

const projectRolePrefix = "project-";

/** The role that a project's owners may delegate its page to. */
export function releaseRoleName(project: ProjectName): string {
  return `${projectRoleName(project)}.release`;
}

/** A part of a split `claimed`: the projects whose page's SHA-256 (of the target path) begins with these hex digits. */
export function claimedPartName(hashPrefix: string): string {
  return `claimed-${hashPrefix}`;
}

/** The target that is the project's page. */
export function pageTarget(project: ProjectName): string {
  return `simple/${project}/index.json`;
}

/** In the public tree: one page, immutable. */
export function publicPagePath(project: ProjectName, sha256Hex: string): string {
  return `targets/${hashedTargetPath(pageTarget(project), sha256Hex)}`;
}

/** In the public tree: one role file; without a version the pointer, which only `timestamp` has. */
export function publicRolePath(role: string, version?: number): string {
  return `tuf/${roleFileName(role, version)}`;
}

export const publicTimestampPath = "tuf/timestamp.json";

/** The first 32 bits of SHA-256(target path): with n bins of 2^b, its first b bits are the bin. */
export function pagePrefix(project: ProjectName): number {
  return Number.parseInt(sha256HexOfText(pageTarget(project)).slice(0, 8), 16);
}

export function binOfPrefix(prefix: number, bitLength: number): number {
  return prefix >>> (32 - bitLength);
}

/** The prefixes of one bin: `first` to `last`, both included. */
export function prefixesOfBin(
  bin: number,
  bitLength: number,
): { readonly first: number; readonly last: number } {
  const size = 2 ** (32 - bitLength);
  return { first: bin * size, last: (bin + 1) * size - 1 };
}
