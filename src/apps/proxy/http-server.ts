/** The handler on a socket: Node's HTTP server, with bounds on what clients may send and how long they may take. */
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { RefusedError } from "#core/errors.ts";
import type { ProxyHandler, ProxyResponse } from "./exchange.ts";
import type { ListenAddress } from "./request-guard.ts";

export type RunningServer = {
  /** With the port that was given, where 0 was asked for. */
  readonly address: ListenAddress;
  /** Ends open connections too. */
  readonly close: () => Promise<void>;
};

const serverOptions = {
  maxHeaderSize: 16_384,
  headersTimeout: 20_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 65_000,
  noDelay: true,
} as const;

/** `makeHandler` gets the address, which it checks Host against. Throws RefusedError `listen.port-in-use`, `proxy.address`. */
export async function startHttpServer(
  wanted: ListenAddress,
  makeHandler: (address: ListenAddress) => Promise<ProxyHandler>,
): Promise<RunningServer> {
  const made = Promise.withResolvers<ProxyHandler>();
  const server = createServer(serverOptions, (request, response) => {
    void made.promise.then((handler) => answer(handler, request, response));
  });
  server.maxHeadersCount = 100;
  const port = await listen(server, wanted);
  const address = { host: wanted.host, port };
  made.resolve(await makeHandler(address));
  return {
    address,
    close: async () => {
      const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function listen(server: Server, { host, port }: ListenAddress): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.once("error", (error) => {
    const inUse = "code" in error && error.code === "EADDRINUSE";
    const reason = inUse ? "something else listens there" : error.message;
    const sentence = `Cannot listen on ${host} port ${port}: ${reason}. Choose another with --port, or 0 for any`;
    reject(new RefusedError(inUse ? "listen.port-in-use" : "proxy.address", sentence));
  });
  server.listen(port, host, () => {
    const address = server.address();
    resolve(address !== null && typeof address === "object" ? address.port : port);
  });
  return await promise;
}

async function answer(
  handler: ProxyHandler,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // A body is not expected and not read; the connection cannot be used again after one.
  request.resume();
  const { headers, method = "GET", url: path = "/" } = request;
  const answered = await handler({ method, path, headers: firstValues(headers) });
  response.writeHead(answered.status, answered.reason, answered.headers);
  if (answered.body instanceof Uint8Array) {
    response.end(method === "HEAD" ? undefined : answered.body);
    return;
  }
  try {
    await pour(answered, response);
    response.end();
  } catch {
    // The handler has recorded why. The client has less than content-length said, and must not think otherwise.
    response.destroy();
  }
}

async function pour({ body }: ProxyResponse, response: ServerResponse): Promise<void> {
  if (body instanceof Uint8Array) return;
  for await (const chunk of body) {
    if (response.destroyed) return;
    if (!response.write(chunk)) await drained(response);
  }
}

/** Resolves when more can be written, or never will be. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      response.off("drain", done);
      response.off("close", done);
      resolve();
    };
    response.once("drain", done);
    response.once("close", done);
  });
}

function firstValues(headers: IncomingMessage["headers"]): Record<string, string | undefined> {
  const flat: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(headers)) {
    flat[name] = Array.isArray(value) ? value[0] : value;
  }
  return flat;
}
