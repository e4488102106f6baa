/** What other clients have got wrong, each by its public name. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { answer, honestTufWorld, SimTufClient } from "#world/tuf-client.ts";
import { actor, keyIdOf } from "#world/tuf-repository.ts";
import type { SimTufRepository } from "#world/tuf-repository.ts";
import { formatUtf8, parseUtf8 } from "#formats/bytes/utf8.ts";
import { formatEnvelope, parseSigned } from "#formats/tuf/envelope.ts";

const bytesOf = (repository: SimTufRepository, file: string): Uint8Array => {
  const bytes = repository.files.get(file);
  assert.ok(bytes, file);
  return bytes;
};

test("CVE-2020-15163: a root that was refused is not kept, and not trusted later", async () => {
  const { client, repository } = await honestTufWorld();
  repository.keys.root.signers = [actor("mallory")];
  repository.signers.set("root", [actor("root")]);
  await repository.publish("root");
  await client.refuses("tuf.threshold");
  assert.deepEqual([...client.store.roots.keys()], [1]);
  repository.keys.root.signers = [actor("root")];
  repository.root.version = 1;
  await repository.publish("root");
  client.restart();
  await client.refresh();
  assert.equal((await client.trusted())["root"], 2);
});

test("GMS-2022-4197: one signature given twice does not meet a new root's threshold of two", async () => {
  const { client, repository } = await honestTufWorld();
  repository.keys.root = { signers: [actor("root"), actor("second")], threshold: 2 };
  repository.signers.set("root", [actor("root")]);
  await repository.publish("root");
  await client.refuses("tuf.threshold");
  const text = parseUtf8(bytesOf(repository, "2.root.json"));
  const twice = text.replace(/"signatures":\[(\{[^}]*\})\]/, '"signatures":[$1,$1]');
  assert.notEqual(twice, text);
  repository.answers.set("2.root.json", answer(formatUtf8(twice)));
  await client.refuses("tuf.envelope");
});

test("CVE-2021-41131: role names are not paths", async () => {
  const names = [
    "../../../etc/cron.d/x",
    "..",
    "/absolute",
    "a\\..\\b",
    "?q",
    "#f",
    "%2e%2e%2f",
    "http://h/x",
    ".",
  ];
  const { client, repository } = await honestTufWorld((sim) => {
    for (const name of names)
      sim.delegate("targets", { name, paths: [`x-${names.indexOf(name)}`] });
  });
  for (const [index, name] of names.entries()) {
    repository.requests.length = 0;
    assert.equal(await client.find(`x-${index}`), "absent");
    const asked = repository.requests.at(-1) ?? "";
    assert.match(asked, /^1\.[A-Za-z0-9_.~%-]+\.json$/);
    assert.equal(decodeURIComponent(asked), `1.${name}.json`);
    assert.ok(client.store.roles.has(name));
  }
  const clash = await honestTufWorld();
  clash.repository.delegate("targets", { name: "timestamp" });
  await clash.repository.publish("targets", "snapshot");
  await clash.repository.publish("timestamp");
  await clash.client.refuses("tuf.role-name", { timestamp: 2, snapshot: 2 });
});

test("CVE-2024-47534: delegations are asked in the order in which they are listed", async () => {
  const { client, repository } = await honestTufWorld((sim) => {
    for (const name of ["3", "1", "2"]) sim.delegate("targets", { name });
    sim.addTarget("1", "x", "of 1");
    sim.addTarget("3", "x", "of 3");
  });
  const found = await client.find("x");
  assert.equal(found !== "absent" && found.role.name, "3");
  assert.deepEqual(repository.requests.slice(-2), ["1.a.json", "1.3.json"]);
});

test("GHSA-fphv-w9fq-2525: a threshold of zero or less is no threshold", async () => {
  for (const threshold of [0, -1]) {
    const { client, repository } = await honestTufWorld();
    repository.keys.targets.threshold = threshold;
    await repository.publish("root");
    await client.refuses("tuf.threshold");
  }
  const { client, repository } = await honestTufWorld();
  repository.delegate("targets", { name: "nobody's", threshold: 0 });
  await repository.publish("nobody's", "targets", "snapshot", "timestamp");
  await client.refuses("tuf.threshold", { timestamp: 2, snapshot: 2 });
});

test("CVE-2025-2885: root versions follow one another without a gap", async () => {
  const { client, repository } = await honestTufWorld();
  repository.root.version = 2;
  await repository.publish("root");
  repository.answers.set("2.root.json", answer(bytesOf(repository, "3.root.json")));
  await client.refuses("tuf.version");
});

test("CVE-2025-2886: a terminating delegation ends the search", async () => {
  const { client } = await honestTufWorld((sim) => {
    sim.delegate("a", { name: "owner", terminating: true });
    sim.delegate("targets", { name: "shadow" });
    sim.addTarget("shadow", "new-file", "malicious");
  });
  assert.equal(await client.find("new-file"), "absent");
});

test("CVE-2025-2887: delegated roles do not go back, also when they were never looked up", async () => {
  const { client, repository } = await honestTufWorld((sim) => sim.addTarget("a", "x", "content"));
  await repository.publish("a", "snapshot", "timestamp");
  await client.refresh();
  repository.snapshot.meta.set("a", { version: 1 });
  await repository.publish("snapshot", "timestamp");
  await client.refuses("tuf.rollback", { timestamp: 3 });
  repository.answers.set("2.a.json", answer(bytesOf(repository, "1.a.json")));
  repository.snapshot.meta.set("a", { version: 2 });
  await repository.publish("snapshot", "timestamp");
  await assert.rejects(client.find("x"), { code: "tuf.version" });
  assert.equal((await client.trusted())["a"], undefined);
});

test("CVE-2025-2888: a timestamp that was refused is not kept, and does not lock honest ones out", async () => {
  const { client, repository } = await honestTufWorld();
  await repository.publish("snapshot", "timestamp");
  await client.refresh();
  repository.timestamp.version = 1_000_000;
  repository.snapshot.version = 1;
  await repository.publish("timestamp");
  await client.refuses("tuf.rollback");
  repository.snapshot.version = 2;
  repository.timestamp.version = 2;
  await repository.publish("timestamp");
  await client.refresh();
  assert.equal((await client.trusted())["timestamp"], 3);
});

test("cyclic delegations end", async () => {
  const { client } = await honestTufWorld((sim) => {
    sim.delegate("a", { name: "b" });
    sim.delegate("b", { name: "a" });
  });
  assert.equal(await client.find("x"), "absent");
});

test("a file of one type does not pass for another where keys are shared", async () => {
  const { client, repository } = await honestTufWorld((sim) => {
    sim.keys.snapshot.signers = [actor("timestamp")];
  });
  await repository.publish("snapshot", "timestamp");
  repository.answers.set("timestamp.json", answer(bytesOf(repository, "2.snapshot.json")));
  await client.refuses("tuf.type");
});

test("good signatures beside bad, empty and unknown ones are enough", async () => {
  const { client, repository } = await honestTufWorld((sim) => {
    sim.keys.timestamp.signers = [actor("timestamp"), actor("sleeping")];
  });
  repository.signers.set("timestamp", [actor("timestamp"), actor("stranger")]);
  await repository.publish("timestamp");
  const { signatures, tree } = parseSigned(bytesOf(repository, "timestamp.json"), (value) => value);
  const bad = new Map([...signatures, [keyIdOf(actor("sleeping")), new Uint8Array(64)]]);
  const empty = parseUtf8(formatEnvelope(tree, bad)).replace("00".repeat(64), "");
  repository.answers.set("timestamp.json", answer(formatUtf8(empty)));
  await client.refresh();
  await repository.publish("timestamp");
  const later = parseSigned(bytesOf(repository, "timestamp.json"), (value) => value);
  const zeros = new Map([...later.signatures, [keyIdOf(actor("sleeping")), new Uint8Array(64)]]);
  repository.answers.set("timestamp.json", answer(formatEnvelope(later.tree, zeros)));
  await client.refresh();
  assert.equal((await client.trusted())["timestamp"], 3);
});

test("members that nobody knows are covered by the signature", async () => {
  const { client, repository } = await honestTufWorld();
  repository.bends.set("timestamp", (tree) => new Map([...tree, ["x-tlog", "leaf 7"]]));
  await repository.publish("timestamp");
  const text = parseUtf8(bytesOf(repository, "timestamp.json"));
  const changed = text.replace("leaf 7", "leaf 8");
  assert.notEqual(changed, text);
  repository.answers.set("timestamp.json", answer(formatUtf8(changed)));
  await client.refuses("tuf.threshold");
  repository.answers.set(
    "timestamp.json",
    answer(formatUtf8(text.replace('"x-tlog":"leaf 7"', '"x-tlog":"leaf 7","x-more":1'))),
  );
  await client.refuses("tuf.threshold");
  repository.answers.clear();
  const view = await client.refresh();
  assert.match(parseUtf8(view.timestamp.canonical), /"x-tlog":"leaf 7"/);
});

test("a number of a megabyte is refused at once (X41 CR-22-03)", async () => {
  const { client, repository } = await honestTufWorld();
  const body = formatUtf8(`{"signatures":[],"signed":{"version":${"9".repeat(400_000)}}}`);
  repository.answers.set("2.root.json", answer(body));
  await client.refuses("json.number");
});

test("a new client without history is given the same answers", async () => {
  const { repository } = await honestTufWorld((sim) => sim.addTarget("a", "x", "content"));
  const client = new SimTufClient(repository);
  await client.init();
  assert.ok((await client.find("x")) !== "absent");
});
