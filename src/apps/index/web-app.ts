/** The pages for people: hono routes, server-rendered, no scripts, and a policy that would stop any. */
import { readFileSync } from "node:fs";
import { Hono, type Context } from "hono";
import { sha256Hex } from "#crypto/hash.ts";
import { RefusedError } from "#core/errors.ts";
import type { ProjectEntry } from "#core/releases/catalogue.ts";
import type { ProjectQuery, ReleaseStore } from "#core/releases/release-store.ts";
import { isProjectName, normaliseProjectName } from "#formats/python/project-name.ts";
import type { Refusal } from "./error-response.ts";
import type { Exchange } from "./exchange.ts";
import type { IndexParts } from "./index-parts.ts";
import { indexLimits } from "./limits.ts";
import { readProjectView } from "./project-view.ts";
import { siteOf } from "./site.ts";
import { iconSvg, renderError, type Markup } from "./web/layout.ts";
import { renderListPage } from "./web/list-page.ts";
import { renderProjectPage } from "./web/project-page.ts";
import { renderStartPage } from "./web/start-page.ts";
import { renderTrustPage } from "./web/trust-page.ts";

export type WebApp = {
  /** False when there is no such page. */
  answer(exchange: Exchange): Promise<boolean>;
  renderRefusal(exchange: Exchange, refusal: Refusal): Promise<string>;
};

type Env = { Bindings: { readonly exchange: Exchange } };

const pageHeaders: Readonly<Record<string, string>> = {
  "Cache-Control": "no-cache",
  "Content-Security-Policy":
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  "Referrer-Policy": "no-referrer",
  "X-Frame-Options": "DENY",
};
const immutable = "public, max-age=31536000, immutable";

export function createWebApp(parts: IndexParts): WebApp {
  const style = readFileSync(new URL("./web/style.css", import.meta.url), "utf8");
  const styleTag = sha256Hex(Buffer.from(style)).slice(0, 16);
  const site = (exchange: Exchange): ReturnType<typeof siteOf> =>
    siteOf(parts.settings, exchange.request, styleTag);
  const page = async (context: Context<Env>, markup: Markup): Promise<Response> =>
    context.html(String(await markup), 200, { ...pageHeaders });

  const app = new Hono<Env>({ strict: true });
  app.get("/", async (context) => {
    const { exchange } = context.env;
    const counts = isForSomeProjects(exchange) ? undefined : await parts.cards.counts();
    return page(context, renderStartPage(site(exchange), counts));
  });
  app.get("/projects/", async (context) => {
    const { exchange } = context.env;
    return page(context, renderListPage(site(exchange), await readListing(parts, exchange)));
  });
  app.get("/trust/", async (context) => {
    const status = await parts.roleWatch.read();
    const markup = renderTrustPage(site(context.env.exchange), status, parts.ports.clock());
    return page(context, markup);
  });
  app.get("/project/:name", (context) => {
    return context.redirect(`${normaliseProjectName(context.req.param("name"))}/`, 301);
  });
  app.get("/project/:name/", async (context) => {
    const { exchange } = context.env;
    const name = normaliseProjectName(context.req.param("name"));
    if (name !== context.req.param("name")) return context.redirect(`../${name}/`, 301);
    const view = await readProjectView(parts.ports, name);
    if (view === undefined) {
      throw new RefusedError("project.unknown", `There is no project '${name}' here.`);
    }
    return page(context, renderProjectPage(site(exchange), view));
  });
  app.get(`/static/${styleTag}.css`, (context) =>
    context.body(style, 200, { "Content-Type": "text/css", "Cache-Control": immutable }),
  );
  app.get("/static/icon.svg", (context) =>
    context.body(iconSvg, 200, {
      "Content-Type": "image/svg+xml",
      "Cache-Control": "public, max-age=86400",
    }),
  );
  app.notFound((context) => context.body(null, 404));
  app.onError((error) => {
    throw error;
  });

  return {
    answer: (exchange) => answerWithHono(app, exchange),
    renderRefusal: async (exchange, refusal) => String(await renderError(site(exchange), refusal)),
  };
}

async function answerWithHono(app: Hono<Env>, exchange: Exchange): Promise<boolean> {
  const { path, query } = exchange.target;
  const url = new URL(`http://index${path}`);
  url.search = query.toString();
  const response = await app.fetch(new Request(url), { exchange });
  if (response.status === 404) return false;
  const body = new Uint8Array(await response.arrayBuffer());
  exchange.send(response.status, Object.fromEntries(response.headers), body);
  return true;
}

function isForSomeProjects({ token }: Exchange): boolean {
  return token?.projects !== undefined;
}

async function readListing(
  { cards, ports: { releases } }: IndexParts,
  exchange: Exchange,
): Promise<Parameters<typeof renderListPage>[1]> {
  const { query } = exchange.target;
  const search = (query.get("q") ?? "").slice(0, indexLimits.searchLengthMax).trim();
  const after = query.get("after") ?? "";
  const found = await readListed(releases, exchange, {
    // People search for a name as they know it; what is kept is normalised.
    ...(search !== "" && { search: search.toLowerCase().replaceAll(/[-_.\s]+/g, "-") }),
    ...(isProjectName(after) && { after }),
    limit: indexLimits.listLength + 1,
  });
  const shown = found.slice(0, indexLimits.listLength);
  const listed = await Promise.all(shown.map((project) => cards.listed(project)));
  const projects = listed.filter((project) => project !== undefined);
  return { search, after, projects, hasMore: found.length > shown.length };
}

/** For a token of some projects only these, so that not even the number of the others shows. */
async function readListed(
  releases: ReleaseStore,
  { token }: Exchange,
  query: ProjectQuery,
): Promise<readonly ProjectEntry[]> {
  if (token?.projects === undefined) return releases.readProjects(query);
  const { after = "", limit, search = "" } = query;
  const names = token.projects.filter((name) => name > after && name.includes(search));
  const found = await Promise.all(names.toSorted().map((name) => releases.findProject(name)));
  return found.filter((project) => project !== undefined).slice(0, limit);
}
