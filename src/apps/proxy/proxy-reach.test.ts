/** Who is reached and who reaches the proxy: an index that is away, credentials, redirects, mirrors, web pages. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { Secret } from "#crypto/secret.ts";
import { createProxyWorld } from "#world/proxy-world.ts";
import { simName } from "#world/sim-proxy.ts";
import type { ProxyWorld } from "#world/proxy-world.ts";
import { simOrigin } from "#world/sim-index.ts";
import { DAY, HOUR, MINUTE, SECOND } from "#world/sim-clock.ts";

const wheelName = "demo-1.0-py3-none-any.whl";
const later = (world: ProxyWorld): void => world.clock.advance(10 * SECOND);

const absences: readonly (readonly [string, (world: ProxyWorld) => void, string])[] = [
  ["refuses connections", (world) => world.network.serve(simOrigin, undefined), "network.connect"],
  [
    "answers 503",
    (world) => world.network.interpose(async () => ({ status: 503, body: new Uint8Array(0) })),
    "network.status",
  ],
  [
    "says nothing",
    (world) => world.network.interpose(async () => ({ status: 200, body: silence() })),
    "network.silent",
  ],
];

for (const [how, leave, code] of absences) {
  test(`an index that ${how} leaves the last verified view, said aloud, for as long as it lives`, async () => {
    const world = await createProxyWorld();
    world.index.tuf.timestamp.expires = "2026-11-22T08:00:00Z";
    const wheel = await world.index.publishFile(wheelName, "bytes");
    const uncached = await world.index.publishFile("other-1.0.tar.gz", "other");
    await world.page("demo");
    await world.page("other");
    await world.file(wheel);
    leave(world);
    later(world);
    const page = await world.page("demo");
    assert.equal(page.status, 200);
    assert.match(page.headers["x-holdfast"] ?? "", /^offline since 2026-11-21T08:00:/);
    assert.equal((await world.file(wheel)).text, "bytes");
    assert.deepEqual(pick(await world.file(uncached)), [503, code]);
    assert.equal(world.proxy().report().kind, "offline");
    world.clock.advance(DAY);
    assert.deepEqual(pick(await world.page("demo")), [451, "tuf.expired"]);
    world.network.interpose(undefined);
    world.network.serve(simOrigin, world.index.answer);
    world.index.tuf.timestamp.expires = "2026-12-22T08:00:00Z";
    await world.index.tuf.publish("timestamp");
    later(world);
    assert.equal(
      (await world.page("demo")).headers["x-holdfast"],
      "verified; timestamp 4, snapshot 3",
    );
  });
}

test("a file that the index says is damaged is refused with that reason, not as an index that is away", async () => {
  const world = await createProxyWorld();
  const wheel = await world.index.publishFile(wheelName, "bytes");
  await world.page("demo");
  const headers = { "x-holdfast-code": "file.damaged" };
  world.network.interpose(async ({ url }, honest) =>
    url.pathname.startsWith("/files/")
      ? { status: 500, headers, body: new TextEncoder().encode("<evil>") }
      : await honest({ url, headers: {} }),
  );
  const answer = await world.file(wheel);
  // pip asks again for 503, and then shows no reason.
  assert.deepEqual(pick(answer), [403, "file.damaged"]);
  assert.match(answer.text, /says that the file in its store is damaged/);
  assert.ok(!answer.text.includes("evil"));
  assert.equal(world.proxy().report().kind, "verified");
});

async function* silence(): AsyncGenerator<{ afterMs: number; bytes: Uint8Array }> {
  yield { afterMs: HOUR, bytes: new Uint8Array(1) };
}

const pick = ({ code, status }: { code: string | undefined; status: number }) => [status, code];

test("what an earlier process verified is served while the index is away, and prolonged when told to", async () => {
  const world = await createProxyWorld();
  world.index.tuf.timestamp.expires = "2026-11-22T08:00:00Z";
  const wheel = await world.index.publishFile(wheelName, "bytes");
  await world.page("demo");
  await world.file(wheel);
  world.network.serve(simOrigin, undefined);
  world.restart();
  assert.equal((await world.page("demo")).status, 200);
  assert.equal((await world.file(wheel)).text, "bytes");
  world.clock.advance(DAY + HOUR);
  world.restart();
  assert.deepEqual(pick(await world.page("demo")), [503, "network.connect"]);
  world.restart({ offlineForMs: 2 * HOUR });
  const page = await world.page("demo");
  assert.equal(page.status, 200);
  assert.match(page.headers["x-holdfast"] ?? "", /, expired; /);
  world.clock.advance(2 * HOUR);
  assert.deepEqual(pick(await world.page("demo")), [451, "tuf.expired"]);
});

test("a proxy that never verified anything says why, and pip can show it", async () => {
  const world = await createProxyWorld();
  world.network.serve(simOrigin, undefined);
  assert.deepEqual(pick(await world.page("demo", { agent: "uv" })), [503, "network.connect"]);
  const pip = await world.page("demo", { agent: "pip" });
  assert.deepEqual(pick(pip), [200, "network.connect"]);
  assert.match(
    pip.headers["content-type"] ?? "",
    /title="network\.connect: Cannot connect to https:/,
  );
});

test("a name that is unknown is asked for once a second at most while the index is away", async () => {
  const world = await createProxyWorld();
  await world.page("demo");
  world.network.serve(simOrigin, undefined);
  later(world);
  world.network.requests.length = 0;
  const unknown = await world.page("unknown", { agent: "uv" });
  assert.deepEqual(pick(unknown), [503, "network.connect"]);
  assert.match(unknown.reason, /Cannot say whether there is a project unknown by now/);
  assert.ok(world.network.requests.length <= 2);
});

test("a project that is new is never called unknown while the index is away", async () => {
  const world = await createProxyWorld();
  await world.page("demo");
  await world.index.publishFile("internal-1.0-py3-none-any.whl", "bytes");
  for (const [, leave, code] of absences) {
    leave(world);
    later(world);
    assert.deepEqual(pick(await world.page("internal", { agent: "uv" })), [503, code]);
    assert.deepEqual(pick(await world.page("internal", { agent: "pip" })), [200, code]);
    world.network.interpose(undefined);
    world.network.serve(simOrigin, world.index.answer);
  }
  later(world);
  assert.equal((await world.page("internal")).status, 200);
});

const credentials = async (): Promise<Secret> =>
  new Secret(new TextEncoder().encode("Basic c2VjcmV0"));

test("credentials go to the index, and never to a mirror, another host or a redirect's target", async () => {
  const world = await createProxyWorld({ credentials });
  const own = await world.index.publishFile(wheelName, "bytes", { metadata: "Name: demo" });
  const elsewhere = await world.index.publishFile("far-1.0.tar.gz", "far", {
    elsewhere: "https://files.example/far-1.0.tar.gz",
  });
  world.network.serve("https://files.example", async () => ({
    status: 200,
    body: elsewhere.bytes,
  }));
  await world.page("demo");
  await world.page("far");
  await world.file(own);
  assert.equal((await world.file(elsewhere)).text, "far");
  assert.ok(world.network.requests.length > 5);
  for (const { headers, url } of world.network.requests) {
    assert.equal(headers["authorization"] !== undefined, url.origin === simOrigin, url.href);
  }
  // A mirror gets the same requests without them.
  const mirror = "https://mirror.example";
  world.network.serve(mirror, world.index.answer);
  world.network.requests.length = 0;
  world.restart({ address: { index: new URL(`${simOrigin}/`), mirror: new URL(`${mirror}/`) } });
  assert.equal((await world.page("demo")).status, 200);
  for (const { headers, url } of world.network.requests) {
    assert.deepEqual([url.origin, headers["authorization"]], [mirror, undefined]);
  }
});

test("a redirect that wants the credentials gets no request at all", async () => {
  const world = await createProxyWorld({ credentials });
  const wheel = await world.index.publishFile(wheelName, "bytes");
  await world.page("demo");
  world.network.serve("https://evil.example", async () => ({ status: 200, body: wheel.bytes }));
  world.network.interpose(async () => ({
    status: 302,
    headers: { location: "https://evil.example/" },
    body: new Uint8Array(0),
  }));
  assert.deepEqual(pick(await world.file(wheel)), [403, "network.redirect"]);
  later(world);
  assert.deepEqual(pick(await world.page("demo")), [451, "network.redirect"]);
  assert.ok(world.network.requests.every(({ url }) => url.origin === simOrigin));
  const kept = JSON.stringify([world.events, await world.refusals.readRefusals()]);
  assert.doesNotMatch(kept, /c2VjcmV0/);
});

test("a private index that refuses says what to do", async () => {
  const world = await createProxyWorld();
  world.network.interpose(async () => ({ status: 401, body: new Uint8Array(0) }));
  const refused = await world.page("demo");
  assert.deepEqual(pick(refused), [451, "network.credentials"]);
  assert.match(refused.text, /credentials\.json/);
});

test("web pages cannot use the proxy: Host, Origin, Sec-Fetch-Site and method", async () => {
  const world = await createProxyWorld();
  await world.index.publishFile(wheelName, "bytes");
  const ask = async (headers: Record<string, string>, method = "GET") =>
    pick(await world.page("demo", { headers, method }));
  for (const host of ["127.0.0.1:8471", "localhost:8471", "[::1]:8471", "LOCALHOST:8471"]) {
    assert.equal((await ask({ host }))[0], 200, host);
  }
  for (const host of [
    "evil.example:8471",
    "evil.example",
    "127.0.0.1",
    "127.0.0.1:80",
    "127.0.0.2:8471",
    "",
    "127.0.0.1:8471@evil",
  ]) {
    assert.deepEqual(await ask({ host }), [421, "request.host"], host);
  }
  assert.deepEqual(await ask({ origin: "https://evil.example" }), [403, "request.cross-site"]);
  assert.deepEqual(await ask({ origin: "null" }), [403, "request.cross-site"]);
  assert.equal((await ask({ origin: "http://127.0.0.1:8471" }))[0], 200);
  for (const site of ["cross-site", "same-site"]) {
    assert.deepEqual(await ask({ "sec-fetch-site": site }), [403, "request.cross-site"]);
  }
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
    assert.deepEqual(await ask({}, method), [405, "request.method"]);
  }
});

test("a proxy for others is reached by its addresses, not by any name", async () => {
  const world = await createProxyWorld({ listen: { host: "0.0.0.0", port: 8471 } });
  for (const version of ["1.0", "2.0", "3.0", "4.0"]) {
    await world.index.publishFile(`demo-${version}-py3-none-any.whl`, version);
  }
  const ask = async (host: string) => (await world.page("demo", { headers: { host } })).status;
  assert.equal(await ask("192.0.2.7:8471"), 200);
  assert.equal(await ask("evil.example:8471"), 421);
  // Others are far away, so what they get is packed.
  const page = await world.page("demo", { headers: { host: "192.0.2.7:8471" } });
  const packed = await world.page("demo", {
    headers: { host: "192.0.2.7:8471", "accept-encoding": "gzip, deflate", accept: "text/html" },
  });
  assert.equal(page.headers["content-encoding"], undefined);
  assert.equal(packed.headers["content-encoding"], "gzip");
  assert.match(gunzipSync(packed.bytes).toString(), /<title>Links for demo<\/title>/);
});

test("every answer is one a client can read: no stack, no empty reason", async () => {
  const world = await createProxyWorld();
  world.network.interpose(async () => {
    throw new RangeError("a mistake of ours");
  });
  const failed = await world.page("demo");
  assert.deepEqual(pick(failed), [500, "server.failed"]);
  assert.doesNotMatch(failed.text, /RangeError|mistake/);
  assert.ok(world.events.some(({ event }) => event === "failure"));
  const status = await world.ask("/-/status");
  assert.equal(JSON.parse(status.text).instance, "test");
  assert.match((await world.ask("/")).text, new RegExp(`/${simName}/simple/`));
  world.clock.advance(MINUTE);
});
