import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { PlainGetReader } from "./plain-get.ts";

const pipHeaders = [
  "Host: 127.0.0.1:8470",
  "User-Agent: pip/26.3 {}",
  "Accept-Encoding: gzip, deflate",
  "Accept: application/vnd.pypi.simple.v1+json, text/html; q=0.01",
  "Connection: keep-alive",
];

function request(path = "/simple/demo/", headers: readonly string[] = pipHeaders): Buffer {
  return Buffer.from(`GET ${path} HTTP/1.1\r\n${headers.join("\r\n")}\r\n\r\n`, "latin1");
}

function read(chunk: Buffer): unknown {
  return new PlainGetReader(4).read(chunk);
}

test("PlainGetReader reads a page request as pip sends it", () => {
  const reader = new PlainGetReader(4);
  const get = reader.read(request());
  assert.deepEqual(get, {
    path: "/simple/demo/",
    wishes: {
      accept: "application/vnd.pypi.simple.v1+json, text/html; q=0.01",
      acceptEncoding: "gzip, deflate",
      userAgent: "pip/26.3 {}",
    },
  });
  assert.equal(reader.read(request("/simple/other/"))?.wishes, get?.wishes);
});

test("PlainGetReader leaves everything else to the real parser", () => {
  const odd: Record<string, Buffer> = {
    "another method": Buffer.from("POST / HTTP/1.1\r\nHost: a\r\n\r\n"),
    "lower-case method": Buffer.from("get / HTTP/1.1\r\nHost: a\r\n\r\n"),
    "an older version": Buffer.from("GET / HTTP/1.0\r\nHost: a\r\n\r\n"),
    "no headers": Buffer.from("GET / HTTP/1.1\r\n\r\n"),
    "a query": request("/simple/demo/?a=b"),
    "an encoded path": request("/simple/d%65mo/"),
    "an absolute target": request("http://a/simple/demo/"),
    "two spaces": request(" /simple/demo/"),
    "half a request": request().subarray(0, -1),
    "two requests": Buffer.concat([request(), request()]),
    "a byte too many": Buffer.concat([request(), Buffer.from("\n")]),
    "bare line feeds": Buffer.from(request().toString("latin1").replaceAll("\r\n", "\n")),
    "one bare line feed": request("/", ["Host: a", "Accept: a\nX: b"]),
    "a folded line": request("/", ["Host: a", "Accept: a\r\n b"]),
    "no host": request("/", ["Accept: a"]),
    "two hosts": request("/", ["Host: a", "host: b"]),
    "a blank before the colon": request("/", ["Host : a"]),
    "a nul": request("/", ["Host: a\u0000"]),
    "an eight-bit byte": request("/", ["Host: a\u00e9"]),
    "a header too long": request("/", ["Host: a", `Accept: ${"a".repeat(4_000)}`]),
  };
  for (const header of [
    "Content-Length: 0",
    "Transfer-Encoding: chunked",
    "Expect: 100-continue",
    "Upgrade: h2c",
    "Connection: close",
    "Connection: keep-alive, Upgrade",
    "Authorization: Basic YTpi",
    "Cookie: a=b",
    "Range: bytes=0-1",
    "If-None-Match: *",
    "Trailer: a",
    "X-Unknown: a",
  ]) {
    odd[header] = request("/", ["Host: a", header]);
  }
  for (const [what, chunk] of Object.entries(odd)) assert.equal(read(chunk), undefined, what);
});

test("PlainGetReader keeps nothing it did not understand, and never more than its bound", () => {
  const reader = new PlainGetReader(2);
  const blocks = ["a", "b", "c", "a"].map((host) => request("/", [`Host: ${host}`]));
  const wishes = blocks.map((block) => reader.read(block)?.wishes);
  assert.deepEqual(wishes[0], wishes[3]);
  assert.notEqual(wishes[0], wishes[3], "the bound made it forget the first block");
});

test("PlainGetReader takes no request with one changed byte for another path or a body", () => {
  const good = request();
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.nat(255), (at, byte) => {
      const changed = Buffer.from(good);
      changed[at] = byte;
      const get = new PlainGetReader(1).read(changed);
      if (get === undefined) return;
      const text = changed.toString("latin1");
      assert.ok(text.startsWith(`GET ${get.path} HTTP/1.1\r\n`));
      assert.equal(text.indexOf("\r\n\r\n"), text.length - 4);
      assert.doesNotMatch(text, /^(?:content-length|transfer-encoding)/im);
    }),
    { seed: 20_261_121, numRuns: 2_000 },
  );
});
