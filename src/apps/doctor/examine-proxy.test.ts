import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { fingerprintOf } from "#core/verdict/anchor.ts";
import { createFolderAnchorStore } from "#stores/folder/anchor-store.ts";
import { dataFolder } from "#stores/folder/data-folder.ts";
import type { DataFolder } from "#stores/folder/data-folder.ts";
import { openProxyState } from "#stores/folder/proxy-state.ts";
import { createFolderTrustedStore } from "#stores/folder/trusted-store.ts";
import { actor, SimTufRepository } from "#world/tuf-repository.ts";
import { examineProxy } from "./examine-proxy.ts";
import type { Finding } from "./finding.ts";

const clock = (): Date => new Date("2029-06-01T00:00:00Z");
const anyPort = { host: "127.0.0.1", port: 0 } as const;

type Scene = { readonly data: DataFolder; readonly repository: SimTufRepository };

/** A proxy that has verified what the index on the same data folder publishes. */
async function aScene(t: TestContext): Promise<Scene> {
  const data = dataFolder(mkdtempSync(join(tmpdir(), "holdfast-doctor-")));
  t.after(() => rmSync(data.root, { recursive: true }));
  const repository = new SimTufRepository();
  await repository.publishAll();
  const root = fileOf(repository, "1.root.json");
  for (const folder of [data.publicTree, data.proxy]) writeMetadata(folder, repository);
  const anchor = createFolderAnchorStore(data.proxy);
  await anchor.writeAnchor({
    index: "http://127.0.0.1:8470/",
    fingerprint: fingerprintOf(root),
    rootVersion: 1,
    origin: "root",
    time: "2029-01-01T00:00:00Z",
  });
  return { data, repository };
}

/** The proxy keeps the timestamp, too, under its version, and targets without one. */
function writeMetadata(folder: string, repository: SimTufRepository): void {
  mkdirSync(join(folder, "tuf"), { recursive: true });
  for (const [name, bytes] of repository.files) {
    writeFileSync(join(folder, "tuf", name), bytes);
    if (name.endsWith(".targets.json")) writeFileSync(join(folder, "tuf", "targets.json"), bytes);
    if (name !== "timestamp.json") continue;
    const { version } = JSON.parse(Buffer.from(bytes).toString()).signed;
    writeFileSync(join(folder, "tuf", `${version}.timestamp.json`), bytes);
  }
}

function fileOf(repository: SimTufRepository, name: string): Uint8Array {
  return repository.files.get(name) ?? assert.fail(name);
}

function brief(findings: readonly Finding[]): readonly string[] {
  return findings.map(({ code, level }) => `${level} ${code}`);
}

async function listen(t: TestContext, server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => void server.close());
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  return address.port;
}

test("examineProxy() says nothing where there is no proxy, and reads what there is without writing", async (t) => {
  const { data } = await aScene(t);
  assert.deepEqual(await examineProxy(dataFolder("/nowhere"), anyPort, clock), []);
  const before = readdirSync(data.proxy, { recursive: true });
  assert.deepEqual(brief(await examineProxy(data, anyPort, clock)), [
    "good proxy.anchor",
    "good proxy.metadata",
    "note proxy.port",
  ]);
  assert.deepEqual(readdirSync(data.proxy, { recursive: true }), before);
});

test("examineProxy() finds a proxy that was never started", async (t) => {
  const data = dataFolder(mkdtempSync(join(tmpdir(), "holdfast-doctor-")));
  t.after(() => rmSync(data.root, { recursive: true }));
  mkdirSync(data.proxy);
  assert.deepEqual(brief(await examineProxy(data, anyPort, clock)), [
    "note proxy.anchor",
    "note proxy.port",
  ]);
  assert.ok(!existsSync(join(data.proxy, "tuf")));
});

test("examineProxy() finds an anchor that is not the index's root, or cannot be read", async (t) => {
  const { data } = await aScene(t);
  writeFileSync(join(data.publicTree, "tuf", "1.root.json"), "{}");
  const [other] = await examineProxy(data, anyPort, clock);
  assert.deepEqual([other?.level, other?.code], ["fault", "proxy.anchor"]);
  assert.match(other?.message ?? "", /another one the index here publishes/);
  writeFileSync(join(data.proxy, "anchor.json"), "{");
  const [damaged] = await examineProxy(data, anyPort, clock);
  assert.deepEqual([damaged?.level, damaged?.code], ["fault", "proxy.anchor"]);
});

test("examineProxy() tells what has expired from an index that went back", async (t) => {
  const { data, repository } = await aScene(t);
  const later = (): Date => new Date("2031-01-01T00:00:00Z");
  const [, expired] = await examineProxy(data, anyPort, later);
  assert.deepEqual([expired?.level, expired?.code], ["note", "proxy.metadata"]);
  await repository.publish("timestamp");
  writeMetadata(data.proxy, repository);
  const [, rolledBack] = await examineProxy(data, anyPort, clock);
  assert.deepEqual([rolledBack?.level, rolledBack?.code], ["fault", "proxy.metadata"]);
  assert.match(rolledBack?.message ?? "", /timestamp 2, .* older 1/);
});

test("examineProxy() sees what was verified after root had replaced the timestamp's key", async (t) => {
  const { data, repository } = await aScene(t);
  repository.keys.timestamp.signers = [actor("new timestamp")];
  await repository.publish("root", "timestamp");
  writeMetadata(data.publicTree, repository);
  const store = createFolderTrustedStore(data.proxy);
  await store.writeRoot(2, fileOf(repository, "2.root.json"));
  await store.writeRole("timestamp", fileOf(repository, "timestamp.json"), 2);
  await store.writeRole("snapshot", fileOf(repository, "1.snapshot.json"), 2);
  const [, metadata] = await examineProxy(data, anyPort, clock);
  assert.deepEqual([metadata?.level, metadata?.code], ["good", "proxy.metadata"]);
});

test("examineProxy() tells the proxy on its port from another program there", async (t) => {
  const { data } = await aScene(t);
  const status = JSON.stringify({ holdfast: "proxy", instance: "one" });
  const port = await listen(
    t,
    createServer((_request, response) => response.end(status)),
  );
  const last = async (wished: number): Promise<Finding | undefined> =>
    (await examineProxy(data, { host: "127.0.0.1", port: wished }, clock)).at(-1);
  const stranger = await last(port);
  assert.deepEqual([stranger?.level, stranger?.code], ["warning", "proxy.port"]);
  assert.match(stranger?.message ?? "", /another program listens on 127\.0\.0\.1:\d+/);
  const state = await openProxyState(data.proxy);
  const running = { pid: 1, host: "127.0.0.1", port, name: "here" };
  await state.writeRunning({ ...running, instance: "one" });
  assert.deepEqual([(await last(port))?.level, (await last(1))?.level], ["good", "note"]);
  await state.writeRunning({ ...running, instance: "two" });
  assert.equal((await last(port))?.level, "warning");
});
