/** What a refresh asks for, keeps and makes of an answer that is none. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY } from "#world/sim-clock.ts";
import { answer, honestTufWorld, SimTufClient } from "#world/tuf-client.ts";
import { SimTufRepository, signTree } from "#world/tuf-repository.ts";
import { UnavailableError } from "#core/errors.ts";

test("honest updates are followed, one request for each file that changed", async () => {
  const { client, repository } = await honestTufWorld();
  await client.refresh();
  assert.deepEqual(repository.requests, ["2.root.json", "timestamp.json"]);
  await repository.publish("timestamp");
  await client.refresh();
  assert.deepEqual(repository.requests, ["2.root.json", "timestamp.json"]);
  await repository.publish("snapshot", "timestamp");
  await client.refresh();
  assert.deepEqual(repository.requests, ["2.root.json", "timestamp.json", "2.snapshot.json"]);
  await repository.publish("targets", "snapshot", "timestamp");
  await client.refresh();
  const all = ["2.root.json", "timestamp.json", "3.snapshot.json", "2.targets.json"];
  assert.deepEqual(repository.requests, all);
  await repository.publish("root");
  await client.refresh();
  assert.deepEqual(repository.requests, ["2.root.json", "3.root.json", "timestamp.json"]);
  assert.deepEqual(await client.trusted(), { root: 2, timestamp: 4, snapshot: 3, targets: 2 });
  for (const [role, file] of [
    ["timestamp", "timestamp.json"],
    ["snapshot", "3.snapshot.json"],
    ["targets", "2.targets.json"],
  ] as const) {
    assert.deepEqual(client.store.roles.get(role), repository.files.get(file));
  }
});

test("root 404 or 403 ends the chain; other answers mean that the index cannot be reached", async () => {
  const { client, repository } = await honestTufWorld();
  const empty = new Uint8Array();
  for (const status of [403, 404]) {
    repository.answers.set("2.root.json", answer(empty, status));
    await client.refresh();
  }
  for (const [status, code] of [
    [500, "network.status"],
    [401, "network.status"],
    [410, "network.status"],
    [204, "network.status"],
    [302, "network.redirect"],
  ] as const) {
    repository.answers.set("2.root.json", answer(empty, status));
    await assert.rejects(client.refresh(), { name: "UnavailableError", code });
    assert.deepEqual(repository.requests, ["2.root.json"]);
  }
  repository.answers.set("2.root.json", new UnavailableError("network.connect", "no"));
  await client.refuses("network.connect");
});

test("an expired root on the way does not stop the chain, and a trusted root may have expired", async () => {
  const { client, repository } = await honestTufWorld();
  repository.root.expires = "2025-01-01T00:00:00Z";
  await repository.publish("root");
  repository.root.expires = "2030-01-01T00:00:00Z";
  await repository.publish("root");
  await client.refresh();
  assert.equal((await client.trusted())["root"], 3);
  assert.deepEqual([...client.store.roots.keys()], [1, 2, 3]);

  const later = new SimTufClient(repository);
  await later.store.writeRoot(2, repository.files.get("2.root.json") ?? new Uint8Array());
  await later.refresh();
  assert.equal((await later.trusted())["root"], 3);
});

test("no more roots than the limit are fetched at once, and the next refresh goes on", async () => {
  const repository = new SimTufRepository();
  await repository.publishAll();
  for (let version = 2; version <= 8; version++) await repository.publish("root");
  const client = new SimTufClient(repository, { rootRotationsMax: 3 });
  await client.init();
  await client.refresh();
  assert.equal((await client.trusted())["root"], 4);
  await client.refresh();
  await client.refresh();
  assert.equal((await client.trusted())["root"], 8);
});

test("no more than 256 roots are fetched at once unless a limit is set", async () => {
  const repository = new SimTufRepository();
  await repository.publishAll();
  for (let version = 2; version <= 258; version++) await repository.publish("root");
  const client = new SimTufClient(repository);
  await client.init();
  await client.refresh();
  assert.equal((await client.trusted())["root"], 257);
});

test("an unusable trust anchor is refused before any request", async () => {
  const { repository } = await honestTufWorld();
  const client = new SimTufClient(repository);
  await client.refuses("anchor.missing");
  repository.signers.set("root", []);
  await client.store.writeRoot(1, await repository.sign("root"));
  await client.refuses("tuf.threshold");
  assert.deepEqual(repository.requests, []);
});

test("an equal timestamp version ends quietly, and the bytes that were trusted stay", async () => {
  const { client, repository } = await honestTufWorld();
  const kept = client.store.roles.get("timestamp");
  repository.timestamp.expires = "2029-01-01T00:00:00Z";
  await repository.write("timestamp");
  for (const restarts of [false, true]) {
    if (restarts) client.restart();
    const view = await client.refresh();
    assert.equal(view.timestamp.value.expires.text, "2030-01-01T00:00:00Z");
    assert.deepEqual(client.store.roles.get("timestamp"), kept);
  }
});

test("a local timestamp that has expired still protects against rollback, and is replaced", async () => {
  const { client, repository } = await honestTufWorld((world) => {
    world.timestamp.expires = "2026-01-08T00:00:00Z";
    world.timestamp.version = 4;
  });
  client.clock.advance(18 * DAY);
  client.restart();
  repository.timestamp.expires = "2026-01-22T00:00:00Z";
  repository.timestamp.version = 4;
  await repository.publish("timestamp");
  await assert.rejects(client.refresh(), { code: "tuf.expired" }, "equal, and expired");
  repository.timestamp.version = 3;
  await repository.write("timestamp");
  await client.refuses("tuf.rollback");
  repository.timestamp.version = 5;
  await repository.publish("snapshot", "timestamp");
  await client.refresh();
  assert.deepEqual(await client.trusted(), { root: 1, timestamp: 6, snapshot: 2, targets: 1 });
});

test("a listed length replaces the bound of the kind, up to the largest that is ever read", async () => {
  const repository = new SimTufRepository();
  repository.listsHashes = true;
  await repository.publishAll();
  const small = { snapshotSizeMax: 10, targetsSizeMax: 10 };
  const client = new SimTufClient(repository, small);
  await client.init();
  await client.refresh();
  const strict = new SimTufClient(repository, { ...small, listedSizeMax: 100 });
  await strict.init();
  await strict.refuses("tuf.length", { timestamp: 1 });
});

test("a refresh that failed half way is finished by the next one", async () => {
  const { client, repository } = await honestTufWorld();
  const old = await client.refresh();
  await repository.publish("targets", "snapshot", "timestamp");
  repository.answers.set("2.targets.json", answer(new Uint8Array(), 502));
  await client.refuses("network.status", { timestamp: 2, snapshot: 2 });
  assert.equal(old.targets.value.version, 1);
  repository.answers.clear();
  for (const restarts of [true, false]) {
    if (restarts) client.restart();
    const view = await client.refresh();
    assert.equal(view.targets.value.version, 2);
  }
});

test("a view from disk needs no network, and is refused when it is incomplete or expired", async () => {
  const { client, repository } = await honestTufWorld();
  client.restart();
  repository.requests.length = 0;
  const view = await client.updater.openStored();
  assert.equal(view.snapshot.value.version, 1);
  assert.deepEqual(repository.requests, []);
  await client.store.deleteRole("snapshot");
  client.restart();
  await assert.rejects(client.updater.openStored(), { code: "tuf.missing" });
  await client.refresh();
  client.clock.advance(5 * 365 * DAY);
  await assert.rejects(client.updater.openStored(), { code: "tuf.expired" });
  client.restart();
  await assert.rejects(client.updater.openStored(), { code: "tuf.expired" });
});

test("local files that no longer verify count for nothing and are fetched again", async () => {
  const { client, repository } = await honestTufWorld();
  for (const role of ["timestamp", "snapshot", "targets"] as const) {
    for (const bytes of [new Uint8Array(), Buffer.from("{}"), await signTree(new Map(), [])]) {
      await client.store.writeRole(role, bytes);
      client.restart();
      await client.refresh();
      assert.equal((await client.trusted())[role], 1);
    }
  }
  assert.ok(repository.requests.length > 0);
});

test("without consistent snapshots, names carry no versions", async () => {
  const { client, repository } = await honestTufWorld((world) => {
    world.root.consistentSnapshot = false;
  });
  await repository.publish("targets", "snapshot", "timestamp");
  await client.refresh();
  assert.deepEqual(repository.requests, [
    "2.root.json",
    "timestamp.json",
    "snapshot.json",
    "targets.json",
  ]);
  assert.deepEqual(await client.trusted(), { root: 1, timestamp: 2, snapshot: 2, targets: 2 });
});
