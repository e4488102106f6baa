/**
 * Another index, of an attacker: it offers any project in any version that is asked for. Configured behind the proxy as
 * one more index, it must never be asked for a file.
 */
import { createServer } from "node:http";
import { makeWheel } from "./small-wheel.ts";
import { addressPort } from "./tripwire.ts";

export type OtherIndex = {
  readonly simple: string;
  /** Paths of the files that were fetched. */
  readonly filesFetched: readonly string[];
  stop(): Promise<void>;
};

export async function startOtherIndex(version: string): Promise<OtherIndex> {
  const filesFetched: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? "/";
    const page = /^\/simple\/([a-z0-9-]+)\/$/.exec(path);
    const file = /^\/files\/([a-z0-9-]+)\//.exec(path);
    if (page !== null) {
      const wheel = makeWheel({ project: page[1] ?? "", version, answer: 666 });
      const href = `/files/${wheel.project}/${wheel.filename}#sha256=${wheel.sha256}`;
      response.writeHead(200, { "content-type": "text/html" });
      response.end(`<!DOCTYPE html><a href="${href}">${wheel.filename}</a>`);
    } else if (file !== null) {
      filesFetched.push(path);
      response.writeHead(200, { "content-type": "application/octet-stream" });
      response.end(makeWheel({ project: file[1] ?? "", version, answer: 666 }).bytes);
    } else {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    simple: `http://127.0.0.1:${addressPort(server.address())}/simple/`,
    filesFetched,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
