/** Everything that installers, proxies and mirrors read. Each answers true, or false when there is nothing here. */
import { checkAllProjects, isInScope } from "#core/accounts/permissions.ts";
import { RefusedError } from "#core/errors.ts";
import { FormatError } from "#formats/format-error.ts";
import { isHex } from "#formats/bytes/hex.ts";
import { normaliseProjectName, type ProjectName } from "#formats/python/project-name.ts";
import { negotiateSimpleForm } from "./accept.ts";
import type { Exchange } from "./exchange.ts";
import type { IndexParts } from "./index-parts.ts";
import { indexLimits } from "./limits.ts";
import type { Representation } from "./representation.ts";
import { siteOf } from "./site.ts";

const simpleHint = "To upload, use .../legacy/ as the repository URL.";

/** In a private index only a token with read gets further; to one project's things only one that is for it. */
export async function checkMayRead(
  { settings }: IndexParts,
  exchange: Exchange,
  project?: ProjectName,
): Promise<void> {
  if (settings.isPrivate) await exchange.authenticate("read", project);
}

/** `/simple/` and `/simple/<project>/`, with or without the last slash, in whatever spelling. */
export async function answerSimple(parts: IndexParts, exchange: Exchange): Promise<boolean> {
  const [, name, slash, ...rest] = exchange.target.segments;
  if (rest.length > 0 || (slash !== undefined && slash !== "")) return false;
  exchange.checkMethod(["GET"], simpleHint);
  if (name === undefined) return redirect(exchange, "simple/");
  if (name === "") return answerList(parts, exchange);
  const project = projectOf(name);
  await checkMayRead(parts, exchange, project);
  if (name !== project || slash === undefined) {
    return redirect(exchange, slash === undefined ? `${project}/` : `../${project}/`);
  }
  const page = await parts.pages.load(project);
  if (page === undefined) throw unknownProject(project);
  const form = negotiateSimpleForm(exchange.request.headers.accept);
  return answerWith(exchange, await parts.pages.form(page, form));
}

async function answerList(parts: IndexParts, exchange: Exchange): Promise<boolean> {
  await checkMayRead(parts, exchange);
  const form = negotiateSimpleForm(exchange.request.headers.accept);
  const { token } = exchange;
  const mayRead =
    token?.projects === undefined
      ? undefined
      : (project: ProjectName): boolean => isInScope(token, project);
  return answerWith(exchange, await parts.list.form(form, mayRead));
}

/** `/targets/simple/<project>/<sha256>.index.json`: every page that ever was current, for TUF clients. */
export async function answerTarget(parts: IndexParts, exchange: Exchange): Promise<boolean> {
  const [, simple, name = "", file = "", ...rest] = exchange.target.segments;
  const sha256 = /^([0-9a-f]{64})\.index\.json$/.exec(file)?.[1];
  if (simple !== "simple" || rest.length > 0 || sha256 === undefined) return false;
  exchange.checkMethod(["GET"]);
  const project = projectOf(name);
  await checkMayRead(parts, exchange, project);
  return answerIfThere(exchange, await parts.bodies.page(project, sha256));
}

/** `/tuf/<name>`. */
export async function answerMetadata(parts: IndexParts, exchange: Exchange): Promise<boolean> {
  const [, name = "", ...rest] = exchange.target.segments;
  if (rest.length > 0) return false;
  exchange.checkMethod(["GET"]);
  await checkMayRead(parts, exchange);
  return answerIfThere(exchange, await parts.bodies.metadata(name));
}

/** `/files/<project>/<sha256>/<filename>`. */
export async function answerFile(parts: IndexParts, exchange: Exchange): Promise<boolean> {
  const [, name = "", sha256 = "", filename = "", ...rest] = exchange.target.segments;
  if (rest.length > 0 || !isHex(sha256, 32)) return false;
  exchange.checkMethod(["GET"]);
  const project = projectOf(name);
  await checkMayRead(parts, exchange, project);
  await parts.files.answer(exchange, project, sha256, filename);
  return true;
}

/** `/pypi/<project>/json` and `/pypi/<project>/<version>/json`. */
export async function answerLegacyJson(parts: IndexParts, exchange: Exchange): Promise<boolean> {
  const segments = exchange.target.segments;
  const [, name = "", version] = segments;
  const hasVersion = segments.length === 4;
  if (segments.at(-1) !== "json" || (segments.length !== 3 && !hasVersion)) return false;
  exchange.checkMethod(["GET"]);
  const project = projectOf(name);
  await checkMayRead(parts, exchange, project);
  const { base } = siteOf(parts.settings, exchange.request, "");
  const body = await parts.cards.json(project, hasVersion ? version : undefined, base);
  if (body === undefined) throw unknownProject(project);
  return answerWith(exchange, body);
}

/** `/.well-known/holdfast.json`: a name and where to look, for people and first configuration. Nothing to trust. */
export function answerWellKnown({ settings }: IndexParts, exchange: Exchange): boolean {
  exchange.checkMethod(["GET"]);
  const paths = { simple: "simple/", upload: "legacy/", metadata: "tuf/", targets: "targets/" };
  const about = { name: settings.name, private: settings.isPrivate, ...paths };
  exchange.sendJson(200, about, { "Cache-Control": "public, max-age=300" });
  return true;
}

/** `/healthz`: 200 while this process answers and its database does; what else it says is for people. */
export async function answerHealth(parts: IndexParts, exchange: Exchange): Promise<boolean> {
  exchange.checkMethod(["GET"]);
  await parts.ports.releases.readPagesCursor();
  exchange.sendJson(200, {
    status: "ok",
    signer: (await isSignerAnswering(parts)) ? "ok" : "unreachable",
    outbox: parts.outbox.size,
  });
  return true;
}

/** A signer that hangs must not make this process look as if it did. */
async function isSignerAnswering({ outbox, ports, roleWatch }: IndexParts): Promise<boolean> {
  if (!outbox.isConnected) return false;
  const late = Promise.withResolvers<undefined>();
  const cancel = ports.timer(indexLimits.healthMs, () => late.resolve(undefined));
  try {
    return (await Promise.race([roleWatch.read(), late.promise])) !== undefined;
  } finally {
    cancel();
  }
}

/** `/metrics`: counts over all projects. */
export async function answerMetrics(parts: IndexParts, exchange: Exchange): Promise<boolean> {
  exchange.checkMethod(["GET"]);
  await checkMayRead(parts, exchange);
  if (exchange.token !== undefined) checkAllProjects(exchange.token);
  const { contentType, text } = await parts.metrics.render();
  exchange.send(200, { "Content-Type": contentType, "Cache-Control": "no-store" }, text);
  return true;
}

/** A name that can be no project's is a project that is not here. */
function projectOf(name: string): ProjectName {
  try {
    return normaliseProjectName(name);
  } catch (error) {
    if (error instanceof FormatError) throw unknownProject(name);
    throw error;
  }
}

function unknownProject(name: string): RefusedError {
  return new RefusedError("project.unknown", `There is no project '${name.slice(0, 128)}' here.`);
}

function answerIfThere(exchange: Exchange, body: Representation | undefined): boolean {
  return body !== undefined && answerWith(exchange, body);
}

function answerWith(exchange: Exchange, body: Representation): boolean {
  exchange.bytes += body.answer(exchange.request, exchange.response).bytes;
  return true;
}

/** Relative, so that it holds below any prefix. Clients keep 301 for good, and this one is. */
function redirect(exchange: Exchange, location: string): boolean {
  exchange.redirect(301, location, "public, max-age=86400");
  return true;
}
