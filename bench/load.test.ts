import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import { test } from "node:test";
import { formatGet, runLoad, type LoadReport } from "./load.ts";

const expected = Buffer.from("the expected body".repeat(1_000));

async function loadAgainst(listener: http.RequestListener): Promise<LoadReport> {
  const server = http.createServer(listener);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  try {
    return await runLoad({
      host: "127.0.0.1",
      port: address.port,
      targets: [{ request: formatGet("127.0.0.1", "/", { Accept: "*/*" }), expected }],
      connections: 2,
      requestsMax: 200,
      secondsMax: 10,
    });
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test("runLoad() counts every answer whose body is the expected one, however it is framed", async () => {
  const framings: http.RequestListener[] = [
    (_, response) => response.writeHead(200, { "Content-Length": expected.length }).end(expected),
    (_, response) => {
      response.write(expected.subarray(0, 100));
      response.end(expected.subarray(100));
    },
    (_, response) => response.writeHead(200, { Connection: "close" }).end(expected),
  ];
  for (const listener of framings) {
    const report = await loadAgainst(listener);
    assert.equal(report.requests, 200);
    assert.equal(report.bytes, 200 * expected.length);
    assert.ok(report.p50Ms > 0 && report.p99Ms >= report.p50Ms);
  }
});

test("runLoad() ends with an error at the first wrong answer", async () => {
  let count = 0;
  const after = (wrong: http.RequestListener): http.RequestListener => {
    count = 0;
    return (request, response) => {
      count += 1;
      if (count < 50) response.end(expected);
      else wrong(request, response);
    };
  };
  const changed = Buffer.from(expected);
  changed[10_000] = 0;
  await assert.rejects(loadAgainst(after((_, response) => response.end(changed))), /differs/);
  await assert.rejects(
    loadAgainst(after((_, response) => response.end(`${String(expected)}x`))),
    /longer|asked for/,
  );
  await assert.rejects(
    loadAgainst(after((_, response) => response.writeHead(500).end(expected))),
    /unexpected response: HTTP\/1\.1 500/,
  );
  await assert.rejects(
    loadAgainst(after((request) => request.socket.destroy())),
    /keeps closing|connection/,
  );
});
