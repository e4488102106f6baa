/**
 * `holdfast tuf-client` as another program would use it: the launcher, a repository that our signer has made behind a
 * loopback server, exit codes, and what lies in the metadata folder afterwards.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { gzipSync } from "node:zlib";
import { runProgram } from "#clients/program-run.ts";
import type { Run } from "#clients/program-run.ts";
import { machineEnvironment, projectRoot } from "#clients/tool-environment.ts";
import { systemClock } from "#stores/host/clock.ts";
import { createSeededRandom } from "#world/seeded-random.ts";
import { createSignerWorld, createSimSigner, storeSdist } from "#world/sim-signer.ts";

const launcher = join(projectRoot, "bin", "holdfast.js");
const page = "simple/demo/index.json";

type Scene = {
  readonly metadata: string;
  readonly targets: string;
  /** The public tree. */
  readonly tree: ReadonlyMap<string, Uint8Array>;
  /** What is answered instead of the tree's files. */
  readonly lies: Map<string, Uint8Array>;
  /** Paths that were asked for, without versions and hashes. */
  readonly seen: string[];
  readonly publish: (version: string) => Promise<void>;
  readonly init: () => Promise<Run>;
  readonly refresh: () => Promise<Run>;
  readonly download: (...names: readonly string[]) => Promise<Run>;
};

/** The program reads the machine's clock, so the repository is signed by it. */
async function aScene(t: TestContext): Promise<Scene> {
  const world = await createSignerWorld(systemClock, createSeededRandom(1).bytes);
  const signer = createSimSigner(world);
  await signer.start();
  const publish = async (version: string): Promise<void> => {
    await signer.submit(storeSdist(world, "demo", version));
  };
  await publish("1.0");
  const folder = mkdtempSync(join(tmpdir(), "holdfast-tuf-client-"));
  const { lies, seen, url } = await serve(t, world.tree);
  t.after(async () => {
    await signer.stop();
    rmSync(folder, { recursive: true });
  });
  const root = join(folder, "1.root.json");
  writeFileSync(root, world.first.root);
  const metadata = join(folder, "metadata");
  const targets = join(folder, "targets");
  const at = ["--metadata-dir", metadata, "--metadata-url", `${url}tuf`];
  const from = ["--target-base-url", `${url}targets/`, "--target-dir", targets];
  return {
    metadata,
    targets,
    tree: world.tree,
    lies,
    seen,
    publish,
    init: () => runClient("--metadata-dir", metadata, "init", root),
    refresh: () => runClient(...at, "refresh"),
    download: (...names) =>
      runClient(...at, ...from, ...names.flatMap((name) => ["--target-name", name]), "download"),
  };
}

async function serve(
  t: TestContext,
  tree: ReadonlyMap<string, Uint8Array>,
): Promise<Pick<Scene, "lies" | "seen"> & { readonly url: string }> {
  const seen: string[] = [];
  const lies = new Map<string, Uint8Array>();
  const server = createServer((request, response) => {
    const path = decodeURIComponent((request.url ?? "/").slice(1));
    seen.push(path.replace(/(^|\/)(?:\d+|[0-9a-f]{64})\./, "$1").replace(/bin-\w+/, "bin"));
    const body = lies.get(path) ?? tree.get(path);
    const isGzip = body?.[0] === 0x1f && body[1] === 0x8b;
    response.writeHead(
      body === undefined ? 404 : 200,
      isGzip ? { "content-encoding": "gzip" } : {},
    );
    response.end(body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  return { lies, seen, url: `http://127.0.0.1:${address.port}/` };
}

function runClient(...args: readonly string[]): Promise<Run> {
  return runProgram(process.execPath, [launcher, "tuf-client", ...args], {
    cwd: projectRoot,
    env: machineEnvironment(),
    timeoutMs: 60_000,
  });
}

function ends(run: Run, status: number, says: RegExp): void {
  assert.equal(run.status, status, run.output);
  assert.match(run.output, says);
}

/** File name → the version in it. */
function trustedIn(folder: string): Readonly<Record<string, number>> {
  const names = readdirSync(folder).filter((name) => name.endsWith(".json"));
  const versions = names.map((name): [string, number] => {
    const { signed } = JSON.parse(readFileSync(join(folder, name), "utf8"));
    return [name, signed.version];
  });
  return Object.fromEntries(versions);
}

const topLevel = ["root.json", "snapshot.json", "targets.json", "timestamp.json"];

test("init, refresh and download of a repository that our signer has made", async (t) => {
  const scene = await aScene(t);
  ends(await scene.refresh(), 1, /no trust anchor \(anchor\.missing\)/);
  ends(await scene.init(), 0, /^root 1 is trusted: sha256:[0-9a-f]{64}\n$/);
  assert.deepEqual(scene.seen, []);
  assert.deepEqual(trustedIn(scene.metadata), { "root.json": 1 });

  ends(await scene.refresh(), 0, /^root 1, timestamp \d+, snapshot \d+, targets 1\n$/);
  const files = ["tuf/root.json", "tuf/timestamp.json", "tuf/snapshot.json", "tuf/targets.json"];
  assert.deepEqual(scene.seen.splice(0), files);
  assert.deepEqual(Object.keys(trustedIn(scene.metadata)), topLevel);
  const bytes = readFileSync(join(scene.metadata, "timestamp.json"));
  assert.deepEqual(new Uint8Array(bytes), scene.tree.get("tuf/timestamp.json"));

  ends(await scene.download(page), 0, /target "simple\/demo\/index\.json" of "bin-\w+": \d+ bytes/);
  const roles = ["claimed", "recently-claimed", "unclaimed", "bin"];
  assert.deepEqual(scene.seen.splice(0), [
    ...files.slice(0, 2),
    ...roles.map((role) => `tuf/${role}.json`),
    "targets/simple/demo/index.json",
  ]);
  assert.match(
    readFileSync(join(scene.targets, "simple%2Fdemo%2Findex.json"), "utf8"),
    /demo-1\.0/,
  );

  ends(await scene.download(page), 0, /there already/);
  assert.deepEqual(scene.seen.splice(0), files.slice(0, 2));
  await scene.publish("2.0");
  ends(await scene.download(page, "simple/other/index.json"), 1, /\(tuf\.missing\)/);
  assert.match(
    readFileSync(join(scene.targets, "simple%2Fdemo%2Findex.json"), "utf8"),
    /demo-2\.0/,
  );
});

test("what is refused ends with 1 and its code, and what was trusted stays", async (t) => {
  const scene = await aScene(t);
  await scene.init();
  await scene.refresh();
  const old = scene.tree.get("tuf/timestamp.json") ?? assert.fail();
  await scene.publish("2.0");
  ends(await scene.refresh(), 0, /^root 1/);
  const before = trustedIn(scene.metadata);
  const newest = scene.tree.get("tuf/timestamp.json") ?? assert.fail();
  const text = Buffer.from(newest).toString();
  const attacks: readonly (readonly [lie: Uint8Array, code: RegExp])[] = [
    [old, /version \d+ is already trusted \(tuf\.rollback\)/],
    [Buffer.from(text.replace('"version":', '"version":1')), /\(tuf\.threshold\)/],
    [new Uint8Array(16_385).fill(0x20), /\(tuf\.length\)/],
    [gzipSync(new Uint8Array(16_385).fill(0x20)), /\(tuf\.length\)/],
    [Buffer.from("{"), /\(json\.syntax\)/],
  ];
  for (const [lie, code] of attacks) {
    scene.lies.set("tuf/timestamp.json", lie);
    ends(await scene.refresh(), 1, code);
    assert.deepEqual(trustedIn(scene.metadata), before);
  }
  scene.lies.set("tuf/timestamp.json", gzipSync(newest));
  ends(await scene.refresh(), 0, /^root 1/);
  ends(await runClient("refresh"), 64, /--metadata-dir DIR is missing \(options\.invalid\)/);
});

test("programs that share a metadata folder all end well, and leave the newest", async (t) => {
  const scene = await aScene(t);
  await scene.init();
  const runs = await Promise.all([scene.refresh(), scene.download(page), scene.refresh()]);
  for (const run of runs) ends(run, 0, /^root 1/);
  const roles = Object.keys(trustedIn(scene.metadata));
  assert.ok(topLevel.every((name) => roles.includes(name)));
  const left = readdirSync(scene.metadata, { recursive: true }).map(String);
  assert.deepEqual(
    left.filter((name) => name.endsWith(".new")),
    [],
  );
});
