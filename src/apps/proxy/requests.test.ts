/** What a request's parts mean: path, range, content type, and the environment of `holdfast run`. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parseRange } from "./byte-range.ts";
import { clientEnvironment } from "./client-environment.ts";
import { acceptsGzip, choosePageType, htmlType, jsonType, plainHtmlType } from "./content-type.ts";
import { createByteBudget } from "./byte-budget.ts";
import { fetchIndexName, hostName, isIndexName } from "./index-name.ts";
import { createRecentMap } from "./recent-map.ts";
import { parseRequestPath } from "./request-path.ts";

const sha256 = "ab".repeat(32);

test("parseRequestPath() knows its own addresses and no others", () => {
  const kind = (path: string): string => parseRequestPath(path, "name").kind;
  assert.equal(kind("/name/simple/demo/"), "page");
  assert.equal(kind("/name/simple/demo/?x=1"), "page");
  assert.equal(kind("/name/simple/demo"), "page-elsewhere");
  assert.equal(kind("/name/simple/De.Mo/"), "page-elsewhere");
  assert.equal(kind("/name/simple/"), "project-list");
  assert.equal(kind("/-/status"), "status");
  assert.equal(kind("/"), "start");
  const file = parseRequestPath(`/name/files/demo/${sha256}/demo%2B1.whl.metadata`, "name");
  assert.deepEqual(file, {
    kind: "file",
    project: "demo",
    sha256,
    filename: "demo+1.whl",
    metadata: true,
  });
  const nothing = [
    "",
    "name/simple/demo/",
    "//name/simple/demo/",
    "/name/simple/demo/x",
    "/name/simple/../x/",
    "/name/simple/%2e%2e/",
    "/name/simple/%/",
    "/name/simple/%ff/",
    `/name/files/De.mo/${sha256}/x`,
    `/name/files/demo/${sha256.toUpperCase()}/x`,
    `/name/files/demo/${sha256}/`,
    `/name/files/demo/${sha256}/a%2fb`,
    `/name/files/demo/${sha256}/a%00`,
    `/name/files/demo/${sha256}/a/b`,
    `/name/simple/${"x".repeat(4_000)}/`,
  ];
  for (const path of nothing) assert.equal(kind(path), "nothing", path);
});

test("parseRequestPath() never throws", () => {
  fc.assert(fc.property(fc.string(), (path) => void parseRequestPath(`/name/${path}`, "name")));
});

test("parseRange() gives a part inside the file, the whole, or neither", () => {
  const header = fc.oneof(
    fc.string(),
    fc.tuple(fc.nat(20), fc.nat(20)).map(([a, b]) => `bytes=${a}-${b}`),
    fc.nat(20).map((n) => `bytes=-${n}`),
  );
  fc.assert(
    fc.property(header, fc.nat(15), (range, size) => {
      const parsed = parseRange({ range, ifRange: undefined }, size, '"e"');
      if (parsed.kind !== "range") return;
      assert.ok(parsed.start >= 0 && parsed.start < parsed.end && parsed.end <= size);
    }),
  );
  assert.deepEqual(parseRange({ range: "bytes=5-2", ifRange: undefined }, 9, ""), {
    kind: "whole",
  });
  assert.deepEqual(parseRange({ range: "bytes=-0", ifRange: undefined }, 9, ""), {
    kind: "unsatisfiable",
  });
});

test("choosePageType() answers pip, uv, poetry, browsers and everybody else", () => {
  assert.equal(choosePageType(`${jsonType}, ${htmlType}; q=0.1, text/html; q=0.01`), jsonType);
  assert.equal(choosePageType(`${jsonType}, */*;q=0.1`), jsonType);
  assert.equal(choosePageType(htmlType), htmlType);
  for (const accept of [
    undefined,
    "",
    "*/*",
    "image/png",
    "text/html, application/xhtml+xml, */*;q=0.8",
    `${jsonType};q=x`,
  ]) {
    assert.equal(choosePageType(accept), plainHtmlType, accept);
  }
  assert.deepEqual(["gzip, deflate", "deflate", undefined, "gzip;q=0"].map(acceptsGzip), [
    true,
    false,
    false,
    false,
  ]);
});

test("clientEnvironment() leaves one source", () => {
  const simple = "http://127.0.0.1:8471/name/simple/";
  const env = clientEnvironment(
    {
      PATH: "/bin",
      PIP_EXTRA_INDEX_URL: "https://evil.example/",
      PIP_INDEX_URL: "https://old.example/",
      PIP_FIND_LINKS: "/tmp",
      UV_INDEX: "x=https://evil.example/",
      UV_INDEX_STRATEGY: "unsafe-best-match",
      no_proxy: "a.example",
    },
    simple,
    false,
  );
  assert.equal(env["PATH"], "/bin");
  for (const name of ["PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "PDM_PYPI_URL"])
    assert.equal(env[name], simple);
  assert.equal(env["NO_PROXY"], "127.0.0.1,a.example");
  assert.deepEqual([env["PIP_CONFIG_FILE"], env["UV_NO_CONFIG"]], ["/dev/null", "1"]);
  assert.doesNotMatch(JSON.stringify(env), /evil|old\.example|unsafe/);
  assert.equal(clientEnvironment({}, simple, true)["PIP_CONFIG_FILE"], undefined);
});

test("an index's name is one path segment, whatever it calls itself", async () => {
  const calls = (body: string, status = 200): Promise<string | undefined> =>
    fetchIndexName(
      async () => ({ status, headers: {}, body: new TextEncoder().encode(body) }),
      new URL("https://x.example/"),
    );
  assert.equal(await calls('{"name":"Our Packages"}'), "our-packages");
  for (const name of ["../x", "a/b", "-", "", "x".repeat(80), "é"]) {
    assert.equal(await calls(JSON.stringify({ name })), undefined, name);
  }
  assert.equal(await calls("not json"), undefined);
  assert.equal(await calls('{"name":"a"}', 404), undefined);
  for (const href of [
    "https://packages.example.org/",
    "http://[::1]:80/",
    "http://127.0.0.1:1/",
    "https://bücher.example/",
  ]) {
    assert.ok(isIndexName(hostName(new URL(href))), hostName(new URL(href)));
  }
});

test("a recent map keeps to its weight and drops the longest unused", () => {
  const map = createRecentMap<string>(10);
  for (const key of ["a", "b", "c"]) map.set(key, key, 4);
  assert.deepEqual([map.get("a"), map.get("b"), map.get("c")], [undefined, "b", "c"]);
  map.get("b");
  map.set("d", "d", 4);
  assert.deepEqual([map.get("b"), map.get("c")], ["b", undefined]);
  map.set("huge", "huge", 11);
  assert.deepEqual([map.get("huge"), map.get("b")], [undefined, "b"]);
});

test("a byte budget lets in what fits, in order, and something too large alone", async () => {
  const budget = createByteBudget(10);
  const order: string[] = [];
  const gates = new Map<string, () => void>();
  const start = (name: string, size: number): Promise<void> =>
    budget.within(size, () => {
      order.push(name);
      return new Promise((resolve) => void gates.set(name, resolve));
    });
  const first = start("a", 6);
  const second = start("b", 6);
  const third = start("huge", 99);
  await Promise.resolve();
  assert.deepEqual(order, ["a"]);
  gates.get("a")?.();
  await first;
  assert.deepEqual(order, ["a", "b"]);
  gates.get("b")?.();
  await second;
  gates.get("huge")?.();
  await third;
  assert.deepEqual(order, ["a", "b", "huge"]);
});
