import assert from "node:assert/strict";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import { sha256Hex } from "#crypto/hash.ts";
import { normaliseProjectName } from "#formats/python/project-name.ts";
import { formatPage, renderPageHtml, type Page } from "#formats/python/simple-page.ts";
import { createPlainPages } from "./plain-pages.ts";
import type { PlainAnswer } from "./plain-reads.ts";
import { ProjectPages, type ProjectPagesPorts } from "./project-pages.ts";

const name = normaliseProjectName("demo");
const start = new Date("2026-01-02T03:04:05.500Z");

function pageOf(count: number): Page {
  const files = Array.from({ length: count }, (_, i) => {
    const sha256 = sha256Hex(Buffer.from(String(i)));
    const filename = `demo-1.${i}-py3-none-any.whl`;
    return {
      filename,
      url: `../../files/demo/${sha256}/${filename}`,
      sha256,
      size: i,
      uploadTime: "2026-01-01T00:00:00.000000Z",
      yanked: false,
      version: `1.${i}`,
    };
  });
  return { name, status: "active", versions: files.map(({ version }) => version), files };
}

/** A published page that can be replaced. */
function rig(): {
  readonly pages: ProjectPages;
  publish(page: Page): void;
  ask(accept: string, encoding?: string): PlainAnswer | undefined;
  pass(ms: number): void;
} {
  let bytes = formatPage(pageOf(10));
  const published = new Map([[sha256Hex(bytes), bytes]]);
  let now = start;
  const ports: ProjectPagesPorts = {
    published: {
      readPage: async (_, sha256) => published.get(sha256),
      readMetadata: async () => undefined,
      readTimestampMark: async () => undefined,
    },
    releases: Object.create(null, {
      findPage: {
        value: async () => ({
          project: name,
          sha256: sha256Hex(bytes),
          size: bytes.length,
          serial: 1,
        }),
      },
    }),
  };
  const pages = new ProjectPages(ports, "public, max-age=5");
  const plain = createPlainPages({ pages, clock: () => now, answered: () => {} });
  return {
    pages,
    publish(page) {
      bytes = formatPage(page);
      published.set(sha256Hex(bytes), bytes);
      pages.forget(name);
    },
    ask: (accept, acceptEncoding) =>
      plain.find({
        path: "/simple/demo/",
        wishes: { accept, acceptEncoding, userAgent: undefined },
      }),
    pass(ms) {
      now = new Date(now.getTime() + ms);
    },
  };
}

const json = "application/vnd.pypi.simple.v1+json";

function split(answer: PlainAnswer | undefined): { head: string; body: Buffer } {
  assert.ok(answer !== undefined);
  const bytes = Buffer.from(answer.bytes);
  const end = bytes.indexOf("\r\n\r\n");
  return { head: bytes.toString("latin1", 0, end), body: bytes.subarray(end + 4) };
}

test("createPlainPages() finds nothing before a page is ready, then each form that was made", async () => {
  const { pages, ask } = rig();
  assert.equal(ask(json), undefined);
  const ready = await pages.load(name);
  assert.ok(ready !== undefined);
  assert.equal(ask("text/html"), undefined);
  await pages.form(ready, "legacy-html");
  const plain = split(ask(json));
  assert.deepEqual(plain.body, Buffer.from(formatPage(pageOf(10))));
  assert.match(plain.head, /^HTTP\/1\.1 200 OK\r\nDate: Fri, 02 Jan 2026 03:04:05 GMT\r\n/);
  assert.match(plain.head, new RegExp(`\r\nContent-Length: ${plain.body.length}\r\n`));
  assert.doesNotMatch(plain.head, /Content-Encoding/);
  const packed = split(ask(json, "gzip, deflate"));
  assert.match(packed.head, /\r\nContent-Encoding: gzip\r\n/);
  assert.deepEqual(gunzipSync(packed.body), plain.body);
  assert.notEqual(/ETag: (.*)/.exec(packed.head)?.[1], /ETag: (.*)/.exec(plain.head)?.[1]);
  const html = split(ask("text/html"));
  assert.equal(html.body.toString(), renderPageHtml(pageOf(10)));
  assert.match(html.head, /\r\nContent-Type: text\/html; charset=utf-8\r\n/);
});

test("createPlainPages() states the time of the answer, and keeps bytes while it is the same second", async () => {
  const { pages, ask, pass } = rig();
  await pages.load(name);
  const first = ask(json);
  pass(400);
  assert.equal(ask(json), first);
  pass(200);
  const later = ask(json);
  assert.match(split(later).head, /\r\nDate: Fri, 02 Jan 2026 03:04:06 GMT\r\n/);
  assert.deepEqual(split(later).body, split(first).body);
});

test("createPlainPages() never answers with a page that was replaced", async () => {
  const { pages, ask, publish } = rig();
  await pages.load(name);
  assert.ok(ask(json) !== undefined);
  publish(pageOf(11));
  assert.equal(ask(json), undefined);
  await pages.load(name);
  assert.deepEqual(split(ask(json)).body, Buffer.from(formatPage(pageOf(11))));
});

test("createPlainPages() does not keep a page that was replaced while it was loaded", async () => {
  const { pages, ask, publish } = rig();
  const loading = pages.load(name);
  publish(pageOf(11));
  await loading;
  assert.equal(ask(json), undefined);
});
