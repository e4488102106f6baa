/** Where the index listens: the web's port, and the admin door. Bounds on time and size of what strangers send. */
import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname } from "node:path";
import { RefusedError } from "#core/errors.ts";
import { indexLimits } from "./limits.ts";

/** How long an answer under way may take when everything ends. */
const closeMsMax = 3_000;

export type Listening = {
  readonly server: Server;
  readonly port: number;
  /** No new connections; those with a request under way have a moment to end. */
  close(): Promise<void>;
};

/** Node's own answers to requests that it cannot parse are 4xx; its clocks run as long as these say. */
export function createWebServer(handle: RequestListener): Server {
  const server = createServer(
    {
      maxHeaderSize: indexLimits.headersSizeMax,
      headersTimeout: indexLimits.headersMs,
      keepAliveTimeout: indexLimits.keepAliveMs,
      // Uploads take as long as they take; each has clocks of its own.
      requestTimeout: 0,
      connectionsCheckingInterval: 5_000,
    },
    handle,
  );
  server.timeout = indexLimits.idleMs;
  server.maxHeadersCount = 200;
  return server;
}

/** RefusedError `listen.port-in-use`. */
export async function listenOnPort(server: Server, host: string, port: number): Promise<Listening> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      reject(error.code === "EADDRINUSE" ? portInUse(host, port) : error);
    });
    server.listen(port, host, resolve);
  });
  return { server, port: portOf(server.address()), close: () => closeServer(server) };
}

/** Whoever holds the data folder's lock: what lies at the path is left over. Only this user can open it. */
export async function listenOnSocket(handle: RequestListener, path: string): Promise<Listening> {
  const server = createServer({ requestTimeout: 0 }, handle);
  mkdirSync(dirname(path), { recursive: true });
  rmSync(path, { force: true });
  const mask = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(path, resolve);
    });
  } finally {
    process.umask(mask);
  }
  chmodSync(path, 0o600);
  return { server, port: 0, close: () => closeServer(server) };
}

async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
  server.closeIdleConnections();
  const insist = setTimeout(() => server.closeAllConnections(), closeMsMax);
  await closed;
  clearTimeout(insist);
}

function portOf(address: AddressInfo | string | null): number {
  return address !== null && typeof address === "object" ? address.port : 0;
}

function portInUse(host: string, port: number): RefusedError {
  return new RefusedError(
    "listen.port-in-use",
    `Cannot listen on ${host}:${port}: another program does. End that one, or choose another port`,
  );
}
