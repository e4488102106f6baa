/**
 * A mirror between a proxy and its index that is honest until a test gives it an attack. It passes on what the index
 * answers, byte by byte; an attack sees each request and may put its own answer in the place of the honest one.
 */
import { createServer, request as httpRequest } from "node:http";
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { addressPort } from "./tripwire.ts";

export type MirrorAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
};

export type MirrorRequest = {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** What the index answers to this request, uncompressed. */
  honest(): Promise<MirrorAnswer>;
};

/** The lie for a request; undefined lets the honest answer through. A function writes the answer by itself. */
export type Attack = (
  request: MirrorRequest,
) => Promise<MirrorAnswer | ((response: ServerResponse) => void) | undefined>;

export type Mirror = {
  readonly url: string;
  /** Requests so far, as "METHOD path". */
  readonly requests: readonly string[];
  /** From now on it mirrors this index. */
  follow(index: string): void;
  /** Starts an attack; undefined makes the mirror honest again. */
  attackWith(attack: Attack | undefined): void;
  stop(): Promise<void>;
};

const hopHeaders = new Set(["connection", "keep-alive", "transfer-encoding", "content-length"]);

export async function startMirror(index: string): Promise<Mirror> {
  const requests: string[] = [];
  let upstream = index;
  let attack: Attack | undefined;
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    answer(upstream, request, response, attack).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : undefined);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${addressPort(server.address())}/`,
    requests,
    follow: (next) => {
      upstream = next;
    },
    attackWith: (next) => {
      attack = next;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  upstream: string,
  request: IncomingMessage,
  response: ServerResponse,
  attack: Attack | undefined,
): Promise<void> {
  const seen: MirrorRequest = {
    method: request.method ?? "GET",
    path: request.url ?? "/",
    headers: request.headers,
    honest: () => fetchHonest(upstream, request, { "accept-encoding": "identity" }),
  };
  const lie = await attack?.(seen);
  if (typeof lie === "function") {
    lie(response);
    return;
  }
  const { status, headers, body } = lie ?? (await fetchHonest(upstream, request, {}));
  response.writeHead(status, { ...headers, "content-length": String(body.length) });
  response.end(request.method === "HEAD" ? undefined : body);
}

function fetchHonest(
  upstream: string,
  request: IncomingMessage,
  overrides: Readonly<Record<string, string>>,
): Promise<MirrorAnswer> {
  return new Promise((resolve, reject) => {
    const url = new URL(request.url ?? "/", upstream);
    const headers = { ...request.headers, ...overrides, host: url.host, connection: "close" };
    const forward = httpRequest(url, { method: request.method, headers }, (reply) => {
      const chunks: Buffer[] = [];
      reply.on("data", (chunk: Buffer) => chunks.push(chunk));
      reply.once("error", reject);
      reply.once("end", () => {
        resolve({
          status: reply.statusCode ?? 502,
          headers: endToEndHeaders(reply.headers),
          body: Buffer.concat(chunks),
        });
      });
    });
    forward.once("error", reject);
    forward.end();
  });
}

function endToEndHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !hopHeaders.has(name)) {
      kept[name] = Array.isArray(value) ? value.join(", ") : value;
    }
  }
  return kept;
}
