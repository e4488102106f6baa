/**
 * A shorter way for the requests that are nearly all of the traffic. Each new connection of an http.Server is read here
 * first: as long as every chunk is one plain GET whose answer is at hand as bytes, it is answered with one write. The
 * first chunk that is anything else goes, with the connection and for good, to the server's own parser. So there is
 * nothing here to get wrong about bodies, pipelines, conditions or credentials: they never stay.
 */
import type { Server } from "node:http";
import type { Socket } from "node:net";
import { PlainGetReader, type PlainGet } from "./plain-get.ts";

export type PlainAnswer = {
  /** The whole answer: status line, headers, body. */
  readonly bytes: Uint8Array;
  readonly bodySize: number;
};

export type PlainReads = {
  /** The answer to this request where it is at hand now. */
  find(get: PlainGet): PlainAnswer | undefined;
  answered(get: PlainGet, answer: PlainAnswer): void;
  /** Milliseconds a connection may be silent. */
  readonly idleMs: number;
  /** Different header blocks to remember. */
  readonly headersMax: number;
};

/** Stands before the server's own handling of connections. Answers how to end the connections that are still here. */
export function addPlainReads(server: Server, reads: PlainReads): () => void {
  const reader = new PlainGetReader(reads.headersMax);
  const sockets = new Set<Socket>();
  const handlers = server.listeners("connection");
  server.removeAllListeners("connection");
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    const leave = (): void => {
      sockets.delete(socket);
      socket.off("data", onData).off("drain", onDrain).off("error", onError);
      socket.off("close", leave).off("timeout", onTimeout).off("end", onEnd);
    };
    const onData = (chunk: Buffer): void => {
      const get = reader.read(chunk);
      const answer = get && reads.find(get);
      if (get === undefined || answer === undefined) {
        leave();
        handOver(socket, chunk);
        return;
      }
      // A reader that does not read is not read from either.
      if (!socket.write(answer.bytes)) socket.pause();
      reads.answered(get, answer);
    };
    const onDrain = (): void => {
      socket.resume();
    };
    const onError = (): void => {
      socket.destroy();
    };
    const onTimeout = (): void => {
      socket.destroy();
    };
    const onEnd = (): void => {
      socket.end();
    };
    socket.on("data", onData).on("drain", onDrain).on("error", onError);
    socket.on("close", leave).on("timeout", onTimeout).on("end", onEnd);
    socket.setTimeout(reads.idleMs);
  });
  const handOver = (socket: Socket, chunk: Buffer): void => {
    socket.setTimeout(0);
    socket.pause();
    for (const handle of handlers) handle.call(server, socket);
    socket.unshift(chunk);
    socket.resume();
  };
  return () => {
    for (const socket of sockets) socket.destroy();
  };
}
