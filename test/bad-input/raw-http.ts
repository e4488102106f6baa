/** HTTP as bytes on a socket: whatever a test wants to say, however broken, and the answer as it came. */
import { connect } from "node:net";
import type { Socket } from "node:net";

export type Answer = {
  readonly status: number;
  readonly reason: string;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
};

export type SendOptions = {
  /** Closes our side after the last byte, as a client that gave up does. */
  readonly end?: boolean;
  readonly msMax?: number;
};

const msMaxDefault = 15_000;
const answerSizeMax = 16 * 1024 * 1024;

/** Sends these bytes and reads one answer; undefined when the connection was closed without any. */
export async function sendRaw(
  port: number,
  chunks: readonly (string | Uint8Array)[],
  options: SendOptions = {},
): Promise<Answer | undefined> {
  const socket = await openSocket(port);
  try {
    const answer = readAnswer(socket, options.msMax ?? msMaxDefault);
    for (const chunk of chunks)
      socket.write(typeof chunk === "string" ? Buffer.from(chunk) : chunk);
    if (options.end === true) socket.end();
    return await answer;
  } finally {
    socket.destroy();
  }
}

export async function openSocket(port: number): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true }, resolve);
  socket.once("error", reject);
  await promise;
  // What the other side does to a connection later shows in what can be read of it.
  socket.on("error", () => undefined);
  return socket;
}

/** The first answer on this connection, the interim ones passed over. */
export function readAnswer(socket: Socket, msMax: number): Promise<Answer | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer | undefined>();
  let received = Buffer.alloc(0);
  const timer = setTimeout(() => reject(new Error(`No answer within ${msMax} ms`)), msMax);
  const look = (isOver: boolean): void => {
    try {
      const answer = parseAnswer(received, isOver);
      if (answer === undefined && !isOver) return;
      clearTimeout(timer);
      resolve(answer);
    } catch (error) {
      clearTimeout(timer);
      reject(error);
    }
  };
  socket.on("data", (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    if (received.length > answerSizeMax) reject(new Error("The answer does not end"));
    look(false);
  });
  socket.on("end", () => look(true));
  socket.on("close", () => look(true));
  return promise;
}

/** Undefined while it is not whole. */
function parseAnswer(bytes: Buffer, isOver: boolean): Answer | undefined {
  const headEnd = bytes.indexOf("\r\n\r\n");
  if (headEnd === -1) return undefined;
  const [statusLine = "", ...lines] = bytes.toString("latin1", 0, headEnd).split("\r\n");
  const match = /^HTTP\/1\.1 ([0-9]{3}) ([\x20-\x7e\xa1-\xff]*)$/.exec(statusLine);
  if (match === null) throw new Error(`Not a status line: ${JSON.stringify(statusLine)}`);
  const status = Number(match[1]);
  if (status < 200) return parseAnswer(bytes.subarray(headEnd + 4), isOver);
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  const rest = bytes.subarray(headEnd + 4);
  const length = headers.get("content-length");
  const size = length === undefined ? (isOver ? rest.length : Infinity) : Number(length);
  if (rest.length < size && !isOver) return undefined;
  return { status, reason: match[2] ?? "", headers, body: rest.toString("utf8", 0, size) };
}
