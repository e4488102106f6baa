import assert from "node:assert/strict";
import { request } from "node:http";
import { connect } from "node:net";
import { test } from "node:test";
import type { TestContext } from "node:test";
import type { ProxyHandler, ProxyRequest } from "./exchange.ts";
import { startHttpServer } from "./http-server.ts";

async function serve(t: TestContext, handler: ProxyHandler): Promise<number> {
  const server = await startHttpServer({ host: "127.0.0.1", port: 0 }, async () => handler);
  t.after(() => server.close());
  return server.address.port;
}

type Got = {
  readonly status: number;
  readonly reason: string;
  readonly text: string;
  readonly error?: string;
};

/** A whole exchange, or how far it came. */
function get(port: number, method = "GET"): Promise<Got> {
  return new Promise((resolve) => {
    const sent = request({ port, method, host: "127.0.0.1", path: "/a?b" }, (message) => {
      const { statusCode: status = 0, statusMessage: reason = "" } = message;
      let text = "";
      message.on("data", (chunk) => {
        text += String(chunk);
      });
      message.on("end", () => resolve({ status, reason, text }));
      message.on("error", (error) => resolve({ status, reason, text, error: error.message }));
    });
    sent.on("error", ({ message: error }) => resolve({ status: 0, reason: "", text: "", error }));
    sent.end();
  });
}

const whole = new TextEncoder().encode("hello");

test("the server passes method, path and headers, and answers status, reason and body", async (t) => {
  const seen: ProxyRequest[] = [];
  const port = await serve(t, async (asked) => {
    seen.push(asked);
    return {
      status: 403,
      reason: "file.hash: it was altered",
      headers: { "content-length": "5" },
      body: whole,
    };
  });
  assert.deepEqual(await get(port), {
    status: 403,
    reason: "file.hash: it was altered",
    text: "hello",
  });
  assert.deepEqual(await get(port, "HEAD"), {
    status: 403,
    reason: "file.hash: it was altered",
    text: "",
  });
  assert.deepEqual(
    seen.map(({ method, path }) => [method, path]),
    [
      ["GET", "/a?b"],
      ["HEAD", "/a?b"],
    ],
  );
  assert.equal(seen[0]?.headers["host"], `127.0.0.1:${port}`);
});

test("a stream that fails leaves a broken answer, never a whole one", async (t) => {
  const port = await serve(t, async () => ({
    status: 200,
    reason: "OK",
    headers: { "content-length": "10" },
    body: (async function* () {
      yield whole;
      throw new Error("not the file");
    })(),
  }));
  const got = await get(port);
  assert.notEqual(got.error, undefined);
  assert.ok(got.text.length < 10);
});

test("a client that leaves ends the stream it was given", async (t) => {
  const ended = Promise.withResolvers<void>();
  const port = await serve(t, async () => ({
    status: 200,
    reason: "OK",
    headers: {},
    body: (async function* () {
      try {
        for (;;) yield new Uint8Array(1_048_576);
      } finally {
        ended.resolve();
      }
    })(),
  }));
  const sent = request(
    { port, host: "127.0.0.1" },
    (message) => void message.once("data", () => sent.destroy()),
  );
  sent.on("error", () => undefined);
  sent.end();
  await ended.promise;
});

test("floods of headers and what is not HTTP are refused before the handler", async (t) => {
  let calls = 0;
  const port = await serve(t, async () => {
    calls += 1;
    return { status: 200, reason: "OK", headers: {}, body: whole };
  });
  const send = (text: string): Promise<string> =>
    new Promise((resolve) => {
      const socket = connect(port, "127.0.0.1", () => void socket.end(text));
      let answer = "";
      socket.on("data", (chunk) => {
        answer += chunk.toString();
      });
      socket.on("error", () => undefined);
      socket.on("close", () => resolve(answer));
    });
  assert.match(
    await send(`GET / HTTP/1.1\r\nhost: x\r\nx: ${"y".repeat(20_000)}\r\n\r\n`),
    /^HTTP\/1\.1 431 /,
  );
  assert.match(await send("220 smtp\r\n\r\n"), /^HTTP\/1\.1 400 /);
  assert.equal(calls, 0);
});

test("startHttpServer() says what to do about a port that is taken", async (t) => {
  const port = await serve(t, async () => ({
    status: 200,
    reason: "OK",
    headers: {},
    body: whole,
  }));
  await assert.rejects(
    startHttpServer({ host: "127.0.0.1", port }, () => Promise.reject(new Error("not reached"))),
    { name: "RefusedError", code: "listen.port-in-use", message: /--port/ },
  );
});
