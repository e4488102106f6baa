/** Who may do what. A token never allows more than its account; an account's power over a project is its role there. */
import { RefusedError } from "#core/errors.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import type { Token, TokenAction } from "./token.ts";

/** Owners also delete, archive and choose members; maintainers upload and yank. */
export type ProjectRole = "maintainer" | "owner";

export function isProjectRole(text: string): text is ProjectRole {
  return text === "owner" || text === "maintainer";
}

/** The token's own limits: RefusedError `auth.forbidden` for an action or a project it was not made for. */
export function checkToken(token: Token, action: TokenAction, project?: ProjectName): void {
  if (!token.actions.includes(action)) {
    throw forbidden(`token ${token.id} is not allowed to ${action}`);
  }
  if (project !== undefined && !isInScope(token, project)) {
    throw forbidden(`token ${token.id} is not for project '${project}'`);
  }
}

/** For what speaks of all projects at once: RefusedError `auth.forbidden` for a token that is for some. */
export function checkAllProjects(token: Token): void {
  if (token.projects === undefined) return;
  throw forbidden(`token ${token.id} is for single projects, and this is about all of them`);
}

export function isInScope(token: Token, project: ProjectName): boolean {
  return token.projects === undefined || token.projects.includes(project);
}

/** The account's place in an existing project: RefusedError `auth.forbidden` when it is too low. */
export function checkRole(
  role: ProjectRole | undefined,
  needed: ProjectRole,
  accountName: string,
  project: ProjectName,
): void {
  if (role === "owner" || (role === "maintainer" && needed === "maintainer")) return;
  const reason =
    role === undefined ? `is not a member of project '${project}'` : `does not own '${project}'`;
  throw forbidden(`account '${accountName}' ${reason}`);
}

function forbidden(reason: string): RefusedError {
  return new RefusedError("auth.forbidden", `Not allowed: ${reason}`);
}
