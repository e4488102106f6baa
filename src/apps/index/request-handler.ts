/** From a request to its route, and from whatever went wrong to an answer. What is ready in memory goes a short way. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { checkToken } from "#core/accounts/permissions.ts";
import { RefusedError, UnavailableError } from "#core/errors.ts";
import { isProjectName } from "#formats/python/project-name.ts";
import { negotiateSimpleForm, type ErrorForm, type SimpleForm } from "./accept.ts";
import { answerApi } from "./api-routes.ts";
import { Exchange } from "./exchange.ts";
import type { IndexParts } from "./index-parts.ts";
import { indexLimits } from "./limits.ts";
import {
  answerFile,
  answerHealth,
  answerLegacyJson,
  answerMetadata,
  answerMetrics,
  answerSimple,
  answerTarget,
  answerWellKnown,
  checkMayRead,
} from "./read-routes.ts";
import { prefixOf, siteOf } from "./site.ts";
import { parseTarget, type Target } from "./target.ts";
import { answerUpload, answerUploadStatus } from "./upload-route.ts";
import { createWebApp, type WebApp } from "./web-app.ts";

export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void;

const nowhere: Target = { path: "/", segments: [""], query: new URLSearchParams() };

export function createRequestHandler(parts: IndexParts): RequestHandler {
  const { ports, settings } = parts;
  const web = createWebApp(parts);
  const prefix = prefixOf(settings);
  const answerReady = createReadyAnswers(parts);

  const answerSlowly = async (
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> => {
    const startedAt = ports.stopwatch();
    let exchange = new Exchange(request, response, nowhere, parts.authenticator);
    try {
      const target = parseTarget(request.url ?? "", prefix);
      exchange = new Exchange(request, response, target, parts.authenticator);
      closeAfterStrayBody(exchange);
      const isAnswered = await route(parts, web, exchange);
      if (!isAnswered) throw nothingHere();
    } catch (error) {
      await refuse(parts, web, exchange, error);
    }
    logAccess(parts, exchange, startedAt);
  };

  return (request, response) => {
    if (answerReady(request, response)) return;
    answerSlowly(request, response).catch((error: unknown) => {
      ports.logTrouble("Cannot answer a request", error);
      response.destroy();
    });
  };
}

/** Project pages that are in memory, for who may read them: one lookup. */
function createReadyAnswers(parts: IndexParts): (...both: Parameters<RequestHandler>) => boolean {
  const { authenticator, metrics, pages, ports, settings } = parts;
  const forms = new Map<string, SimpleForm>();
  const formOf = (accept = ""): SimpleForm => {
    const known = forms.get(accept);
    if (known !== undefined) return known;
    if (forms.size >= indexLimits.negotiationsMax) forms.clear();
    const form = negotiateSimpleForm(accept);
    forms.set(accept, form);
    return form;
  };
  return (request, response) => {
    const { headers, method, url = "" } = request;
    if (method !== "GET" && method !== "HEAD") return false;
    const page = pages.findReady(url);
    if (page === undefined || hasBody(request)) return false;
    const token =
      settings.isPrivate && headers.authorization !== undefined
        ? authenticator.recall(headers.authorization)
        : undefined;
    if (settings.isPrivate) {
      if (token === undefined) return false;
      try {
        checkToken(token, "read", page.project);
      } catch {
        return false;
      }
    }
    const form = page.forms.get(formOf(headers.accept));
    if (form === undefined) return false;
    const { status, bytes } = form.answer(request, response);
    metrics.countRequest(status, bytes);
    ports.logAccess({
      time: ports.clock().toISOString(),
      method,
      path: url,
      status,
      bytes,
      ms: 0,
      ...(token !== undefined && { token: token.id }),
      agent: headers["user-agent"] ?? "",
    });
    return true;
  };
}

async function route(parts: IndexParts, web: WebApp, exchange: Exchange): Promise<boolean> {
  const { segments } = exchange.target;
  const [first = "", second = ""] = segments;
  switch (first) {
    case "simple":
      return answerSimple(parts, exchange);
    case "targets":
      return answerTarget(parts, exchange);
    case "tuf":
      return answerMetadata(parts, exchange);
    case "files":
      return answerFile(parts, exchange);
    case "legacy":
      return segments.length <= 2 && second === "" && answerLegacy(parts, exchange);
    case "uploads":
      return segments.length === 2 && answerUploadStatus(parts, exchange, second);
    case "pypi":
      return answerLegacyJson(parts, exchange);
    case "api":
      return answerApi(parts, exchange);
    case ".well-known":
      return (
        second === "holdfast.json" && segments.length === 2 && answerWellKnown(parts, exchange)
      );
    case "healthz":
      return segments.length === 1 && answerHealth(parts, exchange);
    case "metrics":
      return segments.length === 1 && answerMetrics(parts, exchange);
    default:
      return answerWeb(parts, web, exchange);
  }
}

/** Some clients are given the address without its last slash; 308 keeps method and body. uv wants it absolute. */
async function answerLegacy(parts: IndexParts, exchange: Exchange): Promise<boolean> {
  if (exchange.target.segments.length === 1) {
    const { base } = siteOf(parts.settings, exchange.request, "");
    exchange.redirect(308, `${base}legacy/`);
  } else {
    await answerUpload(parts, exchange);
  }
  return true;
}

async function answerWeb(parts: IndexParts, web: WebApp, exchange: Exchange): Promise<boolean> {
  const [first = "", second = ""] = exchange.target.segments;
  if (!["", "project", "projects", "static", "trust"].includes(first)) return false;
  exchange.checkMethod(["GET"], first === "" ? "To upload, use .../legacy/." : "");
  const project = first === "project" && isProjectName(second) ? second : undefined;
  if (first !== "static") await checkMayRead(parts, exchange, project);
  return web.answer(exchange);
}

async function refuse(
  parts: IndexParts,
  web: WebApp,
  exchange: Exchange,
  error: unknown,
): Promise<void> {
  const isOurs = error instanceof Error && "code" in error && !("errno" in error);
  const isLogged = error instanceof UnavailableError && error.code === "file.damaged";
  if (!isOurs || (error instanceof UnavailableError && !isLogged)) {
    parts.ports.logTrouble(`Cannot answer ${exchange.method} ${exchange.target.path}`, error);
  }
  // An installer shows the text of a problem; uploaders show the reason phrase, and a body as it is.
  const fallback: ErrorForm = exchange.method === "POST" ? "text" : "problem";
  await exchange.refuse(error, fallback, (refusal) => web.renderRefusal(exchange, refusal));
}

function logAccess({ metrics, ports }: IndexParts, exchange: Exchange, startedAt: number): void {
  const { bytes, request, response, token } = exchange;
  const { statusCode: status } = response;
  metrics.countRequest(status, bytes);
  ports.logAccess({
    time: ports.clock().toISOString(),
    method: exchange.method,
    path: (request.url ?? "").split("?", 1)[0] ?? "",
    status,
    bytes,
    ms: Math.round((ports.stopwatch() - startedAt) * 10) / 10,
    ...(token !== undefined && { token: token.id }),
    agent: request.headers["user-agent"] ?? "",
  });
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers["content-length"] !== undefined || headers["transfer-encoding"] !== undefined;
}

/** A GET with a body means nothing; what follows on its connection is not worth guessing about. */
function closeAfterStrayBody({ method, request, response }: Exchange): void {
  if ((method === "GET" || method === "HEAD") && hasBody(request)) {
    response.setHeader("Connection", "close");
  }
}

function nothingHere(): RefusedError {
  return new RefusedError("request.not-found", "There is nothing at this address.");
}
