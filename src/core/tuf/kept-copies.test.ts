/** What is on disk or in memory from before: it protects, it saves requests, and it never speaks beyond that. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { DAY } from "#world/sim-clock.ts";
import { answer, honestTufWorld } from "#world/tuf-client.ts";
import { actor } from "#world/tuf-repository.ts";

test("a timestamp protects the snapshot's version, also where the snapshot itself was lost", async () => {
  const { client, repository } = await honestTufWorld();
  await repository.publish("snapshot", "timestamp");
  await client.refresh();
  await client.store.deleteRole("snapshot");
  client.restart();
  repository.snapshot.version = 1;
  await repository.publish("timestamp");
  await client.refuses("tuf.rollback");
});

test("a snapshot protects its version, also where the timestamp was lost", async () => {
  const { client, repository } = await honestTufWorld();
  await repository.publish("snapshot", "timestamp");
  await client.refresh();
  await client.store.deleteRole("timestamp");
  client.restart();
  repository.snapshot.version = 1;
  await repository.publish("timestamp");
  await client.refuses("tuf.rollback");
});

test("files that strangers put on disk neither speak nor lock out", async () => {
  const { client, repository } = await honestTufWorld();
  for (const role of ["timestamp", "snapshot", "targets"] as const) {
    const draft = repository.draft(role);
    for (const ahead of [0, 1_000_000]) {
      const { version } = draft;
      repository.signers.set(role, [actor("mallory")]);
      repository.bends.set(role, (tree) => new Map([...tree, ["x-forged", true]]));
      draft.version = version + ahead;
      const bytes = await repository.sign(role);
      draft.version = version;
      repository.signers.clear();
      repository.bends.clear();
      await client.store.writeRole(role, bytes);
      client.restart();
      await repository.publish("timestamp");
      const view = await client.refresh();
      assert.equal(view[role].value.version, draft.version);
      assert.doesNotMatch(Buffer.from(view[role].bytes).toString(), /x-forged/);
    }
  }
});

test("an unchanged timestamp does not keep an expired snapshot or expired targets alive", async () => {
  for (const role of ["snapshot", "targets"]) {
    const { client } = await honestTufWorld((sim) => {
      sim.draft(role).expires = "2026-01-10T00:00:00Z";
    });
    await client.refresh();
    client.clock.advance(10 * DAY);
    await client.refuses("tuf.expired");
    await assert.rejects(client.updater.openStored(), { code: "tuf.expired" });
    client.restart();
    await client.refuses("tuf.expired");
  }
});

test("an expired root stops the refresh before anything else is asked for", async () => {
  const { client, repository } = await honestTufWorld((sim) => {
    sim.root.expires = "2026-01-10T00:00:00Z";
  });
  client.clock.advance(10 * DAY);
  await client.refuses("tuf.expired");
  assert.deepEqual(repository.requests, ["2.root.json"]);
});

test("when root replaces their keys, timestamp and snapshot are forgotten on disk at once", async () => {
  const { client, repository } = await honestTufWorld();
  repository.keys.snapshot.signers = [actor("new snapshot")];
  await repository.publish("root");
  repository.answers.set("timestamp.json", answer(undefined, 503));
  await assert.rejects(client.refresh(), { code: "network.status" });
  assert.deepEqual(await client.trusted(), { root: 2, targets: 1 });
});

test("a remembered role that has expired is refused, and one whose hash changed is fetched again", async () => {
  const { client, repository } = await honestTufWorld((sim) => {
    sim.listsHashes = true;
    sim.draft("a").expires = "2026-01-10T00:00:00Z";
    sim.addTarget("a", "x", "content");
  });
  await client.find("x");
  repository.addTarget("a", "x", "other content");
  await repository.write("a");
  await repository.publish("snapshot", "timestamp");
  const found = await client.find("x");
  assert.equal(found !== "absent" && found.target.length, 13);
  client.clock.advance(10 * DAY);
  await assert.rejects(client.find("x"), { code: "tuf.expired" });
  client.restart();
  await assert.rejects(client.find("x"), { code: "tuf.expired" });
});

test("a delegated role with another hash than listed is not even kept", async () => {
  const { client, repository } = await honestTufWorld((sim) => {
    sim.listsHashes = true;
    sim.addTarget("a", "x", "content");
  });
  repository.addTarget("a", "x", "CONTENT");
  repository.answers.set("1.a.json", answer(await repository.sign("a")));
  await assert.rejects(client.find("x"), { code: "tuf.hash" });
  assert.equal(client.store.roles.has("a"), false);
});

for (const [title, role] of [
  ["a kept snapshot", "snapshot"],
  ["kept targets", "targets"],
] as const) {
  test(`${title} with another hash than listed is fetched again`, async () => {
    const { client, repository } = await honestTufWorld((sim) => {
      sim.listsHashes = true;
    });
    // Another file of the same version, as after a restored backup of the repository.
    repository.draft(role).expires = "2029-01-01T00:00:00Z";
    await repository.write(role);
    if (role === "targets") await repository.publish("snapshot");
    await repository.publish("timestamp");
    const view = await client.refresh();
    assert.equal(view[role].value.expires.text, "2029-01-01T00:00:00Z");
  });
}

for (const role of ["root", "timestamp", "snapshot", "targets"]) {
  test(`a view in memory ends when its ${role} expires`, async () => {
    const { client } = await honestTufWorld((sim) => {
      sim.draft(role).expires = "2026-01-10T00:00:00Z";
    });
    assert.equal((await client.updater.openStored()).root.value.version, 1);
    client.clock.advance(9 * DAY);
    await assert.rejects(client.updater.openStored(), { code: "tuf.expired" });
  });
}
