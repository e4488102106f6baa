/** A simulated index behind a real HTTP server on loopback, for programs in processes of their own. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage } from "node:http";
import type { TestContext } from "node:test";
import type { SimIndex } from "./sim-index.ts";

export type ServedIndex = {
  /** With a slash at its end. */
  readonly url: string;
  /** Nobody is there any more. */
  readonly leave: () => void;
};

/** Until the test ends. `onRequest` sees each before it is answered. */
export async function serveIndex(
  t: TestContext,
  index: SimIndex,
  onRequest: (request: IncomingMessage) => void,
): Promise<ServedIndex> {
  const server = createServer((request, response) => {
    onRequest(request);
    const url = new URL(request.url ?? "/", "http://127.0.0.1/");
    void index.answer({ url, headers: {} }).then(({ body, status }) => {
      assert.ok(body instanceof Uint8Array);
      response.writeHead(status, { "content-length": body.length });
      response.end(body);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  const leave = (): void => {
    server.close();
    server.closeAllConnections();
  };
  t.after(leave);
  return { url: `http://127.0.0.1:${address.port}/`, leave };
}
