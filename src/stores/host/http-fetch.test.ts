import assert from "node:assert/strict";
import { createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { gzipSync } from "node:zlib";
import type { FetchLimits } from "#core/ports.ts";
import { createHttpClient } from "./http-fetch.ts";
import type { HttpClient } from "./http-fetch.ts";

const limits: FetchLimits = { sizeMax: 1_000, totalMs: 5_000, idleMs: 2_000 };
const impatient: FetchLimits = { ...limits, idleMs: 500 };

/** A server that answers each connection's first bytes with whatever `answer` writes. */
async function world(
  t: TestContext,
  answer: (socket: Socket, head: string) => void,
): Promise<{ url: URL; client: HttpClient; heads: string[] }> {
  const heads: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => {
      heads.push(bytes.toString("latin1"));
      answer(socket, bytes.toString("latin1"));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const client = createHttpClient({ userAgent: "holdfast-test" });
  t.after(() => {
    client.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address: string | AddressInfo | null = server.address();
  assert.ok(address !== null && typeof address === "object");
  return { url: new URL(`http://127.0.0.1:${address.port}/a?b=c`), client, heads };
}

const ok = (body: string | Uint8Array, head = ""): string =>
  `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n${head}\r\n${body.toString()}`;

async function drain(body: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of body) parts.push(part);
  return Buffer.concat(parts).toString();
}

test("fetch() returns status, headers and body, and keeps the connection", async (t) => {
  const { url, client, heads } = await world(t, (socket) =>
    socket.write(ok("hello", "x-a: 1\r\n")),
  );
  for (let count = 0; count < 2; count++) {
    const response = await client.fetch({ url, headers: { "x-b": "2" } }, limits);
    assert.equal(response.status, 200);
    assert.equal(response.headers["x-a"], "1");
    assert.equal(Buffer.from(response.body).toString(), "hello");
  }
  assert.match(heads[0] ?? "", /^GET \/a\?b=c HTTP\/1\.1\r\n/);
  assert.match(heads[0] ?? "", /x-b: 2\r\n/);
  assert.match(heads[0] ?? "", /accept-encoding: gzip\r\n/);
});

test("fetch() sends no user information from the URL", async (t) => {
  const { url, client, heads } = await world(t, (socket) => socket.write(ok("")));
  url.username = "alice";
  url.password = "secret";
  await client.fetch({ url }, limits);
  assert.doesNotMatch(heads[0] ?? "", /authorization/i);
});

test("fetch() sends again when a kept connection was closed meanwhile", async (t) => {
  let count = 0;
  const { url, client } = await world(t, (socket) => {
    count += 1;
    if (count === 2) socket.resetAndDestroy();
    else socket.write(ok(String(count)));
  });
  await client.fetch({ url }, limits);
  const second = await client.fetch({ url }, limits);
  assert.equal(Buffer.from(second.body).toString(), "3");
});

test("fetch() returns redirects as they are", async (t) => {
  const { url, client, heads } = await world(t, (socket) =>
    socket.write(
      "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
    ),
  );
  assert.equal((await client.fetch({ url }, limits)).status, 302);
  assert.equal(heads.length, 1);
});

test("fetch() decodes gzip and bounds the decoded size", async (t) => {
  const packed = gzipSync(Buffer.alloc(1_000, "a"));
  const bomb = gzipSync(Buffer.alloc(1_001, "a"));
  let body = packed;
  const { url, client } = await world(t, (socket) => {
    socket.write(
      `HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: ${body.length}\r\n\r\n`,
    );
    socket.write(body);
  });
  assert.equal((await client.fetch({ url }, limits)).body.length, 1_000);
  body = bomb;
  await assert.rejects(client.fetch({ url }, limits), { code: "network.size" });
  body = packed.subarray(0, 12);
  await assert.rejects(client.fetch({ url }, limits), { code: "network.truncated" });
  body = Buffer.from("not gzip at all");
  await assert.rejects(client.fetch({ url }, limits), { code: "network.malformed" });
});

test("fetch() refuses what is too large, declared or not", async (t) => {
  let declared = true;
  const { url, client } = await world(t, (socket) => {
    if (declared) socket.write("HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\n");
    else socket.write("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n");
    if (!declared) socket.write(Buffer.alloc(1_001));
  });
  await assert.rejects(client.fetch({ url }, limits), { code: "network.size" });
  declared = false;
  await assert.rejects(client.fetch({ url }, limits), { code: "network.size" });
});

test("fetch() tells a server that is not there from one that answers wrongly", async (t) => {
  const { url, client } = await world(t, (socket, head) => {
    const [, path = ""] = head.split(" ");
    if (path === "/silent") return;
    if (path === "/closed") socket.end();
    if (path === "/idle") socket.write("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc");
    if (path === "/cut") socket.end("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc");
    if (path === "/garbage") socket.end("220 mail.example ESMTP\r\n");
    if (path === "/encoding") socket.write(ok("x", "content-encoding: br\r\n"));
    if (path === "/flood") socket.write(`HTTP/1.1 200 OK\r\nx: ${"y".repeat(20_000)}\r\n\r\n`);
    if (path === "/hints") socket.write("HTTP/1.1 103 Early Hints\r\n\r\n".repeat(40));
  });
  const codes = new Map([
    ["/silent", "network.silent"],
    ["/closed", "network.connect"],
    ["/idle", "network.idle"],
    ["/cut", "network.truncated"],
    ["/garbage", "network.malformed"],
    ["/encoding", "network.malformed"],
    ["/flood", "network.size"],
    ["/hints", "network.malformed"],
  ]);
  for (const [path, code] of codes) {
    await assert.rejects(client.fetch({ url: new URL(path, url) }, impatient), { code }, path);
  }
  await assert.rejects(client.fetch({ url: new URL("http://127.0.0.1:1/") }, limits), {
    code: "network.connect",
  });
});

test("fetch() bounds the whole download, however lively it is", async (t) => {
  const { url, client } = await world(t, (socket) => {
    socket.write("HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n");
    const timer = setInterval(() => socket.write("."), 2);
    socket.on("close", () => clearInterval(timer));
  });
  await assert.rejects(client.fetch({ url }, { ...limits, totalMs: 60 }), {
    code: "network.timeout",
  });
});

test("fetchStream() streams, bounds, and closes what is not read", async (t) => {
  const closed = Promise.withResolvers<void>();
  const { url, client, heads } = await world(t, (socket, head) => {
    if (head.startsWith("GET /endless")) {
      socket.on("close", closed.resolve);
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      socket.write("abc");
    } else if (head.startsWith("GET /packed")) {
      socket.write(ok("x", "content-encoding: gzip\r\n"));
    } else socket.write(ok("hello"));
  });
  const whole = await client.fetchStream({ url }, limits);
  assert.equal(await drain(whole.body), "hello");
  assert.match(heads[0] ?? "", /accept-encoding: identity\r\n/);
  const small = await client.fetchStream({ url }, { ...limits, sizeMax: 4 });
  await assert.rejects(drain(small.body), { code: "network.size" });
  await assert.rejects(client.fetchStream({ url: new URL("/packed", url) }, limits), {
    code: "network.malformed",
  });
  const unread = await client.fetchStream({ url: new URL("/endless", url) }, limits);
  await unread.body[Symbol.asyncIterator]().return?.();
  await closed.promise;
});
