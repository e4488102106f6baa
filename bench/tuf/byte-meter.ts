/** A relay on loopback that counts what passes, in both directions: bytes as a network carries them, heads included. */
import { connect, createServer } from "node:net";
import type { Socket } from "node:net";

export type ByteMeter = {
  readonly port: number;
  /** So far. */
  bytes(): number;
  stop(): Promise<void>;
};

export async function startByteMeter(serverPort: number): Promise<ByteMeter> {
  let bytes = 0;
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  };
  const pass = (from: Socket, to: Socket): void => {
    from.on("data", (part: Buffer) => {
      bytes += part.byteLength;
      to.write(part);
    });
    from.once("end", () => to.end());
    from.once("error", () => to.destroy());
  };
  const relay = createServer((client) => {
    const server = connect(serverPort, "127.0.0.1");
    keep(client);
    keep(server);
    pass(client, server);
    pass(server, client);
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  relay.listen(0, "127.0.0.1", resolve);
  await promise;
  const address = relay.address();
  if (address === null || typeof address === "string") throw new Error("The relay has no port");
  return {
    port: address.port,
    bytes: () => bytes,
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((ended) => void relay.close(() => ended()));
    },
  };
}
