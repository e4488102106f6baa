import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { gunzipSync } from "node:zlib";
import { sha256Hex } from "#crypto/hash.ts";
import { parsePage } from "#formats/python/simple-page.ts";
import { buildWheel } from "#world/distributions.ts";
import {
  basic,
  createIndexWorld,
  uploadParts,
  type IndexWorld,
  type IndexWorldOptions,
} from "#world/index-world.ts";

const json = "application/vnd.pypi.simple.v1+json";
const wheel = buildWheel({
  name: "Demo.Pkg",
  version: "1.0",
  summary: "A <demonstration>",
  description: "Some & <b>text</b>",
  headers: ["Project-URL: Evil, javascript:alert(1)", "Project-URL: Good, https://example.org/"],
});
const filePath = `/files/demo-pkg/${wheel.sha256}/${wheel.filename}`;

async function world(t: TestContext, options?: IndexWorldOptions): Promise<IndexWorld> {
  const made = await createIndexWorld(options);
  t.after(() => made.close());
  const answer = await made.upload(uploadParts("demo-pkg", "1.0", wheel));
  assert.equal(answer.status, 200, answer.reason);
  return made;
}

test("a project page is JSON for who asks for it, and HTML for everybody else", async (t) => {
  const { send, signer } = await world(t);
  const [[sha256, bytes] = assert.fail()] = [...signer.pages];
  for (const [accept, type] of [
    [json, json],
    [`${json}, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01`, json],
    [`${json}, */*;q=0.1`, json],
    ["application/vnd.pypi.simple.v1+html", "application/vnd.pypi.simple.v1+html"],
    ["text/html", "text/html; charset=utf-8"],
    ["*/*", "text/html; charset=utf-8"],
    ["image/png", "text/html; charset=utf-8"],
    ["", "text/html; charset=utf-8"],
  ] as const) {
    // Twice: the first answer is made, the second is ready.
    for (let count = 0; count < 2; count += 1) {
      const answer = await send("/simple/demo-pkg/", { headers: { accept } });
      assert.equal(answer.status, 200);
      assert.equal(answer.headers["content-type"], type);
      assert.equal(answer.headers["vary"], "Accept, Accept-Encoding");
      assert.equal(answer.headers["cache-control"], "public, max-age=5");
      if (type === json) {
        assert.deepEqual(new Uint8Array(answer.body), bytes);
        assert.equal(answer.headers["etag"], `"json-${sha256}"`);
      } else {
        assert.ok(answer.body.includes(`#sha256=${wheel.sha256}`));
      }
    }
  }
});

test("a page is compressed where that is accepted, and its tags differ", async (t) => {
  const { send } = await world(t);
  const ask = (encoding: string) =>
    send("/simple/demo-pkg/", { headers: { accept: json, "accept-encoding": encoding } });
  const plain = await ask("identity");
  assert.equal(plain.headers["content-encoding"], undefined);
  for (const encoding of ["gzip, deflate", "gzip", "br;q=1, gzip;q=0.5", "*"]) {
    const packed = await ask(encoding);
    assert.equal(packed.headers["content-encoding"], "gzip", encoding);
    assert.deepEqual(gunzipSync(packed.body), plain.body);
    assert.notEqual(packed.headers["etag"], plain.headers["etag"]);
  }
  assert.equal((await ask("gzip;q=0")).headers["content-encoding"], undefined);
});

test("304 for the same page, and no longer once it changed", async (t) => {
  const { send, sendAdmin } = await world(t);
  for (const accept of [json, "text/html"]) {
    const first = await send("/simple/demo-pkg/", { headers: { accept } });
    const headers = { accept, "if-none-match": first.headers["etag"] ?? "" };
    const again = await send("/simple/demo-pkg/", { headers });
    assert.equal(again.status, 304);
    assert.equal(again.body.length, 0);
    assert.equal(again.headers["etag"], first.headers["etag"]);
  }
  const before = await send("/simple/demo-pkg/", { headers: { accept: json } });
  await sendAdmin("POST", "/v1/projects/demo-pkg/yank", { version: "1.0", reason: "why" });
  const headers = { accept: json, "if-none-match": before.headers["etag"] ?? "" };
  const after = await send("/simple/demo-pkg/", { headers });
  assert.equal(after.status, 200);
  assert.equal(parsePage(after.body).files[0]?.yanked, "why");
});

test("other spellings are sent to the page, relative, so that they hold below a prefix", async (t) => {
  const { send } = await world(t);
  for (const [path, location] of [
    ["/simple", "simple/"],
    ["/simple/Demo_Pkg", "demo-pkg/"],
    ["/simple/demo-pkg", "demo-pkg/"],
    ["/simple/DEMO..pkg/", "../demo-pkg/"],
  ] as const) {
    const answer = await send(path);
    assert.equal(answer.status, 301, path);
    assert.equal(answer.headers["location"], location);
  }
});

test("the list names every project, in both forms, and follows what happens", async (t) => {
  const { send, sendAdmin, upload } = await world(t);
  const names = async (): Promise<readonly string[]> => {
    const answer = await send("/simple/", { headers: { accept: json } });
    const list = JSON.parse(answer.body.toString());
    assert.equal(list.meta["api-version"], "1.4");
    return list.projects.map(({ name }: { name: string }) => name);
  };
  assert.deepEqual(await names(), ["demo-pkg"]);
  await upload(uploadParts("alpha", "1.0", buildWheel({ name: "alpha", version: "1.0" })));
  assert.deepEqual(await names(), ["alpha", "demo-pkg"]);
  assert.match((await send("/simple/")).body.toString(), /<a href="alpha\/">alpha<\/a>/);
  await sendAdmin("POST", "/v1/projects/alpha/quarantine", {});
  assert.deepEqual(await names(), ["demo-pkg"]);
});

test("a file is answered whole, in part, and not at all when it is known", async (t) => {
  const { send } = await world(t);
  const size = wheel.bytes.byteLength;
  const whole = await send(filePath);
  assert.deepEqual(new Uint8Array(whole.body), wheel.bytes);
  assert.equal(whole.headers["content-type"], "application/octet-stream");
  assert.equal(whole.headers["cache-control"], "public, max-age=31536000, immutable");
  assert.equal(whole.headers["accept-ranges"], "bytes");
  const etag = whole.headers["etag"] ?? "";
  const ranges: readonly (readonly [Record<string, string>, number, number, number])[] = [
    [{ range: "bytes=10-19" }, 206, 10, 20],
    [{ range: "bytes=10-" }, 206, 10, size],
    [{ range: "bytes=-10" }, 206, size - 10, size],
    [{ range: `bytes=0-${size + 10}` }, 206, 0, size],
    [{ range: "bytes=0-1,5-6" }, 200, 0, size],
    [{ range: "bytes=5-2" }, 200, 0, size],
    [{ range: "lines=1-2" }, 200, 0, size],
    [{ range: "bytes=10-19", "if-range": etag }, 206, 10, 20],
    [{ range: "bytes=10-19", "if-range": '"other"' }, 200, 0, size],
  ];
  for (const [headers, status, start, end] of ranges) {
    const answer = await send(filePath, { headers });
    assert.equal(answer.status, status, JSON.stringify(headers));
    assert.deepEqual(new Uint8Array(answer.body), wheel.bytes.slice(start, end));
    const range = status === 206 ? `bytes ${start}-${end - 1}/${size}` : undefined;
    assert.equal(answer.headers["content-range"], range);
  }
  const beyond = await send(filePath, { headers: { range: `bytes=${size}-` } });
  assert.equal(beyond.status, 416);
  assert.equal(beyond.headers["content-range"], `bytes */${size}`);
  assert.equal((await send(filePath, { headers: { "if-none-match": etag } })).status, 304);
});

test("metadata has the hash that the page says", async (t) => {
  const { send } = await world(t);
  const page = await send("/simple/demo-pkg/", { headers: { accept: json } });
  const answer = await send(`${filePath}.metadata`);
  assert.equal(answer.status, 200);
  assert.equal(sha256Hex(answer.body), parsePage(page.body).files[0]?.coreMetadata);
});

test("only the very binding that is published is served", async (t) => {
  const { send, sendAdmin } = await world(t);
  const zeros = "0".repeat(64);
  for (const path of [
    `/files/other/${wheel.sha256}/${wheel.filename}`,
    `/files/demo-pkg/${zeros}/${wheel.filename}`,
    `/files/demo-pkg/${wheel.sha256}/other-1.0-py3-none-any.whl`,
    `/files/demo-pkg/${wheel.sha256}/`,
    `/files/demo-pkg/${wheel.sha256}/${wheel.filename}/x`,
    `/files/demo-pkg/${wheel.sha256}/${wheel.filename}.metadata.metadata`,
    "/files/demo-pkg/..%2f..%2fetc%2fpasswd/x",
  ]) {
    const { status } = await send(path);
    assert.ok(status === 404 || status === 400, `${path}: ${status}`);
  }
  await sendAdmin("POST", "/v1/projects/demo-pkg/delete", { filename: wheel.filename });
  assert.equal((await send(filePath)).status, 404);
  assert.equal((await send(`${filePath}.metadata`)).status, 404);
});

test("HEAD answers what GET would, without a body, everywhere", async (t) => {
  const { send, signer } = await world(t);
  signer.metadata.set("1.root.json", Buffer.from("{}"));
  for (const path of [
    "/",
    "/simple/",
    "/simple/demo-pkg/",
    filePath,
    "/tuf/1.root.json",
    "/project/demo-pkg/",
    "/healthz",
    "/pypi/demo-pkg/json",
  ]) {
    const get = await send(path);
    const head = await send(path, { method: "HEAD" });
    assert.equal(head.status, 200, path);
    assert.equal(head.body.length, 0);
    assert.equal(head.headers["content-length"], get.headers["content-length"], path);
    assert.equal(head.headers["content-type"], get.headers["content-type"]);
  }
});

test("metadata of TUF is immutable but for the timestamp, which follows at once", async (t) => {
  const { send, signer } = await world(t);
  signer.metadata.set("7.snapshot.json", Buffer.from('{"v":7}'));
  signer.metadata.set("timestamp.json", Buffer.from('{"v":1}'));
  const snapshot = await send("/tuf/7.snapshot.json");
  assert.equal(snapshot.headers["cache-control"], "public, max-age=31536000, immutable");
  assert.equal(snapshot.body.toString(), '{"v":7}');
  assert.equal((await send("/tuf/timestamp.json")).body.toString(), '{"v":1}');
  signer.metadata.set("timestamp.json", Buffer.from('{"v":2}'));
  const timestamp = await send("/tuf/timestamp.json");
  assert.equal(timestamp.body.toString(), '{"v":2}');
  assert.equal(timestamp.headers["cache-control"], "public, max-age=1, must-revalidate");
  for (const name of ["8.snapshot.json", "snapshot.json", "0.root.json", "%2e%2e", "x%00.json"]) {
    const { status } = await send(`/tuf/${name}`);
    assert.ok(status === 404 || status === 400, name);
  }
});

test("every page that ever was is served by its hash, and only with that hash", async (t) => {
  const { send, sendAdmin, signer } = await world(t);
  const [[old, oldBytes] = assert.fail()] = [...signer.pages];
  await sendAdmin("POST", "/v1/projects/demo-pkg/yank", { version: "1.0" });
  const answer = await send(`/targets/simple/demo-pkg/${old}.index.json`);
  assert.deepEqual(new Uint8Array(answer.body), oldBytes);
  assert.match(answer.headers["cache-control"] ?? "", /immutable/);
  assert.equal((await send(`/targets/simple/demo-pkg/${"0".repeat(64)}.index.json`)).status, 404);
  assert.equal((await send(`/targets/simple/demo-pkg/index.json`)).status, 404);
});

test("a page that was changed on disk is not served", async (t) => {
  const made = await createIndexWorld();
  t.after(() => made.close());
  await made.upload(uploadParts("demo-pkg", "1.0", wheel));
  const [[sha256, bytes] = assert.fail()] = [...made.signer.pages];
  made.signer.pages.set(sha256, Buffer.from(bytes).fill("x", 10, 12));
  for (const path of ["/simple/demo-pkg/", `/targets/simple/demo-pkg/${sha256}.index.json`]) {
    const answer = await made.send(path, { headers: { accept: json } });
    assert.equal(answer.status, 500);
    assert.match(answer.reason, /was changed on disk\. \[page\.mismatch\]/);
  }
  made.signer.pages.delete(sha256);
  const gone = await made.send("/simple/demo-pkg/");
  assert.equal(gone.status, 503);
  assert.equal(gone.headers["x-holdfast-code"], "page.missing");
  made.signer.pages.set(sha256, bytes);
  assert.equal((await made.send("/simple/demo-pkg/")).status, 200);
});

test("a stored file of another length is said to be damaged, before any byte, and logged once", async (t) => {
  const { files, send, troubles } = await world(t);
  const kept = files.kept.get(wheel.sha256) ?? assert.fail();
  const { bytes } = kept;
  const damages: readonly (readonly [Uint8Array | undefined, RegExp])[] = [
    [bytes.subarray(1), /it has \d+ bytes instead of \d+.* \[file\.damaged\]/],
    [Buffer.concat([bytes, Buffer.from("x")]), /it has \d+ bytes instead of \d+/],
    [undefined, /it is gone/],
  ];
  for (const [changed, said] of damages) {
    troubles.length = 0;
    if (changed === undefined) files.kept.delete(wheel.sha256);
    else files.kept.set(wheel.sha256, { ...kept, bytes: changed });
    for (const headers of [{}, { range: "bytes=0-9" }]) {
      const answer = await send(filePath, { headers });
      assert.equal(answer.status, 500);
      assert.equal(answer.headers["x-holdfast-code"], "file.damaged");
      assert.match(answer.reason, said);
    }
    assert.deepEqual(troubles, ["A stored file is damaged"]);
    files.kept.set(wheel.sha256, kept);
    assert.equal((await send(filePath)).status, 200);
  }
});

test("metadata that was changed in the store is not served", async (t) => {
  const { files, send, troubles } = await world(t);
  const kept = files.kept.get(wheel.sha256) ?? assert.fail();
  const evil = Buffer.from(kept.metadata).fill("x", 0, 3);
  files.kept.set(wheel.sha256, { ...kept, metadata: evil });
  for (let count = 0; count < 2; count += 1) {
    const answer = await send(`${filePath}.metadata`);
    assert.equal(answer.status, 500);
    assert.equal(answer.headers["x-holdfast-code"], "file.damaged");
  }
  assert.deepEqual(troubles, ["A stored file is damaged"]);
  files.kept.set(wheel.sha256, kept);
  assert.equal((await send(`${filePath}.metadata`)).status, 200);
});

test("a private index wants a token with read for everything it knows", async (t) => {
  const made = await world(t, { isPrivate: true });
  const { authorization, secrets, send, sendAdmin } = made;
  const paths = [
    "/",
    "/projects/",
    "/project/demo-pkg/",
    "/simple/",
    "/simple/demo-pkg/",
    "/simple/Demo_Pkg",
    "/simple/nope/",
    filePath,
    `${filePath}.metadata`,
    "/tuf/timestamp.json",
    "/tuf/1.root.json",
    `/targets/simple/demo-pkg/${"0".repeat(64)}.index.json`,
    "/pypi/demo-pkg/json",
    "/pypi/demo-pkg/1.0/json",
    "/metrics",
  ];
  for (const path of paths) {
    const answer = await send(path);
    assert.equal(answer.status, 401, path);
    assert.equal(answer.headers["www-authenticate"], 'Basic realm="holdfast"');
    assert.ok(!answer.body.includes("demo-pkg"), path);
  }
  assert.equal((await send("/healthz")).status, 200);
  assert.equal((await send("/.well-known/holdfast.json")).status, 200);
  const page = await send("/simple/demo-pkg/", { headers: { authorization } });
  assert.equal(page.status, 200);
  assert.equal(page.headers["cache-control"], "private, max-age=5");
  // Ready in memory, it is no more open than before.
  assert.equal((await send("/simple/demo-pkg/")).status, 401);
  const file = await send(filePath, { headers: { authorization } });
  assert.equal(file.headers["cache-control"], "private, max-age=31536000, immutable");

  const proxy = JSON.parse(secrets.proxyCredentials ?? "");
  assert.equal(proxy.username, "__token__");
  const headers = { authorization: basic(proxy.password) };
  assert.equal((await send("/simple/demo-pkg/", { headers })).status, 200);
  assert.equal((await made.upload([], headers)).status, 403);

  const wish = { account: "admin", actions: ["read"], projects: ["other"] };
  const narrow = JSON.parse((await sendAdmin("POST", "/v1/tokens", wish)).body.toString());
  const other = { headers: { authorization: basic(narrow.token), accept: json } };
  const ofDemo = [
    "/simple/demo-pkg/",
    "/simple/Demo.Pkg/",
    "/project/demo-pkg",
    "/project/demo-pkg/",
    filePath,
    `${filePath}.metadata`,
    `/targets/simple/demo-pkg/${"0".repeat(64)}.index.json`,
    "/pypi/demo-pkg/json",
  ];
  for (const path of ofDemo) {
    assert.equal((await send(path, other)).status, 403, path);
  }
});

test("a token of one project learns of no other: not its name, nor how many there are", async (t) => {
  const made = await world(t, { isPrivate: true });
  const { authorization, send, sendAdmin } = made;
  // More than one page of the list, all before the token's own.
  for (let count = 0; count < 51; count += 1) {
    const name = `aa-${count}`;
    await made.upload(uploadParts(name, "1.0", buildWheel({ name, version: "1.0" })));
  }
  await made.upload(uploadParts("own", "1.0", buildWheel({ name: "own", version: "1.0" })));
  const wish = { account: "admin", actions: ["read"], projects: ["own", "nope"] };
  const narrow = JSON.parse((await sendAdmin("POST", "/v1/tokens", wish)).body.toString());
  const ask = async (path: string, accept: string, credentials = basic(narrow.token)) => {
    const headers = { authorization: credentials, accept };
    const { body, status } = await send(path, { headers });
    return { status, text: body.toString() };
  };

  assert.deepEqual(JSON.parse((await ask("/simple/", json)).text).projects, [{ name: "own" }]);
  for (const path of ["/simple/", "/projects/", "/projects/?q=o", "/projects/?q=aa", "/"]) {
    const { status, text } = await ask(path, "text/html");
    assert.equal(status, 200, path);
    assert.ok(!/aa-|demo-pkg|rel="next"|5[0-9] (?:projects|files)/.test(text), path);
  }
  assert.match((await ask("/projects/", "text/html")).text, /project\/own\//);
  assert.ok(!(await ask("/projects/?after=own", "text/html")).text.includes("project/own/"));
  for (const path of ["/project//aa-1/", "/project/aa%252d1/", "/project/aa%2d1/"]) {
    assert.notEqual((await ask(path, "text/html")).status, 200, path);
  }

  const metrics = await ask("/metrics", "*/*");
  assert.equal(metrics.status, 403);
  assert.ok(!metrics.text.includes("holdfast_index_"));
  assert.equal((await ask("/metrics", "*/*", authorization)).status, 200);
  assert.match((await ask("/", "text/html", authorization)).text, /53 projects/);
  assert.match((await ask("/projects/", "text/html", authorization)).text, /aa-1.*rel="next"/s);
});

test("below a prefix, both with it and without, and the address is the configured one", async (t) => {
  const made = await world(t, { publicUrl: "https://wheels.example/team/pypi/" });
  for (const prefix of ["", "/team/pypi"]) {
    assert.equal((await made.send(`${prefix}/simple/demo-pkg/`)).status, 200, prefix);
    assert.equal((await made.send(`${prefix}${filePath}`)).status, 200);
    const start = (await made.send(`${prefix}/`)).body.toString();
    assert.match(start, /https:\/\/wheels\.example\/team\/pypi\/simple\//);
    assert.match(start, /href="\/team\/pypi\/projects\/"/);
    const legacy = await made.send(`${prefix}/legacy`, { method: "POST" });
    assert.equal(legacy.headers["location"], "https://wheels.example/team/pypi/legacy/");
    const json = JSON.parse((await made.send(`${prefix}/pypi/demo-pkg/json`)).body.toString());
    assert.equal(json.urls[0].url, `https://wheels.example/team/pypi${filePath}`);
  }
  assert.equal((await made.send("/team/pypi")).status, 404);
});

test("the old JSON API tells what there is", async (t) => {
  const { send } = await world(t);
  const body = JSON.parse((await send("/pypi/Demo_Pkg/json")).body.toString());
  assert.equal(body.info.name, "Demo.Pkg");
  assert.equal(body.info.version, "1.0");
  assert.equal(body.urls[0].digests.sha256, wheel.sha256);
  assert.deepEqual(Object.keys(body.releases), ["1.0"]);
  assert.equal((await send("/pypi/demo-pkg/1.0/json")).status, 200);
  assert.equal((await send("/pypi/demo-pkg/2.0/json")).status, 404);
  assert.equal((await send("/pypi/nope/json")).status, 404);
});

test("pages for people escape what came from outside, and nothing may run in them", async (t) => {
  const { send } = await world(t);
  const page = await send("/project/demo-pkg/");
  const text = page.body.toString();
  assert.ok(text.includes("A &lt;demonstration&gt;"));
  assert.ok(text.includes("Some &amp; &lt;b&gt;text&lt;/b&gt;"));
  assert.ok(text.includes('href="https://example.org/"'));
  assert.ok(!/href="javascript/i.test(text) && !text.includes("<script"));
  assert.match(page.headers["content-security-policy"] ?? "", /default-src 'none'/);
  const css = /href="([^"]+\.css)"/.exec(text)?.[1] ?? "";
  assert.equal((await send(css)).headers["content-type"], "text/css");
  assert.ok((await send("/projects/?q=demo_P")).body.includes("demo-pkg"));
  const none = await send(`/projects/?q=${encodeURIComponent('"><script>')}`);
  assert.ok(none.body.includes("&quot;&gt;&lt;script&gt;") && !none.body.includes("<script"));
  const missing = await send("/project/nope/", { headers: { accept: "text/html" } });
  assert.equal(missing.status, 404);
  assert.match(missing.body.toString(), /There is no project/);
  assert.equal((await send("/project/Demo_Pkg/")).headers["location"], "../demo-pkg/");
});

test("the pages' commands break between words only, and say who publishes", async (t) => {
  const { send } = await world(t);
  for (const path of ["/", "/project/demo-pkg/"]) {
    const text = (await send(path)).body.toString();
    const commands = [...text.matchAll(/<pre class="command"[^>]*>(.*?)<\/pre>/gs)];
    assert.ok(commands.length >= 5);
    for (const [, command = ""] of commands) assert.match(command, /^<span>\S+( <span>\S+)+$/);
    const plain = text.replaceAll(/<\/?span>/g, "");
    assert.ok(plain.includes("pip install --index-url http://127.0.0.1:8471/harbour/simple/ "));
    if (path !== "/") continue;
    assert.match(plain, /twine upload --repository-url \S+\/legacy\/ -u __token__ dist/);
    assert.match(plain, /uv publish \S+ \S+\/legacy\/ --username __token__ --password TOKEN dist/);
  }
});

test("a project's page for people is found without the last slash too, in whatever spelling", async (t) => {
  const { send } = await world(t, { publicUrl: "https://packages.example.org/py/" });
  for (const path of ["/project/demo-pkg", "/py/project/demo-pkg", "/project/Demo_Pkg"]) {
    const { headers, status } = await send(path);
    assert.deepEqual([status, headers["location"]], [301, "demo-pkg/"], path);
  }
  assert.equal((await send("/project/-x-")).status, 400);
  assert.equal((await send("/project/a%0d%0ab")).status, 400);
});

test("numbers and health are there for machines", async (t) => {
  const { send, signer } = await world(t);
  assert.deepEqual(JSON.parse((await send("/healthz")).body.toString()), {
    status: "ok",
    signer: "ok",
    outbox: 0,
  });
  const metrics = (await send("/metrics")).body.toString();
  assert.match(metrics, /holdfast_index_requests_total\{class="2xx"\} [1-9]/);
  assert.match(metrics, /holdfast_index_publish_seconds_count 1/);
  assert.equal(signer.received.length, 1);
  const about = JSON.parse((await send("/.well-known/holdfast.json")).body.toString());
  assert.equal(about.name, "harbour");
});

test("a signer that ends while nothing is published is seen in numbers and health", async (t) => {
  const { clock, send, signer } = await world(t);
  assert.match((await send("/metrics")).body.toString(), /^holdfast_index_signer_connected 1$/m);
  signer.isDown = true;
  clock.advance(10_000);
  assert.equal(JSON.parse((await send("/healthz")).body.toString()).signer, "unreachable");
  assert.match((await send("/metrics")).body.toString(), /^holdfast_index_signer_connected 0$/m);
});
