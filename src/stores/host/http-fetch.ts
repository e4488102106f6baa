/**
 * The real network: `Fetch` and `FetchStream` (core/ports.ts) on Node's own HTTP client, every bound of a download
 * enforced while its bytes arrive. Answers are not judged here: any status is an answer, redirects are not followed.
 *
 * What counts as "the server is not there" is told apart from "the server answers wrongly" by code: `network.connect`
 * and `network.silent` happen before the first byte of an answer, every other code after it.
 */
import { Agent as HttpAgent, request as httpRequest } from "node:http";
import type { ClientRequest, IncomingMessage, RequestOptions } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { UnavailableError } from "#core/errors.ts";
import type { Fetch, FetchLimits, FetchRequest, FetchStream } from "#core/ports.ts";

export type HttpClient = {
  readonly fetch: Fetch;
  readonly fetchStream: FetchStream;
  /** Closes kept-alive connections. */
  readonly close: () => void;
};

export type HttpClientOptions = {
  readonly userAgent: string;
};

/** Bytes of an answer's head, and of its trailers. */
const headerSizeMax = 16_384;
const headerCountMax = 100;
/** 1xx answers before the real one. */
const informationMax = 16;
/** A compressed body may be this much larger than its content (tiny and incompressible ones are). */
const gzipOverhead = 1_024;
/** How long a download may take before its average speed is looked at. */
const rateGraceMs = 10_000;

export function createHttpClient(options: HttpClientOptions): HttpClient {
  const agentOptions = { keepAlive: true, maxFreeSockets: 32, scheduling: "lifo" } as const;
  const agents = { http: new HttpAgent(agentOptions), https: new HttpsAgent(agentOptions) };
  const open = (request: FetchRequest, limits: FetchLimits, encoding: string): Promise<Answer> =>
    openAnswer(agents, request, limits, {
      ...request.headers,
      "accept-encoding": encoding,
      "user-agent": options.userAgent,
    });
  return {
    fetch: async (request, limits) => {
      const answer = await open(request, limits, "gzip");
      const body = await readWhole(answer, request.url, limits);
      return { status: answer.status, headers: answer.headers, body };
    },
    fetchStream: async (request, limits) => {
      const answer = await open(request, limits, "identity");
      const encoding = answer.headers["content-encoding"] ?? "identity";
      if (encoding !== "identity") {
        answer.message.destroy();
        throw unknownEncoding(request.url, encoding);
      }
      return { ...answer, body: boundedBody(answer, request.url, limits, limits.sizeMax) };
    },
    close: () => {
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}

type Agents = { readonly http: HttpAgent; readonly https: HttpsAgent };

type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly message: IncomingMessage;
  /** How long the head took; counts towards the total. */
  readonly waitedMs: number;
};

async function openAnswer(
  agents: Agents,
  request: FetchRequest,
  limits: FetchLimits,
  headers: Record<string, string>,
): Promise<Answer> {
  const startedAt = performance.now();
  const { url } = request;
  const options: RequestOptions = {
    agent: url.protocol === "https:" ? agents.https : agents.http,
    // Not from the URL as a whole: user information in it must not become a header.
    hostname: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port,
    path: `${url.pathname}${url.search}`,
    headers,
    maxHeaderSize: headerSizeMax,
  };
  const ms = Math.min(limits.idleMs, limits.totalMs);
  const send = (): ClientRequest =>
    url.protocol === "https:" ? httpsRequest(options) : httpRequest(options);
  let outcome = await awaitHead(send(), url, ms);
  // A kept-alive connection that the server closed meanwhile says nothing about the server: Node asks to send again.
  if (outcome === "stale") outcome = await awaitHead(send(), url, ms);
  if (outcome === "stale") throw unreachable(url, "connection reset");
  return {
    status: outcome.statusCode ?? 0,
    headers: flattenHeaders(outcome.headers),
    message: outcome,
    waitedMs: performance.now() - startedAt,
  };
}

function awaitHead(
  request: ClientRequest,
  url: URL,
  msMax: number,
): Promise<IncomingMessage | "stale"> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage | "stale">();
  let information = 0;
  const timer = setTimeout(() => {
    request.destroy();
    reject(new UnavailableError("network.silent", `No answer from ${url.href} within ${msMax} ms`));
  }, msMax);
  request.maxHeadersCount = headerCountMax;
  request.on("information", () => {
    information += 1;
    if (information > informationMax) {
      request.destroy(new Error("too many preliminary answers"));
    }
  });
  request.on("response", (message) => {
    clearTimeout(timer);
    resolve(message);
  });
  request.on("error", (error) => {
    clearTimeout(timer);
    const code = errorCode(error);
    if (request.reusedSocket && code === "ECONNRESET") resolve("stale");
    else if (information > 0 || code.startsWith("HPE_")) reject(brokenAnswer(url, error));
    else reject(unreachable(url, connectReason(error), error));
  });
  request.end();
  return promise;
}

/** The decoded body; never more than `limits.sizeMax` of it is held. */
async function readWhole(answer: Answer, url: URL, limits: FetchLimits): Promise<Uint8Array> {
  const encoding = answer.headers["content-encoding"] ?? "identity";
  if (encoding !== "identity" && encoding !== "gzip") {
    answer.message.destroy();
    throw unknownEncoding(url, encoding);
  }
  const sizeMax = limits.sizeMax + (encoding === "gzip" ? gzipOverhead : 0);
  const parts: Uint8Array[] = [];
  for await (const part of boundedBody(answer, url, limits, sizeMax)) parts.push(part);
  const received = parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
  if (encoding === "identity" || received.length === 0) return received;
  try {
    return await promisify(gunzip)(received, { maxOutputLength: Math.max(1, limits.sizeMax) });
  } catch (error) {
    const code = error instanceof Error ? errorCode(error) : "";
    if (code === "ERR_BUFFER_TOO_LARGE") throw tooLarge(url, limits.sizeMax);
    if (code === "Z_BUF_ERROR") throw truncated(url, error);
    throw brokenAnswer(url, error);
  }
}

/**
 * The body's chunks as they arrive. Only time spent waiting for the server counts. Once started or not, `return`
 * closes the connection of a body that was not read to its end.
 */
function boundedBody(
  answer: Answer,
  url: URL,
  limits: FetchLimits,
  sizeMax: number,
): AsyncIterableIterator<Uint8Array> {
  const { message } = answer;
  const chunks: AsyncIterator<Uint8Array> = message[Symbol.asyncIterator]();
  let waitedMs = answer.waitedMs;
  let size = 0;
  const declared = Number(answer.headers["content-length"] ?? 0);

  const next = async (): Promise<IteratorResult<Uint8Array>> => {
    if (declared > sizeMax) throw tooLarge(url, limits.sizeMax);
    const askedAt = performance.now();
    const result = await nextWithin(chunks, url, limits, waitedMs);
    waitedMs += performance.now() - askedAt;
    if (result.done === true) {
      if (!message.complete) throw truncated(url);
      return { done: true, value: undefined };
    }
    size += result.value.length;
    if (size > sizeMax) throw tooLarge(url, limits.sizeMax);
    if (waitedMs > rateGraceMs && (size * 1_000) / waitedMs < (limits.rateMin ?? 0)) {
      throw new UnavailableError(
        "network.rate",
        `${url.href} arrives more slowly than ${limits.rateMin} bytes a second`,
      );
    }
    return result;
  };

  return {
    next: async () => {
      try {
        return await next();
      } catch (error) {
        message.destroy();
        throw error;
      }
    },
    return: async () => {
      message.destroy();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

async function nextWithin(
  chunks: AsyncIterator<Uint8Array>,
  url: URL,
  limits: FetchLimits,
  waitedMs: number,
): Promise<IteratorResult<Uint8Array>> {
  const leftMs = limits.totalMs - waitedMs;
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(leftMs < limits.idleMs ? tookTooLong(url, limits) : stalled(url, limits)),
    Math.max(0, Math.min(limits.idleMs, leftMs)),
  );
  try {
    return await Promise.race([chunks.next(), late.promise]);
  } catch (error) {
    if (error instanceof UnavailableError) throw error;
    const malformed = error instanceof Error && errorCode(error).startsWith("HPE_");
    throw malformed ? brokenAnswer(url, error) : truncated(url, error);
  } finally {
    clearTimeout(timer);
  }
}

function flattenHeaders(headers: IncomingMessage["headers"]): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return flat;
}

function errorCode(error: Error): string {
  return "code" in error && typeof error.code === "string" ? error.code : "";
}

/** A certificate is the one reason that whoever reads this can do something about. */
function connectReason(error: Error): string {
  const code = errorCode(error);
  if (!/CERT|LEAF_SIGNATURE/.test(code)) return code === "" ? error.message : code;
  return `its certificate is not trusted (${code}). Where an authority of your own signed it, name its file in NODE_EXTRA_CA_CERTS`;
}

function unreachable(url: URL, reason: string, cause?: unknown): UnavailableError {
  return new UnavailableError(
    "network.connect",
    `Cannot connect to ${url.origin}: ${reason}`,
    cause,
  );
}

function tookTooLong(url: URL, { totalMs }: FetchLimits): UnavailableError {
  return new UnavailableError("network.timeout", `${url.href} took longer than ${totalMs} ms`);
}

function stalled(url: URL, { idleMs }: FetchLimits): UnavailableError {
  return new UnavailableError("network.idle", `No byte of ${url.href} for ${idleMs} ms`);
}

function tooLarge(url: URL, sizeMax: number): UnavailableError {
  return new UnavailableError("network.size", `${url.href} is larger than ${sizeMax} bytes`);
}

function truncated(url: URL, cause?: unknown): UnavailableError {
  return new UnavailableError(
    "network.truncated",
    `Connection broke while reading ${url.href}`,
    cause,
  );
}

function unknownEncoding(url: URL, encoding: string): UnavailableError {
  return new UnavailableError(
    "network.malformed",
    `${url.href} came in the encoding ${JSON.stringify(encoding.slice(0, 40))}, which was not asked for`,
  );
}

/** HPE_HEADER_OVERFLOW is Node's name for a head above `headerSizeMax`. */
function brokenAnswer(url: URL, error: unknown): UnavailableError {
  const code = error instanceof Error ? errorCode(error) : "";
  if (code === "HPE_HEADER_OVERFLOW") {
    return new UnavailableError(
      "network.size",
      `The head of ${url.href} is larger than ${headerSizeMax} bytes`,
      error,
    );
  }
  const reason = code === "" ? "not HTTP as expected" : code;
  return new UnavailableError(
    "network.malformed",
    `Cannot read the answer of ${url.origin}: ${reason}`,
    error,
  );
}
