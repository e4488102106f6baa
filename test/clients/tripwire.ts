/**
 * A web proxy that lets nothing through and remembers who asked. Clients under test are told to use it for every host
 * but loopback, so a request that would have left this machine is seen and fails.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export type Tripwire = {
  readonly url: string;
  /** What clients tried to reach outside, in order. */
  readonly attempts: readonly string[];
  stop(): Promise<void>;
};

export async function startTripwire(): Promise<Tripwire> {
  const attempts: string[] = [];
  const server = createServer((request, response) => {
    attempts.push(`${request.method} ${request.url}`);
    response.writeHead(403, "No way out of this test").end();
  });
  server.on("connect", (request, socket) => {
    attempts.push(`CONNECT ${request.url}`);
    socket.end("HTTP/1.1 403 No way out of this test\r\n\r\n");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${addressPort(server.address())}`,
    attempts,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

export function addressPort(address: string | AddressInfo | null): number {
  if (address === null || typeof address === "string") {
    throw new Error("The server does not listen on a port");
  }
  return address.port;
}
