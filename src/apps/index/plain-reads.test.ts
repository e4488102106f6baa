import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import net from "node:net";
import { test } from "node:test";
import { setImmediate as immediate } from "node:timers/promises";
import { addPlainReads, type PlainAnswer } from "./plain-reads.ts";

const plain = "GET /plain HTTP/1.1\r\nHost: a\r\n\r\n";
const short: PlainAnswer = answerOf("plain");

function answerOf(body: string): PlainAnswer {
  const head = `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`;
  return { bytes: Buffer.from(head + body), bodySize: body.length };
}

/** The server's side of the connection, right after an answer was written. */
type AfterAnswer = { readonly queued: number; readonly isPaused: boolean };

type Rig = {
  readonly port: number;
  /** The server's sides of the connections. */
  readonly accepted: readonly net.Socket[];
  /** Of the newest connection. */
  readonly afterAnswers: readonly AfterAnswer[];
  readonly answered: string[];
  readonly parsed: string[];
} & AsyncDisposable;

/** A server whose own handling answers with what it was asked, in front of it one plain answer. */
async function startRig(answer: PlainAnswer = short, idleMs = 60_000): Promise<Rig> {
  const answered: string[] = [];
  const parsed: string[] = [];
  const accepted: net.Socket[] = [];
  const afterAnswers: AfterAnswer[] = [];
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      parsed.push(`${request.method} ${request.url} ${Buffer.concat(chunks).toString()}`);
      response.end("parsed");
    });
  });
  const endPlain = addPlainReads(server, {
    find: (get) => (get.path === "/plain" ? answer : undefined),
    answered(get) {
      answered.push(get.path);
      const socket = accepted.at(-1);
      assert.ok(socket !== undefined);
      afterAnswers.push({ queued: socket.writableLength, isPaused: socket.isPaused() });
    },
    idleMs,
    headersMax: 8,
  });
  server.on("connection", (socket) => accepted.push(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  return {
    port: address.port,
    accepted,
    afterAnswers,
    answered,
    parsed,
    async [Symbol.asyncDispose]() {
      endPlain();
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** Sends pieces, each once the answer to the one before holds the text it waits for; everything that came back. */
async function converse(
  port: number,
  steps: readonly { readonly send: string; readonly until: string }[],
): Promise<string> {
  const socket = net.connect(port, "127.0.0.1");
  let received = "";
  let wake = (): void => {};
  socket.on("data", (chunk: Buffer) => {
    received += chunk.toString("latin1");
    wake();
  });
  for (const { send, until } of steps) {
    const from = received.length;
    socket.write(send);
    while (!received.slice(from).includes(until)) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }
  socket.destroy();
  return received;
}

test("addPlainReads() goes on reading where an answer went out at once", async () => {
  await using rig = await startRig();
  await converse(rig.port, [{ send: plain, until: "plain" }]);
  assert.deepEqual(rig.afterAnswers, [{ queued: 0, isPaused: false }]);
});

test("addPlainReads() answers plain requests again and again without the parser", async () => {
  await using rig = await startRig();
  const step = { send: plain, until: "plain" };
  await converse(rig.port, [step, step, step]);
  assert.deepEqual(rig.answered, ["/plain", "/plain", "/plain"]);
  assert.deepEqual(rig.parsed, []);
});

test("addPlainReads() gives a connection to the parser with its first other request, whole", async () => {
  await using rig = await startRig();
  const post = "POST /legacy/ HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
  const received = await converse(rig.port, [
    { send: plain, until: "plain" },
    { send: post, until: "parsed" },
    { send: plain, until: "parsed" },
  ]);
  assert.deepEqual(rig.answered, ["/plain"]);
  assert.deepEqual(rig.parsed, ["POST /legacy/ hello", "GET /plain "]);
  assert.equal(received.split("HTTP/1.1 200 OK").length, 4);
});

test("addPlainReads() leaves pipelined and divided requests to the parser", async () => {
  await using rig = await startRig();
  await converse(rig.port, [{ send: plain + plain, until: "parsed" }]);
  await converse(rig.port, [
    { send: plain, until: "plain" },
    { send: `${plain}GET /other HTTP/1.1\r\nHost: a\r\n\r\n`, until: "parsed" },
  ]);
  assert.deepEqual(rig.answered, ["/plain"]);
  const divided = net.connect(rig.port, "127.0.0.1");
  divided.setNoDelay(true);
  divided.write(plain.slice(0, 10));
  await once(divided, "connect");
  setImmediate(() => divided.write(plain.slice(10)));
  const [answer] = await once(divided, "data");
  assert.match(String(answer), /200 OK/);
  divided.destroy();
});

test("addPlainReads() lets a body that looks like a request be a body", async () => {
  await using rig = await startRig();
  const head = `POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: ${plain.length}\r\n\r\n`;
  const socket = net.connect(rig.port, "127.0.0.1");
  socket.setNoDelay(true);
  socket.write(head);
  await once(socket, "connect");
  setImmediate(() => socket.write(plain));
  await once(socket, "data");
  socket.destroy();
  assert.deepEqual(rig.answered, []);
  assert.deepEqual(rig.parsed, [`POST /upload ${plain}`]);
});

test("addPlainReads() refuses nothing itself: malformed requests get the parser's answer", async () => {
  await using rig = await startRig();
  const received = await converse(rig.port, [{ send: "NONSENSE\r\n\r\n", until: "\r\n\r\n" }]);
  assert.match(received, /^HTTP\/1\.1 400 /);
  assert.deepEqual(rig.answered, []);
});

test("addPlainReads() stops reading from who does not read, and answers all once it does", async () => {
  const large = answerOf("x".repeat(8_000_000));
  await using rig = await startRig(large);
  const socket = net.connect(rig.port, "127.0.0.1");
  try {
    socket.pause();
    await once(socket, "connect");
    while (rig.accepted.length === 0) await immediate();
    const [served] = rig.accepted;
    assert.ok(served !== undefined);
    const requests = 10;
    for (let sent = 1; sent <= requests; sent += 1) {
      socket.write(plain);
      // Two that arrive as one are not plain: each must have been read, to be answered or to wait, before the next.
      while (served.bytesRead < sent * plain.length) await immediate();
    }
    assert.ok(rig.answered.length <= 2, `${rig.answered.length} answers are waiting`);
    assert.ok(served.isPaused());
    // Who is not read from again gets no more, ever: the end of the connection tells, no clock.
    served.on("drain", () => {
      if (served.isPaused()) served.destroy();
    });
    const total = requests * large.bytes.length;
    assert.equal(await countBytes(socket, total), total);
    assert.equal(rig.answered.length, requests);
    assert.deepEqual(rig.parsed, []);
    for (const { queued, isPaused } of rig.afterAnswers) {
      assert.ok(queued <= large.bytes.length, `${queued} bytes are waiting`);
      assert.equal(isPaused, queued > 0);
    }
  } finally {
    socket.destroy();
  }
});

/** Reads until so many have arrived or the connection ends; how many did. */
async function countBytes(socket: net.Socket, wanted: number): Promise<number> {
  let count = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.on("data", (chunk: Buffer) => {
    count += chunk.length;
    if (count >= wanted) resolve();
  });
  socket.on("error", () => resolve()).on("close", () => resolve());
  socket.resume();
  await promise;
  return count;
}

test("addPlainReads() ends a silent connection, and one whose client has ended", async () => {
  await using rig = await startRig(short, 20);
  const silent = net.connect(rig.port, "127.0.0.1");
  silent.resume();
  await once(silent, "close");
  const ended = net.connect(rig.port, "127.0.0.1");
  ended.resume();
  ended.end(plain);
  await once(ended, "close");
  assert.deepEqual(rig.answered, ["/plain"]);
});
