/**
 * One request and its answer: who asks, the few ways to answer, and the line that the access log gets. Everything but
 * the hottest path answers through here.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { once } from "node:events";
import type { Authenticator } from "#core/accounts/authentication.ts";
import { checkToken } from "#core/accounts/permissions.ts";
import type { Token, TokenAction } from "#core/accounts/token.ts";
import { RefusedError } from "#core/errors.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import { negotiateErrorForm, type ErrorForm } from "./accept.ts";
import { reasonPhrase, refusalBody, refusalOf, type Refusal } from "./error-response.ts";
import { indexLimits } from "./limits.ts";
import type { Target } from "./target.ts";

export type Headers = Readonly<Record<string, string>>;

export class Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly target: Target;
  /** Of the answer's body, so far. */
  bytes = 0;
  token: Token | undefined;
  readonly #authenticator: Authenticator;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    target: Target,
    authenticator: Authenticator,
  ) {
    this.request = request;
    this.response = response;
    this.target = target;
    this.#authenticator = authenticator;
  }

  get method(): string {
    return this.request.method ?? "";
  }

  /** The token of the request, allowed to do this: RefusedError `auth.*` otherwise. */
  async authenticate(action: TokenAction, project?: ProjectName): Promise<Token> {
    const token = await this.#authenticator.authenticate(this.request.headers.authorization);
    this.token = token;
    checkToken(token, action, project);
    return token;
  }

  /** RefusedError `request.method`, with a hint for those who mistook the address. */
  checkMethod(allowed: readonly string[], hint = ""): void {
    if (allowed.includes(this.method) || (this.method === "HEAD" && allowed.includes("GET")))
      return;
    const names = allowed.includes("GET") ? [...allowed, "HEAD"] : allowed;
    this.response.setHeader("Allow", names.join(", "));
    const method = this.method.replaceAll(/[^A-Za-z]/g, "").slice(0, 20);
    throw new RefusedError(
      "request.method",
      `This address does not take ${method}, only ${names.join(", ")}.${hint && ` ${hint}`}`,
    );
  }

  send(status: number, headers: Headers, body: string | Uint8Array = "", reason?: string): void {
    const bytes = typeof body === "string" ? Buffer.from(body) : body;
    const all: Record<string, string> = { "X-Content-Type-Options": "nosniff", ...headers };
    if (status !== 304 && status !== 204) all["Content-Length"] = String(bytes.byteLength);
    if (reason === undefined) this.response.writeHead(status, all);
    else this.response.writeHead(status, reason, all);
    if (this.method === "HEAD") {
      this.response.end();
      return;
    }
    this.bytes += bytes.byteLength;
    this.response.end(bytes);
  }

  sendJson(status: number, value: unknown, headers: Headers = {}): void {
    this.send(
      status,
      { "Content-Type": "application/json", "Cache-Control": "no-store", ...headers },
      JSON.stringify(value),
    );
  }

  redirect(status: 301 | 308, location: string, cacheControl = "no-store"): void {
    this.send(
      status,
      { Location: location, "Cache-Control": cacheControl, "Content-Type": "text/plain" },
      `See ${location}\n`,
    );
  }

  /** The refusal that an error means, or the cut connection where an answer has begun. */
  async refuse(
    error: unknown,
    fallback: ErrorForm,
    renderHtml: (refusal: Refusal) => Promise<string> | string,
  ): Promise<void> {
    const { request, response } = this;
    if (response.headersSent || response.destroyed) {
      response.destroy();
      return;
    }
    const refusal = refusalOf(error);
    // Who has stopped sending does not start again for being waited for.
    if (refusal.code !== "request.timeout") await drainRequest(request, response);
    const form = negotiateErrorForm(request.headers.accept, fallback);
    const body =
      form === "html"
        ? { contentType: "text/html; charset=utf-8", text: await renderHtml(refusal) }
        : refusalBody(refusal, form);
    const headers: Record<string, string> = {
      "Content-Type": body.contentType,
      "Cache-Control": "no-store",
      "X-Holdfast-Code": refusal.code,
    };
    if (refusal.status === 401) headers["WWW-Authenticate"] = 'Basic realm="holdfast"';
    if (refusal.status === 503) headers["Retry-After"] = "1";
    if (!request.complete) headers["Connection"] = "close";
    this.send(refusal.status, headers, body.text, reasonPhrase(refusal));
  }
}

/**
 * Reads what is left of a refused request. A client that still sends when the connection is closed may never see the
 * answer (RFC 9112 9.6), and uploaders send everything before they read.
 */
async function drainRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.complete || request.destroyed) return;
  let left = indexLimits.drainSizeMax;
  const done = new AbortController();
  const timer = setTimeout(() => done.abort(), indexLimits.drainMs);
  const onData = (chunk: Buffer): void => {
    left -= chunk.byteLength;
    if (left < 0) done.abort();
  };
  request.unpipe();
  request.on("data", onData);
  request.resume();
  try {
    await Promise.race([
      once(request, "end", { signal: done.signal }),
      once(response, "close", { signal: done.signal }),
    ]);
  } catch {
    // Too long or too slow: it is answered now, and the connection closed.
  } finally {
    clearTimeout(timer);
    done.abort();
    request.off("data", onData);
  }
}
