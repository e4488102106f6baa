/** A public tree in memory on a loopback port: what clients of other implementations fetch. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export type PublicServer = {
  /** With its last slash. */
  readonly address: string;
  /** Answered instead of what is there, by path: what a lying mirror says. undefined: nothing there. */
  readonly lies: Map<string, Uint8Array | undefined>;
  close(): void;
};

/** `readPublic` gets paths as `tuf/timestamp.json`. */
export async function servePublic(
  readPublic: (path: string) => Uint8Array | undefined,
): Promise<PublicServer> {
  const lies = new Map<string, Uint8Array | undefined>();
  const server = createServer((request, response) => {
    const path = (request.url ?? "/").slice(1);
    const body = lies.has(path) ? lies.get(path) : readPublic(path);
    response.writeHead(body === undefined ? 404 : 200, { "content-type": "application/json" });
    response.end(body);
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  const { port } = addressOf(server.address());
  return {
    address: `http://127.0.0.1:${port}/`,
    lies,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function addressOf(address: AddressInfo | string | null): AddressInfo {
  if (address === null || typeof address === "string") throw new Error("Not listening on a port");
  return address;
}
