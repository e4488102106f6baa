/** `holdfast up` as a person meets it: what it makes, says and writes, and how it refuses. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startHoldfast } from "#clients/holdfast.ts";
import type { Holdfast } from "#clients/holdfast.ts";
import { runHoldfast } from "#clients/program.ts";
import type { Run } from "#clients/program-run.ts";
import { machineEnvironment } from "#clients/tool-environment.ts";
import { sha256Hex } from "#crypto/hash.ts";

const readyFields = [
  "index",
  "upload",
  "simple",
  "proxy",
  "proxySimple",
  "username",
  "token",
  "rootFingerprint",
  "metadata",
  "targets",
];

describe("holdfast up", () => {
  let holdfast: Holdfast;
  before(async () => {
    holdfast = await startHoldfast();
  });
  after(() => holdfast.remove());

  test("writes a ready file with exactly the promised fields, and what they name answers", async () => {
    const { ready } = holdfast;
    assert.deepEqual(Object.keys(ready).toSorted(), readyFields.toSorted());
    assert.equal(ready.username, "__token__");
    assert.equal(ready.upload, `${ready.index}legacy/`);
    assert.equal(ready.simple, `${ready.index}simple/`);
    for (const url of [ready.index, ready.simple, `${ready.index}healthz`]) {
      assert.equal((await fetch(url)).status, 200, url);
    }
    assert.ok((await fetch(ready.proxySimple)).status < 500);
  });

  test("pins the hash of the exact bytes of the first root", async () => {
    const root = await fetch(`${holdfast.ready.metadata}1.root.json`);
    const bytes = new Uint8Array(await root.arrayBuffer());
    assert.equal(holdfast.ready.rootFingerprint, `sha256:${sha256Hex(bytes)}`);
  });

  test("keeps the first token where only its owner reads it", () => {
    const path = join(holdfast.data, "first-token");
    assert.equal(readFileSync(path, "utf8").trim(), holdfast.ready.token);
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  test("says where everything is, what to try, and which keys lie where they should not", () => {
    const said = holdfast.output();
    for (const part of [
      holdfast.ready.index,
      holdfast.ready.proxySimple,
      holdfast.ready.rootFingerprint,
      holdfast.ready.token,
      `twine upload --repository-url ${holdfast.ready.upload}`,
      `pip install --index-url ${holdfast.ready.proxySimple}`,
      "npx --no-install holdfast status",
      "The offline keys (root, targets, claimed) lie on this machine",
    ]) {
      assert.ok(said.includes(part), `${part} is missing in:\n${said}`);
    }
  });

  test("refuses a data folder in which another one works", async () => {
    const run = await up("--data", holdfast.data, "--port", "0", "--proxy-port", "0");
    assert.equal(run.status, 75);
    assert.match(run.stderr, /another Holdfast is running there/);
  });

  test("is looked over by holdfast doctor", async () => {
    const run = await holdfast.command(["doctor", "--json"]);
    assert.equal(run.status, 0, run.output);
    const { findings } = JSON.parse(run.stdout);
    const codes = new Set(findings.map(({ code }: { code: string }) => code));
    assert.ok(codes.has("keys.offline-here"));
    assert.ok(codes.has("metadata.expiry"));
    const answering = findings.filter(({ code }: { code: string }) => code === "program.answers");
    assert.equal(answering.length, 2, run.stdout);
  });
});

test("holdfast up resumes with the same root, the same token and the same addresses", async () => {
  const first = await startHoldfast();
  const ports = [first.ready.index, first.ready.proxy].map((url) => new URL(url).port);
  await first.stop();
  const [port = "", proxyPort = ""] = ports;
  const second = await startHoldfast({
    data: first.data,
    args: ["--port", port, "--proxy-port", proxyPort],
  });
  try {
    assert.deepEqual(second.ready, first.ready);
  } finally {
    await second.remove();
    await first.remove();
  }
});

test("holdfast up names the port that is taken", async (t) => {
  const folder = aFolder(t);
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  t.after(() => server.close());
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const run = await up("--data", join(folder, "data"), "--port", String(port));
  assert.equal(run.status, 69);
  assert.match(run.stderr, new RegExp(`Cannot listen on 127.0.0.1:${port}: another program`));
});

test("holdfast up refuses a folder that holds other things, and a file", async (t) => {
  const folder = aFolder(t);
  writeFileSync(join(folder, "thesis.odt"), "");
  const full = await up("--data", folder);
  assert.equal(full.status, 73);
  assert.match(full.stderr, /it holds other things/);
  const file = await up("--data", join(folder, "thesis.odt"));
  assert.equal(file.status, 73);
});

test("holdfast up refuses options and settings it does not know", async (t) => {
  const folder = aFolder(t);
  const option = await up("--prot", "1");
  assert.equal(option.status, 64);
  assert.match(option.stderr, /did you mean --port\?/);
  const config = join(folder, "holdfast.toml");
  writeFileSync(config, "[index]\nprot = 1\n");
  const setting = await up("--data", join(folder, "data"), "--config", config);
  assert.equal(setting.status, 64);
  assert.match(setting.stderr, /did you mean "index\.port"\?/);
});

function up(...args: string[]): Promise<Run> {
  return runHoldfast(["up", ...args], { env: machineEnvironment(), timeoutMs: 60_000 });
}

function aFolder(t: { after(run: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-up-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
