/** Requests that nobody honest sends: header floods, addresses with tricks in them, wrong methods, wrong credentials. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import fc from "fast-check";
import { boundary, formBody, honestFields } from "./form-bytes.ts";
import { makeWheel } from "#clients/small-wheel.ts";
import { openSocket, readAnswer } from "./raw-http.ts";
import type { Answer } from "./raw-http.ts";
import { checkParserRefusal, checkRefusal, startTriedIndex } from "./tried-index.ts";
import type { TriedIndex } from "./tried-index.ts";

const seed = 20_261_122;
const wheel = makeWheel({ project: "requests-new", version: "1.0" });

const segmentTricks: readonly string[] = [
  ...[
    "..",
    "%2e%2e",
    "%2E%2e",
    ".%2e",
    "%2f",
    "%5c",
    "..%2f..",
    "..%5c..",
    "%00",
    "a%00",
    "%0d%0a",
  ],
  ...["%c0%ae%c0%ae", "%c0%af", "%e0%80%af", "%ff", "%", "%2", "%zz", "%u002e", "..;", "...", "."],
  ...["%252e%252e", "%E2%80%AE", "%F0%9F%90%8D", "~root", "a'b", "a%22b", "a<b", "{}", "[x]", "|"],
  ...["__proto__", "constructor", ".incoming", "a".repeat(1_000), "%41".repeat(600), "-", "_", "*"],
];
const places: readonly ((trick: string) => string)[] = [
  (trick) => `/${trick}`,
  (trick) => `/${trick}/`,
  (trick) => `/simple/${trick}/`,
  (trick) => `/simple/${trick}`,
  (trick) => `/simple/requests/${trick}`,
  (trick) => `/project/${trick}/`,
  (trick) => `/pypi/${trick}/json`,
  (trick) => `/pypi/requests/${trick}/json`,
  (trick) => `/tuf/${trick}`,
  (trick) => `/tuf/${trick}/timestamp.json`,
  (trick) => `/targets/simple/${trick}/${"0".repeat(64)}.index.json`,
  (trick) => `/targets/simple/requests/${trick}`,
  (trick) => `/files/${trick}/${"0".repeat(64)}/x.whl`,
  (trick) => `/files/requests/${trick}/x.whl`,
  (trick) => `/files/requests/${"0".repeat(64)}/${trick}`,
  (trick) => `/static/${trick}`,
  (trick) => `/uploads/${trick}`,
  (trick) => `/api/${trick}`,
  (trick) => `/.well-known/${trick}`,
];

const refusals = /^(request\.|project\.unknown$|project-name\.invalid$|file\.unknown$)/;

describe("requests that nobody honest sends", () => {
  let index: TriedIndex;
  /** Begun at the start: the time limit on headers is a matter of seconds. */
  let dribble: Promise<Answer | undefined>;

  before(async () => {
    index = await startTriedIndex("requests");
    const socket = await openSocket(index.port);
    dribble = readAnswer(socket, 40_000).finally(() => socket.destroy());
    dribble.catch(() => undefined);
    socket.write("GET /simple/ HTTP/1.1\r\nHost: localhost\r\nX-Slow: ");
  });
  after(() => index?.remove());

  const ask = (
    method: string,
    target: string,
    headers: readonly string[] = [],
  ): Promise<Answer | undefined> =>
    index.send([
      `${method} ${target} HTTP/1.1`,
      "Host: localhost",
      "Connection: close",
      ...headers,
    ]);

  test("tricks in every segment of every address", async () => {
    for (const place of places) {
      const answers = await Promise.all(
        segmentTricks.map(async (trick) => ({ trick, answer: await ask("GET", place(trick)) })),
      );
      for (const { trick, answer } of answers) {
        const target = place(trick);
        // A dot segment of a client is never resolved here; a redirect only tidies a name.
        const isRedirect = answer?.status === 301 && isPlain(answer.headers.get("location") ?? "");
        if (!isRedirect) checkRefusal(answer, refusals, target);
      }
    }
    await index.checkUnharmed();
  });

  test("double slashes, fragments, backslashes, absolute forms and non-ASCII", async () => {
    for (const target of [
      ...["//", "//simple//", "/simple//requests/", "/simple/requests//", "///etc/passwd"],
      ...[
        "\\simple\\",
        "/\\simple",
        "/simple/\\..\\",
        "simple/",
        "*",
        "http://evil.example/simple/",
      ],
      ...[
        "http://localhost:1/simple/requests/",
        "//evil.example/%2e%2e",
        "/./simple/",
        "/a/../simple/",
      ],
      ...[
        "/simple/requests/#x",
        "/simple/requests;x=y/",
        "?",
        "/tuf/../signer/keys",
        "/..",
        "/?/../..",
      ],
    ]) {
      const answer = await ask("GET", target);
      assert.ok(answer, target);
      if (answer.status >= 300) assert.ok(answer.status < 500 && answer.reason !== "", target);
      else assert.ok(["?", "/?/../.."].includes(target), `${target} was answered`);
    }
    for (const bytes of [[0xc0, 0xae], [0xf0, 0x9f, 0x90, 0x8d], [0x00], [0x0b], [0x7f]]) {
      const raw = Buffer.concat([
        Buffer.from("GET /simple/"),
        Buffer.from(bytes),
        Buffer.from("/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"),
      ]);
      const socket = await openSocket(index.port);
      const reading = readAnswer(socket, 5_000);
      socket.write(raw);
      const said = await reading;
      assert.ok(said && said.status >= 400 && said.status < 500, bytes.join(" "));
      socket.destroy();
    }
    await index.checkUnharmed();
  });

  test("addresses and queries that are too long", async () => {
    checkRefusal(await ask("GET", `/simple/${"a".repeat(3_000)}/`), "request.invalid");
    checkRefusal(await ask("GET", `/projects/?q=${"a".repeat(3_000)}`), "request.invalid");
    checkRefusal(await ask("GET", `/${"a/".repeat(1_000)}`), /^request\./);
    checkParserRefusal(await ask("GET", `/simple/${"a".repeat(100_000)}/`));
    for (const query of [
      "q=%00",
      "q=%ff",
      "q='",
      "q=%25",
      "q=" + "%F0%9F%90%8D".repeat(50),
      "after=../",
      "q=__proto__",
    ]) {
      const answer = await ask("GET", `/projects/?${query}`);
      assert.equal(answer?.status, 200, query);
    }
    await index.checkUnharmed();
  });

  test("any address", async () => {
    const segment = fc.oneof(
      fc.constantFrom(...segmentTricks),
      fc.constantFrom(
        "simple",
        "files",
        "tuf",
        "targets",
        "project",
        "pypi",
        "static",
        "requests",
        "json",
      ),
      fc
        .string({ unit: "grapheme-composite", maxLength: 20 })
        .map((text) => encodeURIComponent(text.toWellFormed())),
      fc
        .string({ unit: "grapheme-ascii", maxLength: 20 })
        .map((text) => text.replaceAll(/[\s#?]/g, "_")),
    );
    const target = fc.array(segment, { maxLength: 6 }).map((parts) => `/${parts.join("/")}`);
    const property = fc.asyncProperty(target, async (path) => {
      const answer = await ask("GET", path);
      assert.ok(answer && answer.status < 500 && answer.reason !== "", path);
      assert.doesNotMatch(answer.body, /root:x:|PRIVATE KEY/);
    });
    await fc.assert(property, { seed, numRuns: 500 });
    await index.checkUnharmed();
  });

  test("methods that are not taken", async () => {
    for (const path of [
      "/",
      "/simple/",
      "/simple/requests/",
      "/tuf/timestamp.json",
      "/healthz",
      "/projects/",
    ]) {
      for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"]) {
        const answer = await ask(method, path);
        checkRefusal(answer, "request.method", `${method} ${path}`);
        assert.match(answer?.headers.get("allow") ?? "", /GET/);
      }
    }
    for (const method of ["GET", "PUT", "DELETE", "OPTIONS"]) {
      checkRefusal(await ask(method, "/legacy/"), "request.method", method);
    }
    for (const line of [
      "FROBNICATE / HTTP/1.1",
      "get / HTTP/1.1",
      "GET / HTTP/9.9",
      "\0\0\0",
      "CONNECT x:1 HTTP/1.1",
    ]) {
      const answer = await index.send([line, "Host: localhost", "Connection: close"], [], {
        end: true,
      });
      if (answer !== undefined) assert.ok(answer.status >= 400 && answer.status < 500, line);
    }
    await index.checkUnharmed();
  });

  test("header floods", async () => {
    checkParserRefusal(
      await ask("GET", "/simple/", [`X-Long: ${"x".repeat(100_000)}`]),
      "long value",
    );
    checkParserRefusal(await ask("GET", "/simple/", [`${"X".repeat(100_000)}: x`]), "long name");
    const many = Array.from({ length: 50_000 }, (_, at) => `X-Header-${at}: x`);
    checkParserRefusal(await ask("GET", "/simple/", many), "many");
    const few = Array.from({ length: 900 }, (_, at) => `X-${at}: y`);
    const answer = await ask("GET", "/simple/", few);
    assert.ok(answer && answer.status < 500, "900 small headers");
    for (const bad of ["No colon here", "X-Nul: a\0b", "X Space: y", ": empty", "X-Bare: a\rb"]) {
      checkParserRefusal(await ask("GET", "/simple/", [bad]), JSON.stringify(bad));
    }
    const twoHosts = await ask("GET", "/simple/", ["Host: other"]);
    assert.ok(twoHosts && twoHosts.status < 500);
    const noHost = await index.send(["GET /simple/ HTTP/1.1", "Connection: close"]);
    checkParserRefusal(noHost, "no host");
    for (const host of [
      "",
      "evil.example/..",
      "a b",
      "x:99999999",
      "h".repeat(5_000),
      "<script>",
    ]) {
      const page = await index.send(["GET / HTTP/1.1", `Host: ${host}`, "Connection: close"]);
      assert.ok(page && page.status < 500, host);
      assert.doesNotMatch(page.body, /evil\.example|<script>/);
    }
    await index.checkUnharmed();
  });

  test("odd wishes", async () => {
    const odd = [
      "*",
      "*/*;q=9",
      ";;;,,,",
      "text/html;q=",
      "a".repeat(5_000),
      `${"text/html,".repeat(1_000)}x`,
      "application/json;q=0, */*;q=0",
    ];
    for (const value of odd) {
      for (const header of [
        "Accept",
        "Accept-Encoding",
        "If-None-Match",
        "If-Modified-Since",
        "Range",
        "If-Range",
      ]) {
        for (const path of ["/simple/requests/", "/simple/", "/tuf/timestamp.json", "/"]) {
          const answer = await ask("GET", path, [`${header}: ${value}`]);
          assert.ok(answer && answer.status < 500, `${header}: ${value} ${path}`);
        }
      }
    }
    const file = `/files/requests/${index.honest.sha256}/${index.honest.filename}`;
    for (const range of [
      "bytes=9-1",
      "bytes=-0",
      "bytes=99999999-",
      "bytes=a-b",
      "items=0-1",
      "bytes=0-0,2-3",
      "bytes=1e3-",
      `bytes=${"0-1,".repeat(3_000)}0-1`,
    ]) {
      const answer = await ask("GET", file, [`Range: ${range}`]);
      assert.ok(answer && [200, 206, 416].includes(answer.status), range);
    }
    await index.checkUnharmed();
  });

  test("credentials that are wrong, in every way, for an upload", async () => {
    const body = formBody(honestFields(wheel), wheel);
    const basic = (text: string, encoding: BufferEncoding = "utf8"): string =>
      `Basic ${Buffer.from(text, encoding).toString("base64")}`;
    const credentials = [
      ...[
        "",
        "Basic",
        "Basic ",
        "Bearer abc",
        "Digest username=x",
        "Basic !!!",
        "Basic ====",
        "Negotiate x",
      ],
      ...[basic(""), basic(":"), basic("__token__"), basic("__token__:"), basic("admin:admin")],
      ...[basic("__token__:hf_"), basic(`__token__:hf_${"a".repeat(43)}`), basic("__token__:\0")],
      ...[basic("\xff\xfe:\xff", "latin1"), basic("\xc0\xae:", "latin1"), basic("x".repeat(9_000))],
      ...[
        `${index.authorization}x`,
        `${index.authorization}, ${index.authorization}`,
        basic("__token__:' OR 1=1--"),
      ],
      ...[
        index.authorization.replace("Basic", "Bearer"),
        "Basic 🐍",
        `Basic ${"A".repeat(12_000)}`,
      ],
    ];
    for (const authorization of [undefined, ...credentials]) {
      const answer = await index.send(
        [
          ...["POST /legacy/ HTTP/1.1", "Host: localhost", "Connection: close"],
          ...(authorization === undefined ? [] : [`Authorization: ${authorization}`]),
          ...[
            `Content-Type: multipart/form-data; boundary=${boundary}`,
            `Content-Length: ${body.length}`,
          ],
        ],
        [body],
      );
      checkRefusal(answer, /^auth\.(missing|invalid)$/, authorization?.slice(0, 60) ?? "none");
      assert.equal(answer?.status, 401);
      assert.match(answer?.headers.get("www-authenticate") ?? "", /^Basic realm="/);
    }
    await index.checkUnharmed();
  });

  test("one request in another's body is never answered", async () => {
    const socket = await openSocket(index.port);
    const chunks: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    const inner = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    socket.write(
      `GET /simple/requests/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${inner.length}\r\n\r\n${inner}`,
    );
    const closed = Promise.withResolvers<void>();
    socket.on("end", () => closed.resolve());
    socket.on("close", () => closed.resolve());
    await Promise.race([closed.promise, delay(3_000, undefined, { ref: false })]);
    socket.destroy();
    const said = Buffer.concat(chunks).toString("latin1");
    assert.equal(said.match(/^HTTP\/1\.1 /gm)?.length, 1, said);
    assert.doesNotMatch(said, /outbox/);
    await index.checkUnharmed();
  });

  test("a thousand requests in one breath are all answered, in their order", async () => {
    const socket = await openSocket(index.port);
    const chunks: Buffer[] = [];
    const ended = Promise.withResolvers<void>();
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.on("end", () => ended.resolve());
    const asked = Array.from({ length: 1_000 }, (_, at) =>
      at % 2 === 0 ? "/healthz" : `/simple/none-${at}/`,
    );
    const text = asked.map((path) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`).join("");
    socket.end(text);
    await Promise.race([ended.promise, delay(10_000, undefined, { ref: false })]);
    socket.destroy();
    const statuses =
      Buffer.concat(chunks)
        .toString("latin1")
        .match(/HTTP\/1\.1 [0-9]{3}/g) ?? [];
    assert.deepEqual(
      statuses,
      asked.map((_, at) => (at % 2 === 0 ? "HTTP/1.1 200" : "HTTP/1.1 404")),
    );
    await index.checkUnharmed();
  });

  test("three hundred senders that do not go on hold nobody up", async () => {
    const sockets = await Promise.all(Array.from({ length: 300 }, () => openSocket(index.port)));
    for (const [at, socket] of sockets.entries()) {
      if (at % 3 === 0) socket.write("GET /simple/ HTTP/1.1\r\nHost: local");
      else {
        const body = at % 3 === 1 ? `--${boundary}\r\nContent-Disp` : "";
        socket.write(
          `POST /legacy/ HTTP/1.1\r\nHost: localhost\r\nAuthorization: ${index.authorization}\r\nContent-Type: multipart/form-data; boundary=${boundary}\r\nContent-Length: 5000000\r\n\r\n${body}`,
        );
      }
    }
    const started = performance.now();
    const answer = await ask("GET", "/simple/requests/");
    assert.equal(answer?.status, 200);
    assert.ok(performance.now() - started < 3_000);
    for (const socket of sockets) socket.destroy();
    await index.checkUnharmed();
  });

  test("headers that never end are cut off", async () => {
    checkParserRefusal(await dribble);
  });

  test("the honest path is open as before", () => index.checkWorks());
});

function isPlain(location: string): boolean {
  return /^(?:\.\.\/)?[a-z0-9-]+\/$/.test(location);
}
