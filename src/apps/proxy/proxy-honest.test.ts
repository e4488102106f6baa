import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePage } from "#formats/python/simple-page.ts";
import { createProxyWorld } from "#world/proxy-world.ts";
import { simName } from "#world/sim-proxy.ts";
import { HOUR, SECOND } from "#world/sim-clock.ts";

const wheelName = "demo-1.0-py3-none-any.whl";

test("a page, a file and its metadata are what was published", async () => {
  const world = await createProxyWorld();
  const wheel = await world.index.publishFile(wheelName, "wheel bytes", { metadata: "Name: demo" });
  const page = await world.page("demo");
  assert.equal(page.status, 200);
  assert.equal(page.headers["content-type"], "application/vnd.pypi.simple.v1+json");
  assert.equal(page.headers["x-holdfast"], "verified; timestamp 2, snapshot 2");
  assert.deepEqual(page.bytes, world.index.pageBytes("demo"));
  assert.equal(parsePage(page.bytes).files[0]?.sha256, wheel.sha256);
  const file = await world.file(wheel);
  assert.deepEqual([file.status, file.text], [200, "wheel bytes"]);
  assert.equal(file.headers["content-length"], "11");
  assert.equal((await world.metadata(wheel)).text, "Name: demo");
  assert.deepEqual(await world.refusals.readRefusals(), []);
});

test("a page is HTML by default and for who asks for it, and answers 304", async () => {
  const world = await createProxyWorld();
  const wheel = await world.index.publishFile(wheelName, "wheel bytes");
  for (const accept of [
    "*/*",
    "text/html",
    "application/vnd.pypi.simple.v1+json;q=0, text/html;q=0.1",
  ]) {
    const page = await world.page("demo", { headers: { accept } });
    assert.equal(page.headers["content-type"], "text/html; charset=utf-8");
    assert.match(
      page.text,
      new RegExp(`href="../../files/demo/${wheel.sha256}/${wheelName}#sha256=`),
    );
  }
  const { headers } = await world.page("demo");
  const again = await world.page("demo", { headers: { "if-none-match": headers["etag"] ?? "" } });
  assert.deepEqual([again.status, again.bytes.length], [304, 0]);
  assert.equal(again.headers["etag"], headers["etag"]);
});

test("names are redirected to their one spelling, and unknown ones are proven absent", async () => {
  const world = await createProxyWorld();
  await world.index.publishFile("zope.interface-1.0.tar.gz", "sdist");
  for (const spelled of ["Zope.Interface/", "zope_interface", "zope-interface"]) {
    const { headers, status } = await world.ask(`/${simName}/simple/${spelled}`);
    assert.deepEqual([status, headers["location"]], [301, `/${simName}/simple/zope-interface/`]);
  }
  const unknown = await world.page("nothing-here");
  assert.deepEqual([unknown.status, unknown.code], [404, "project.unknown"]);
  assert.match(unknown.reason, /^project\.unknown: The index has no project nothing-here/);
  for (const path of ["/", "/-/status"]) assert.equal((await world.ask(path)).status, 200);
  for (const path of [
    `/${simName}/simple/`,
    "/other/simple/demo/",
    `/${simName}/simple/%zz/`,
    "/x",
    `/${simName}/files/demo/00/x`,
  ]) {
    assert.equal((await world.ask(path)).status, 404, path);
  }
});

test("the index is asked at most every ten seconds, and at once for a name that is new", async () => {
  const world = await createProxyWorld();
  await world.index.publishFile(wheelName, "one");
  await world.page("demo");
  world.network.requests.length = 0;
  await world.page("demo");
  assert.deepEqual(world.network.requests, []);
  await world.index.publishFile("demo-2.0-py3-none-any.whl", "two");
  assert.equal(parsePage((await world.page("demo")).bytes).files.length, 1);
  world.clock.advance(10 * SECOND);
  assert.equal(parsePage((await world.page("demo")).bytes).files.length, 2);
  await world.index.publishFile("fresh-1.0.tar.gz", "fresh");
  assert.equal((await world.page("fresh")).status, 200);
});

test("a name that nobody has costs one refresh, and not a second of waiting for the first", async () => {
  const world = await createProxyWorld();
  await world.index.publishFile(wheelName, "one");
  await world.page("demo");
  world.clock.advance(5 * SECOND);
  const asked = (): number =>
    world.network.requests.filter(({ url }) => url.pathname.endsWith("timestamp.json")).length;
  const before = asked();
  const startedAt = world.clock.now().getTime();
  assert.equal((await world.page("nobody")).code, "project.unknown");
  assert.deepEqual([asked() - before, world.clock.now().getTime() - startedAt], [1, 0]);
  // What is asked for right afterwards waits for its turn, together.
  await Promise.all(["nobody", "no-one", "nemo"].map((name) => world.page(name)));
  assert.deepEqual([asked() - before, world.clock.now().getTime() - startedAt], [2, SECOND]);
});

test("a file that is new is found at once, also without its page having been asked for", async () => {
  const world = await createProxyWorld();
  await world.page("demo");
  const wheel = await world.index.publishFile(wheelName, "one");
  assert.equal((await world.file(wheel)).text, "one");
  world.restart();
  assert.equal((await world.file(wheel)).text, "one");
});

test("a file on a page that was served stays for an hour after it was taken off", async () => {
  const world = await createProxyWorld();
  const old = await world.index.publishFile(wheelName, "one");
  await world.index.publishFile("demo-2.0-py3-none-any.whl", "two");
  await world.page("demo");
  await world.index.removeFile(old);
  world.clock.advance(10 * SECOND);
  await world.page("demo");
  assert.equal((await world.file(old)).status, 200);
  world.clock.advance(HOUR + SECOND);
  const gone = await world.file(old);
  assert.deepEqual([gone.status, gone.code], [404, "file.not-listed"]);
});

test("a pinned view does not move while its command runs", async () => {
  const world = await createProxyWorld({ pinned: true });
  await world.index.publishFile(wheelName, "one");
  await world.page("demo");
  await world.index.publishFile("demo-2.0-py3-none-any.whl", "two");
  world.clock.advance(HOUR);
  assert.equal(parsePage((await world.page("demo")).bytes).files.length, 1);
  assert.equal((await world.page("unknown")).code, "project.unknown");
});

test("ranges are cut from verified bytes", async () => {
  const world = await createProxyWorld();
  const wheel = await world.index.publishFile(wheelName, "0123456789");
  const part = async (range: string, more: Record<string, string> = {}) =>
    await world.file(wheel, { headers: { range, ...more } });
  const middle = await part("bytes=2-4");
  assert.deepEqual([middle.status, middle.text], [206, "234"]);
  assert.equal(middle.headers["content-range"], "bytes 2-4/10");
  assert.equal((await part("bytes=-3")).text, "789");
  assert.equal((await part("bytes=7-")).text, "789");
  assert.equal((await part("bytes=7-", { "if-range": `"${wheel.sha256}"` })).text, "789");
  assert.equal((await part("bytes=7-", { "if-range": '"other"' })).status, 200);
  assert.equal((await part("bytes=1-2,4-5")).text, "0123456789");
  const beyond = await part("bytes=10-");
  assert.deepEqual([beyond.status, beyond.headers["content-range"]], [416, "bytes */10"]);
  const head = await world.file(wheel, { method: "HEAD" });
  assert.deepEqual(
    [head.headers["content-length"], head.headers["accept-ranges"], head.text],
    ["10", "bytes", ""],
  );
});

test("files come from the verified cache once they were fetched, also in a new process", async () => {
  const world = await createProxyWorld();
  const wheel = await world.index.publishFile(wheelName, "x".repeat(300_000), {
    metadata: "Name: demo",
  });
  await world.page("demo");
  await world.file(wheel);
  await world.metadata(wheel);
  world.restart();
  await world.page("demo");
  world.network.requests.length = 0;
  assert.equal((await world.file(wheel)).bytes.length, 300_000);
  assert.equal((await world.metadata(wheel)).text, "Name: demo");
  assert.deepEqual(world.network.requests, []);
});

test("concurrent requests for one thing fetch it once", async () => {
  const world = await createProxyWorld();
  const wheel = await world.index.publishFile(wheelName, "wheel bytes");
  const pages = await Promise.all(["demo", "demo", "demo"].map((name) => world.page(name)));
  assert.deepEqual(
    pages.map(({ status }) => status),
    [200, 200, 200],
  );
  await Promise.all([world.file(wheel), world.file(wheel), world.file(wheel)]);
  const asked = world.network.requests.map(({ url }) => url.pathname);
  assert.deepEqual(asked, [...new Set(asked)]);
});
