/** `POST /api/projects/<project>/<verb>` for tokens that may manage: yank, unyank, delete, archive, unarchive. */
import { FormatError } from "#formats/format-error.ts";
import { RefusedError } from "#core/errors.ts";
import { normaliseProjectName } from "#formats/python/project-name.ts";
import type { Exchange } from "./exchange.ts";
import type { IndexParts } from "./index-parts.ts";
import { findVerb, manageProject, ownerVerbs } from "./managing.ts";
import { readJsonBody } from "./request-body.ts";

export async function answerApi(parts: IndexParts, exchange: Exchange): Promise<boolean> {
  const [, projects, name = "", verbText = "", ...rest] = exchange.target.segments;
  const verb = findVerb(ownerVerbs, verbText);
  if (projects !== "projects" || verb === undefined || rest.length > 0) return false;
  exchange.checkMethod(["POST"]);
  const project = projectOf(name);
  // A token of other projects learns nothing about this one, not even which versions it has.
  const token = await exchange.authenticate("manage", project);
  const { publishing } = parts;
  const { releases } = parts.ports;
  const input = await readJsonBody(exchange.request);
  const result = await manageProject({ publishing, releases }, project, verb, input, (change) =>
    publishing.checkMayChange(token, change),
  );
  const isPending = result.changes.some(({ outcome }) => outcome === "pending");
  exchange.sendJson(isPending ? 202 : 200, result);
  return true;
}

function projectOf(name: string): ReturnType<typeof normaliseProjectName> {
  try {
    return normaliseProjectName(name);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new RefusedError("project.unknown", `There is no project '${name.slice(0, 128)}' here.`);
  }
}
