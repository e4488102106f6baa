/** Whether a program will be able to listen, asked before anything is started, for an answer a person can act on. */
import { createServer } from "node:net";
import { RefusedError } from "#core/errors.ts";

const reasons: ReadonlyMap<string, string> = new Map([
  ["EADDRINUSE", "another program listens there"],
  ["EACCES", "this user may not listen there"],
  ["EADDRNOTAVAIL", "this machine does not have that address"],
  ["ENOTFOUND", "this machine does not know that name"],
]);

/** RefusedError `listen.port-in-use`; `option` is what to change. Port 0 is always free. */
export async function checkPortFree(host: string, port: number, option: string): Promise<void> {
  if (port === 0) return;
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ host, port, exclusive: true }, resolve);
    });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    const why = (typeof code === "string" ? reasons.get(code) : undefined) ?? String(error);
    throw new RefusedError(
      "listen.port-in-use",
      `Cannot listen on ${host}:${port}: ${why}. Choose another with ${option} (0: any free one)`,
    );
  } finally {
    await new Promise<void>((resolve) => {
      if (server.listening) server.close(() => resolve());
      else resolve();
    });
  }
}
