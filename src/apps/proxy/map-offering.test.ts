import assert from "node:assert/strict";
import { test } from "node:test";
import type { Mapping } from "#formats/config/proxy-config.ts";
import { normaliseProjectName } from "#formats/python/project-name.ts";
import { parsePage } from "#formats/python/simple-page.ts";
import { createMapWorld, mapName } from "#world/map-world.ts";
import type { MapWorld } from "#world/map-world.ts";
import { SimIndex, notFound } from "#world/sim-index.ts";
import type { SimFile } from "#world/sim-index.ts";

function mapping(indexes: string, agree = 1, terminating = true, names = "*"): Mapping {
  return { names: names.split(" "), indexes: indexes.split(" "), agree, terminating };
}

const wheel = (version: string): string => `demo-${version}-py3-none-any.whl`;
const pathOf = ({ filename, project, sha256 }: SimFile): string =>
  `/${mapName}/files/${project}/${sha256}/${filename}`;

async function publishAt(world: MapWorld, names: string, version: string): Promise<SimFile> {
  const files: SimFile[] = [];
  for (const name of names.split(" ")) {
    const { index } = world.member(name);
    files.push(
      await index.publishFile(wheel(version), `bytes of ${version}`, { metadata: `v ${version}` }),
    );
  }
  const [file] = files;
  assert.ok(file);
  return file;
}

const indexOf = (world: MapWorld, name: string): SimIndex => world.member(name).index;

const offered = async (world: MapWorld): Promise<readonly string[]> =>
  parsePage((await world.page("demo")).bytes).files.map(({ filename }) => filename);

test("a page of one index is that index's page, byte for byte, and the header names it", async () => {
  const world = await createMapWorld(["a", "b"], [mapping("a b")]);
  const file = await publishAt(world, "b", "1.0");
  const page = await world.page("demo");
  assert.deepEqual(page.bytes, indexOf(world, "b").pageBytes("demo"));
  assert.match(page.headers["x-holdfast"] ?? "", /^b: verified; timestamp 2, snapshot 2$/);
  const answer = await world.ask(pathOf(file));
  assert.deepEqual([answer.status, answer.text], [200, "bytes of 1.0"]);
  assert.match(answer.headers["x-holdfast"] ?? "", /^b: /);
  assert.equal((await world.ask(`${pathOf(file)}.metadata`)).text, "v 1.0");
  const again = await world.page("demo", {
    headers: { "if-none-match": page.headers["etag"] ?? "" },
  });
  assert.equal(again.status, 304);
  assert.deepEqual(await world.refused(), []);
});

test("the first index that has a project decides alone, also where the second has more files", async () => {
  const world = await createMapWorld(["a", "b"], [mapping("a b")]);
  await publishAt(world, "a", "1.0");
  const sdist = await indexOf(world, "b").publishFile("demo-1.0.tar.gz", "an sdist of the other");
  await publishAt(world, "b", "2.0");
  assert.deepEqual(await offered(world), [wheel("1.0")]);
  const steered = await world.ask(pathOf(sdist));
  assert.deepEqual([steered.status, steered.code], [404, "file.not-listed"]);
});

test("a name that no mapping has, or no index, is told apart", async () => {
  const world = await createMapWorld(["a"], [mapping("a", 1, true, "acme-*")]);
  const unmapped = await world.page("demo");
  assert.deepEqual([unmapped.status, unmapped.code], [451, "map.unmapped"]);
  const unknown = await world.page("acme-demo");
  assert.deepEqual([unknown.status, unknown.code], [404, "project.unknown"]);
  assert.match(unknown.reason, /which the signatures of a prove/);
  assert.match(unknown.headers["x-holdfast"] ?? "", /^a: verified/);
});

test("projects of a second index do not cost a refresh of the first each", async () => {
  const world = await createMapWorld(["a", "b"], [mapping("a b")]);
  const { index } = world.member("b");
  for (let at = 0; at < 20; at += 1) {
    await index.publishFile(`p${at}-1.0-py3-none-any.whl`, `bytes ${at}`);
  }
  await world.page("p0");
  const began = world.clock.now().getTime();
  const asked = world.network.requests.length;
  for (let at = 1; at < 20; at += 1) assert.equal((await world.page(`p${at}`)).status, 200);
  const timestamps = world.network.requests
    .slice(asked)
    .filter(({ url }) => url.pathname.endsWith("timestamp.json"));
  assert.deepEqual(timestamps, []);
  assert.ok(world.clock.now().getTime() - began < 1_000, "nobody waits for a forced refresh");
});

test("an absence that leads on to another index is not older than ten seconds, however seldom views are refreshed", async () => {
  const world = await createMapWorld(["a", "b"], [mapping("a b")], { refreshMs: 3_600_000 });
  await publishAt(world, "b", "2.0");
  assert.deepEqual(await offered(world), [wheel("2.0")]);
  await publishAt(world, "a", "1.0");
  world.clock.advance(10_001);
  assert.deepEqual(await offered(world), [wheel("1.0")]);
});

test("an absence from an old view does not lead on because another request has refreshed it meanwhile", async () => {
  const world = await createMapWorld(["a", "b"], [mapping("a b")], { refreshMs: 3_600_000 });
  await publishAt(world, "b", "2.0");
  await world.proxy().stand();
  await publishAt(world, "a", "1.0");
  world.clock.advance(20_000);
  const bin = indexOf(world, "a").binOf("demo");
  const asked = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  world.network.interpose(async (request, honest) => {
    const isOld = request.url.pathname === `/tuf/1.${bin}.json`;
    if (isOld && request.url.host === "a.example") {
      asked.resolve();
      await held.promise;
    }
    return await honest(request);
  });
  const offer = offered(world);
  await asked.promise;
  const other = ["p0", "p1", "p2", "p3", "p4"].find(
    (name) => indexOf(world, "a").binOf(name) !== bin,
  );
  assert.equal((await world.page(other ?? "")).code, "project.unknown");
  held.resolve();
  assert.deepEqual(await offer, [wheel("1.0")]);
});

test("what was published a moment ago is found before anybody is told that it is not there", async () => {
  const world = await createMapWorld(["a", "b", "c"], [mapping("a b c", 2)]);
  assert.equal((await world.page("demo")).code, "project.unknown");
  const file = await publishAt(world, "a b c", "1.0");
  assert.equal((await world.page("demo")).status, 200);
  const next = await publishAt(world, "a b c", "2.0");
  // Not on any page that was served: the file's request looks anew.
  assert.equal((await world.ask(pathOf(next))).status, 200);
  assert.equal((await world.ask(pathOf(file))).status, 200);
});

test("an agreed page says who agrees, and how many files are held back", async () => {
  const world = await createMapWorld(["a", "b", "c"], [mapping("a b c", 2)]);
  await publishAt(world, "a c", "1.0");
  await publishAt(world, "a", "2.0");
  await publishAt(world, "b", "3.0");
  const page = await world.page("demo");
  assert.deepEqual(
    parsePage(page.bytes).files.map(({ filename }) => filename),
    [wheel("1.0")],
  );
  assert.match(
    page.headers["x-holdfast"] ?? "",
    /^a: verified;.* \| b: verified;.* \| c: verified;.* \| agreed by 2, 2 files held back$/,
  );
  const told = world.events.filter(({ event }) => event === "held-back");
  assert.deepEqual(told, [{ event: "held-back", project: "demo", files: 2 }]);
  await world.page("demo");
  assert.equal(world.events.filter(({ event }) => event === "held-back").length, 1);
});

test("two of three agree while one is dead, and when it is back", async () => {
  const world = await createMapWorld(["a", "b", "c"], [mapping("a b c", 2)]);
  const file = await publishAt(world, "a b c", "1.0");
  world.network.serve("https://b.example", undefined);
  assert.deepEqual(await offered(world), [wheel("1.0")]);
  assert.equal((await world.ask(pathOf(file))).status, 200);
  world.network.serve("https://b.example", indexOf(world, "b").answer);
  world.clock.advance(11_000);
  assert.deepEqual(await offered(world), [wheel("1.0")]);
});

test("one of three has nobody to agree with", async () => {
  const world = await createMapWorld(["a", "b", "c"], [mapping("a b c", 2)]);
  const file = await publishAt(world, "a b c", "1.0");
  for (const name of ["a", "b"]) world.network.serve(`https://${name}.example`, undefined);
  for (const path of [`/${mapName}/simple/demo/`, pathOf(file)]) {
    const answer = await world.ask(path);
    assert.deepEqual([answer.status, answer.code], [503, "network.connect"]);
    assert.match(answer.reason, /^network\.connect: a: /);
  }
});

test("bytes come from whichever agreeing index has them", async () => {
  const world = await createMapWorld(["a", "b"], [mapping("a b", 2)]);
  const file = await publishAt(world, "a b", "1.0");
  indexOf(world, "a").objects.set(pathOf(file).replace(`/${mapName}`, ""), new Uint8Array([1]));
  await world.page("demo");
  const answer = await world.ask(pathOf(file));
  assert.deepEqual([answer.status, answer.text], [200, "bytes of 1.0"]);
  assert.match(answer.headers["x-holdfast"] ?? "", /^b: /);
  assert.deepEqual(await world.refused(), ["a file.length"]);
});

test("who denies a file or a project does not vouch for it any more", async () => {
  const world = await createMapWorld(["a", "b"], [mapping("a b", 2)]);
  const file = await publishAt(world, "a b", "1.0");
  await publishAt(world, "a b", "0.9");
  assert.equal((await world.ask(pathOf(file))).status, 200);
  const denial = { project: file.project, reason: "steals tokens", time: "2026-11-21T08:00:00Z" };
  await indexOf(world, "a").deny({ ...denial, filename: file.filename });
  world.clock.advance(11_000);
  assert.deepEqual(await offered(world), [wheel("0.9")]);
  const answer = await world.ask(pathOf(file));
  assert.notEqual(answer.status, 200);
  await indexOf(world, "a").deny(denial);
  world.clock.advance(11_000);
  const denied = await world.page("demo");
  assert.deepEqual([denied.status, denied.code], [451, "file.denied"]);
  assert.match(denied.reason, /^file\.denied: a: The index has taken back demo/);
});

test("one index alone that denies a project is not stood in for", async () => {
  const world = await createMapWorld(["a", "b"], [mapping("a", 1, false), mapping("b")]);
  const file = await publishAt(world, "a b", "1.0");
  const time = "2026-11-21T08:00:00Z";
  await indexOf(world, "a").deny({ project: file.project, reason: "evil", time });
  const page = await world.page("demo");
  assert.deepEqual([page.status, page.code], [451, "file.denied"]);
  assert.equal((await world.ask(pathOf(file))).status, 403);
});

test("too few that have a project are refused where the mapping terminates, and passed where it does not", async () => {
  const files = async (terminating: boolean): Promise<MapWorld> => {
    const mappings = [mapping("a b", 2, terminating), mapping("c")];
    const world = await createMapWorld(["a", "b", "c"], mappings);
    await publishAt(world, "a", "1.0");
    await publishAt(world, "c", "3.0");
    return world;
  };
  const refused = await (await files(true)).page("demo");
  assert.deepEqual([refused.status, refused.code], [451, "map.agreement"]);
  assert.deepEqual(await offered(await files(false)), [wheel("3.0")]);
});

test("a quarantine that enough say is kept, also for files of locks", async () => {
  const world = await createMapWorld(["a", "b", "c", "d"], [mapping("a b c d", 2)]);
  const file = await publishAt(world, "a b", "1.0");
  const shut = new TextEncoder().encode(
    '{"files":[],"meta":{"api-version":"1.4"},"name":"demo","project-status":{"status":"quarantined"},"versions":[]}',
  );
  for (const name of ["c", "d"]) await indexOf(world, name).publishPage("demo", shut);
  const page = await world.page("demo");
  assert.deepEqual(parsePage(page.bytes).files, []);
  const answer = await world.ask(pathOf(file));
  assert.deepEqual([answer.status, answer.code], [404, "file.not-listed"]);
});

test("judge() answers what a file on a disk is judged by, and report() every index", async () => {
  const world = await createMapWorld(["a", "b"], [mapping("a b", 2)]);
  const file = await publishAt(world, "a b", "1.0");
  await publishAt(world, "a", "2.0");
  const judged = await world.proxy().judge(file.project);
  assert.ok(judged.kind === "judged");
  assert.deepEqual(
    judged.page?.files.map(({ filename }) => filename),
    [file.filename],
  );
  const unknown = await world.proxy().judge(normaliseProjectName("nothing"));
  assert.deepEqual(unknown, { kind: "judged", page: undefined, denials: [] });
  const status = JSON.parse((await world.ask("/-/status")).text);
  assert.deepEqual(
    [status.holdfast, status.map, status.indexes.a.kind, status.indexes.b.kind],
    ["proxy", mapName, "verified", "verified"],
  );
  world.network.serve("https://b.example", undefined);
  world.restart();
  world.clock.advance(40 * 86_400_000);
  const stands = await world.proxy().stand();
  assert.ok(stands.every(({ sentence }) => sentence.startsWith("b: ")));
});

/** One index under two names, believed by different roots of its chain, and another. */
async function oneVoiceWorld(...mappings: readonly Mapping[]): Promise<MapWorld> {
  const index = await new SimIndex("one ").open();
  await index.tuf.publish("root", "root");
  const given = new Map([
    ["a", { index, rootVersion: 1 }],
    ["b", { index, rootVersion: 3 }],
  ]);
  return await createMapWorld(["a", "b", "c"], mappings, { given });
}

test("one index under two names, by different roots of its chain, does not agree with itself", async () => {
  const world = await oneVoiceWorld(
    mapping("a", 1, true, "alone"),
    mapping("a c", 2, true, "two"),
    mapping("a b", 2),
  );
  const file = await publishAt(world, "a", "1.0");
  for (const answer of [await world.page("demo"), await world.ask(pathOf(file))]) {
    assert.equal(answer.code, "map.one-voice");
    assert.match(answer.reason, /a and b are one index: both follow the root sha256:/);
  }
  assert.deepEqual(await world.refused(), ["map.one-voice"]);
  const [stands] = await world.proxy().stand();
  assert.equal(stands?.code, "map.one-voice");
  // What rests on one of them is not stopped, and with another index one of them does agree.
  await indexOf(world, "a").publishFile("alone-1.0-py3-none-any.whl", "alone");
  assert.equal((await world.page("alone")).status, 200);
  for (const name of ["a", "c"]) await indexOf(world, name).publishFile("two-1.0.tar.gz", "two");
  world.clock.advance(11_000);
  assert.equal((await world.page("two")).status, 200);
});

test("one index under two names is one voice also where one of them lags behind", async () => {
  const world = await oneVoiceWorld(mapping("a b", 2));
  await indexOf(world, "a").tuf.publish("root");
  world.network.interpose(async (request, honest) => {
    const isKept = request.url.host === "b.example" && request.url.pathname === "/tuf/4.root.json";
    return isKept ? notFound : await honest(request);
  });
  await publishAt(world, "a", "1.0");
  assert.equal((await world.page("demo")).code, "map.one-voice");
  const roots = ["a", "b"].map((name) => Math.max(...world.member(name).trusted.roots.keys()));
  assert.deepEqual(roots, [4, 3]);
});

test("indexes that become one are found out by the root both stand on from then", async () => {
  const world = await createMapWorld(["a", "b"], [mapping("a b", 2)]);
  await publishAt(world, "a b", "1.0");
  assert.equal((await world.page("demo")).status, 200);
  const { trusted } = world.member("b");
  const own = indexOf(world, "a").tuf;
  await own.publish("root");
  // The network of b leads to a, and its state says that it follows from what was believed before.
  await trusted.writeRoot(2, own.files.get("2.root.json") ?? new Uint8Array());
  world.network.serve("https://b.example", indexOf(world, "a").answer);
  world.restart();
  for (const name of ["snapshot", "timestamp", "targets"]) await trusted.deleteRole(name);
  assert.equal((await world.page("demo")).code, "map.one-voice");
});

test("of one index under two names the second does not stand in for the first", async () => {
  const world = await oneVoiceWorld(mapping("a b"));
  assert.equal((await world.page("demo")).code, "map.one-voice");
  await publishAt(world, "a", "1.0");
  world.clock.advance(11_000);
  assert.deepEqual(await offered(world), [wheel("1.0")]);
});
