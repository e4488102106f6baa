/**
 * The index behind the committed nginx example, with TLS and below a path prefix: twine publishes through it, a proxy
 * that knows only the https address verifies through it, pages and redirects stay below the prefix, and refusals arrive
 * with their words.
 */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { programEnvironment, startHoldfast } from "#clients/holdfast.ts";
import type { Holdfast } from "#clients/holdfast.ts";
import { installInto } from "#clients/installing.ts";
import { aMachine } from "#clients/machine.ts";
import type { Machine } from "#clients/machine.ts";
import { startProgram } from "#clients/program.ts";
import { checkSuccess } from "#clients/program-run.ts";
import type { Run } from "#clients/program-run.ts";
import { makeWheel } from "#clients/small-wheel.ts";
import type { SmallWheel } from "#clients/small-wheel.ts";
import { fetchOverTls, findFreePort, findMissingProgram, startNginx } from "./nginx.ts";
import type { Nginx } from "./nginx.ts";

const missing = await findMissingProgram();
if (missing !== undefined) {
  assert.equal(process.env["CI"] ?? "", "", `${missing} is required where CI is set`);
}
const skip = missing === undefined ? false : `SKIPPED: ${missing} is not installed`;
const prefix = "/python/";

describe("the index behind nginx, with TLS, below a prefix", { skip }, () => {
  let folder: string;
  let machine: Machine;
  let nginx: Nginx;
  let holdfast: Holdfast;
  /** Larger than nginx takes without being told. */
  const wheel = makeWheel({ project: "harbour-nginx", version: "1.0", ballast: 3_000_000 });

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "holdfast-nginx-"));
    machine = await aMachine(["twine", "pip", "uv"]);
    const ports = { own: await findFreePort(), index: await findFreePort() };
    nginx = await startNginx(folder, ports);
    holdfast = await startHoldfast({
      args: ["--port", String(ports.index), "--public-url", nginx.url],
    });
  });
  after(async () => {
    await holdfast?.remove();
    await nginx?.stop();
    await machine?.remove();
    await rm(folder, { recursive: true, force: true });
  });

  const upload = async (file: SmallWheel, token = holdfast.ready.token): Promise<Run> => {
    const path = join(await machine.freshFolder("dist"), file.filename);
    await writeFile(path, file.bytes);
    return machine.run("twine", [
      ...["upload", "--non-interactive", "--disable-progress-bar", "--cert", nginx.authority],
      ...["--repository-url", `${nginx.url}legacy/`, "-u", "__token__", "-p", token, path],
    ]);
  };

  test("the ready file names the public address", () => {
    assert.equal(holdfast.ready.index, nginx.url);
    assert.equal(holdfast.ready.upload, `${nginx.url}legacy/`);
    assert.equal(holdfast.ready.metadata, `${nginx.url}tuf/`);
  });

  test("twine publishes through it, and reads why it may not", async () => {
    checkSuccess(await upload(wheel));
    const other = makeWheel({ project: wheel.project, version: "1.0", answer: 7 });
    const refused = await upload(other);
    assert.notEqual(refused.status, 0);
    assert.match(
      refused.text,
      /400 Bad Request from \S+ File already exists \('harbour_nginx-1\.0-py3-none-any\.whl'/,
    );
    assert.match(refused.text, /\[upload\.filename-reused\]/);
    const stranger = await upload(other, "hf_not-a-token");
    assert.match(
      stranger.text,
      /401 Unauthorized from \S+ Cannot accept this token: .*\[auth\.invalid\]/,
    );
    assert.deepEqual(machine.outsideAttempts, []);
  });

  test("a proxy that knows the https address verifies through it; pip and uv install", async () => {
    const home = join(folder, "proxy");
    const readyFile = join(folder, "proxy.json");
    const proxy = await startProgram({
      args: [
        ...["proxy", "--index", nginx.url, "--fingerprint", holdfast.ready.rootFingerprint],
        ...["--state", home, "--port", "0", "--ready-file", readyFile],
      ],
      readyFile,
      env: { ...programEnvironment(folder), NODE_EXTRA_CA_CERTS: nginx.authority },
      via: "launcher",
    });
    try {
      const simple = proxy.ready.get("proxySimple") ?? "";
      for (const installer of ["pip", "uv"] as const) {
        const environment = await machine.freshEnvironment();
        checkSuccess(await installInto(machine, installer, environment, simple, [wheel.project]));
        const run = await environment.python3(
          "import harbour_nginx; print(harbour_nginx.answer())",
        );
        assert.equal(run.stdout.trim(), "42");
      }
    } finally {
      await proxy.stop();
    }
  });

  test("a proxy that does not know the certificate's authority believes nothing", async () => {
    const readyFile = join(folder, "refused.json");
    const start = startProgram({
      args: [
        ...["proxy", "--index", nginx.url, "--fingerprint", holdfast.ready.rootFingerprint],
        ...["--state", join(folder, "refused"), "--port", "0", "--ready-file", readyFile],
      ],
      readyFile,
      env: programEnvironment(folder),
      via: "launcher",
    });
    await assert.rejects(start, /its certificate is not trusted/);
  });

  test("every link of every page stays below the prefix and leads somewhere", async () => {
    const pages = ["", "projects/", "projects/?q=harbour", "project/harbour-nginx/"];
    const simple = ["simple/", "simple/harbour-nginx/"];
    for (const page of [...pages, ...simple, "nothing-here/"]) {
      const url = new URL(page, nginx.url);
      const answer = await fetchOverTls(nginx, url, { headers: { accept: "text/html" } });
      assert.equal(answer.status, page === "nothing-here/" ? 404 : 200, page);
      const links = listLinks(answer.body, url);
      assert.ok(links.length > 0, `${page} has no link`);
      for (const link of links.filter(
        ({ origin, pathname }) => origin === url.origin && pathname !== url.pathname,
      )) {
        assert.ok(link.pathname.startsWith(prefix), `${page}: ${link.href}`);
        const there = await fetchOverTls(nginx, link);
        assert.ok(there.status < 400, `${page}: ${link.href} is ${there.status}`);
      }
    }
    const project = await fetchOverTls(nginx, new URL("project/harbour-nginx/", nginx.url), {
      headers: { accept: "text/html" },
    });
    assert.ok(!project.body.includes("http://127.0.0.1:8470"), "a page names the inner address");
  });

  test("redirects keep the prefix", async () => {
    for (const [from, to] of [
      ["simple/Harbour_Nginx/", "simple/harbour-nginx/"],
      ["simple/harbour-nginx", "simple/harbour-nginx/"],
      ["simple/Harbour.Nginx", "simple/harbour-nginx/"],
      ["simple", "simple/"],
      ["project/Harbour_Nginx/", "project/harbour-nginx/"],
    ] as const) {
      const url = new URL(from, nginx.url);
      const answer = await fetchOverTls(nginx, url, { headers: { accept: "text/html" } });
      assert.ok([301, 308].includes(answer.status), `${from}: ${answer.status}`);
      const target = new URL(answer.headers.get("location") ?? "", url);
      assert.equal(target.href, new URL(to, nginx.url).href);
    }
    const legacy = await fetchOverTls(nginx, new URL("legacy", nginx.url), { method: "POST" });
    assert.equal(legacy.status, 308);
    // uv follows only an absolute one, of the same origin.
    assert.equal(legacy.headers.get("location"), `${nginx.url}legacy/`);
  });

  test("pages, metadata and files arrive as the index made them", async () => {
    const page = await fetchOverTls(nginx, new URL("simple/harbour-nginx/", nginx.url), {
      headers: { accept: "application/vnd.pypi.simple.v1+json" },
    });
    assert.equal(page.headers.get("content-type"), "application/vnd.pypi.simple.v1+json");
    const etag = page.headers.get("etag") ?? "";
    assert.match(etag, /^"/);
    const again = await fetchOverTls(nginx, new URL("simple/harbour-nginx/", nginx.url), {
      headers: { accept: "application/vnd.pypi.simple.v1+json", "if-none-match": etag },
    });
    assert.equal(again.status, 304);
    const file = new URL(`files/harbour-nginx/${wheel.sha256}/${wheel.filename}`, nginx.url);
    const range = await fetchOverTls(nginx, file, { headers: { range: "bytes=0-3" } });
    assert.equal(range.status, 206);
    assert.equal(range.body, "PK\u0003\u0004");
    const lost = await fetchOverTls(nginx, new URL("simple/nothing-here/", nginx.url));
    assert.equal(lost.status, 404);
    assert.match(lost.reason, /There is no project 'nothing-here' here\. \[project\.unknown\]/);
  });
});

function listLinks(html: string, base: URL): readonly URL[] {
  return [...html.matchAll(/\s(?:href|src|action)="([^"]*)"/g)].map(
    ([, link = ""]) => new URL(link.replaceAll("&amp;", "&"), base),
  );
}
