import assert from "node:assert/strict";
import { test } from "node:test";
import type { Change, ChangeResult } from "#formats/door/change.ts";
import { normaliseProjectName } from "#formats/python/project-name.ts";
import { DAY, HOUR, createSimClock } from "#world/sim-clock.ts";
import type { SimClock } from "#world/sim-clock.ts";
import { createSeededRandom } from "#world/seeded-random.ts";
import {
  createSignerWorld,
  createSimSigner,
  createWorldClient,
  storeSdist,
} from "#world/sim-signer.ts";
import type { SignerWorld } from "#world/sim-signer.ts";
import type { SignerConfig } from "#formats/config/config.ts";
import type { Publisher } from "./publisher.ts";
import { publicationLimits } from "./limits.ts";

type Scene = {
  readonly clock: SimClock;
  readonly world: SignerWorld;
  readonly signer: Publisher;
};

async function aScene(config: Partial<SignerConfig> = {}): Promise<Scene> {
  const clock = createSimClock("2026-01-02T00:00:00Z");
  const world = await createSignerWorld(clock.now, createSeededRandom(1).bytes, config);
  const signer = createSimSigner(world);
  await signer.start();
  return { clock, world, signer };
}

const demo = normaliseProjectName("demo");

function code(result: ChangeResult): string {
  return result.outcome === "refused" ? result.code : result.outcome;
}

async function filesOf(world: SignerWorld, project = demo): Promise<readonly string[] | "absent"> {
  const page = await (await createWorldClient(world)).readPage(project);
  return page === "absent" ? page : page.files.map(({ filename }) => filename);
}

test("submit() answers when every client can verify the file", async () => {
  const { signer, world } = await aScene();
  const client = await createWorldClient(world);
  assert.equal(await client.readPage(demo), "absent");
  const result = await signer.submit(storeSdist(world, "demo", "1.0"));
  assert.equal(result.outcome, "published");
  const page = await client.readPage(demo);
  assert.notEqual(page, "absent");
  assert.deepEqual(await filesOf(world), ["demo-1.0.tar.gz"]);
  assert.deepEqual(result.outcome === "published" && result.page.serial, signer.status().serial);
  assert.deepEqual(world.tree.faults, []);
});

test("yank, status and removal reach clients", async () => {
  const { signer, world } = await aScene();
  const client = await createWorldClient(world);
  await signer.submit(storeSdist(world, "demo", "1.0"));
  const file = { project: demo, filename: "demo-1.0.tar.gz" };
  await signer.submit({ kind: "yank-file", id: "1", ...file, yanked: "broken" });
  let page = await client.readPage(demo);
  assert.ok(page !== "absent");
  assert.equal(page.files[0]?.yanked, "broken");
  await signer.submit({
    kind: "set-status",
    id: "2",
    project: demo,
    status: "quarantined",
    reason: "malware",
  });
  page = await client.readPage(demo);
  assert.ok(page !== "absent");
  assert.deepEqual([page.status, page.statusReason, page.files], ["quarantined", "malware", []]);
  await signer.submit({ kind: "remove-file", id: "3", ...file });
  await signer.submit({ kind: "set-status", id: "4", project: demo, status: "active" });
  page = await client.readPage(demo);
  assert.ok(page !== "absent");
  assert.deepEqual([page.status, page.files, page.versions], ["active", [], []]);
});

test("what changes while a quarantine hides it is kept, over a restart", async () => {
  const { clock, signer, world } = await aScene();
  const client = await createWorldClient(world);
  const wheel = "demo-1.0-py3-none-any.whl";
  const sdist = storeSdist(world, "demo", "1.0");
  const other = storeSdist(world, "demo", "1.0", "wheel");
  await signer.submit(sdist);
  await signer.submit({ ...other, id: "wheel", filename: wheel });
  const status = { kind: "set-status", project: demo } as const;
  await signer.submit({ ...status, id: "1", status: "quarantined" });
  const hidden = await client.readPage(demo);
  const { project } = sdist;
  await signer.submit({ kind: "remove-file", id: "2", project, filename: sdist.filename });
  await signer.submit({ kind: "yank-file", id: "3", project, filename: wheel, yanked: "broken" });
  assert.deepEqual(await client.readPage(demo), hidden);
  await signer.stop();
  clock.advance(HOUR);
  const again = createSimSigner(world);
  await again.start();
  assert.equal((await again.submit({ ...status, id: "4", status: "active" })).outcome, "published");
  const page = await client.readPage(demo);
  assert.ok(page !== "absent");
  assert.deepEqual(
    page.files.map(({ filename, yanked }) => [filename, yanked]),
    [[wheel, "broken"]],
  );
  assert.deepEqual(world.tree.faults, []);
});

test("a batch touches its pages, their bins, snapshot and timestamp, and nothing else", async () => {
  const { signer, world } = await aScene();
  const before = new Set(world.tree.names);
  await Promise.all([
    signer.submit(storeSdist(world, "demo", "1.0")),
    signer.submit(storeSdist(world, "demo", "2.0")),
  ]);
  const made = [...world.tree.names].filter((name) => !before.has(name));
  const kinds = made.map((name) => name.replace(/[0-9a-f]{64}/, "…").replace(/bin-./, "bin"));
  assert.deepEqual(kinds, [
    "targets/simple/demo/….index.json",
    "tuf/2.bin.json",
    "tuf/2.snapshot.json",
    "timestamp 2",
  ]);
});

test("the same id is the same change: sent again it is answered again, and nothing is signed", async () => {
  const { signer, world } = await aScene();
  const change = storeSdist(world, "demo", "1.0");
  const [first, twin] = await Promise.all([signer.submit(change), signer.submit(change)]);
  assert.deepEqual(twin, first);
  const { batch } = signer.status();
  assert.deepEqual(await signer.submit({ ...change }), first);
  const other = { ...change, size: change.size + 1 };
  assert.equal(code(await signer.submit(other)), "change.id-reused");
  assert.equal(signer.status().batch, batch);
  const next = storeSdist(world, "demo", "2.0");
  const race = await Promise.all([signer.submit(next), signer.submit({ ...next, version: "3.0" })]);
  assert.deepEqual(race.map(code), ["published", "change.id-reused"]);
  await signer.stop();
  const again = createSimSigner(world);
  await again.start();
  assert.deepEqual(await again.submit(change), first);
  assert.equal(code(await again.submit(other)), "change.id-reused");
});

test("what changes nothing is answered with the current page and signs nothing", async () => {
  const { signer, world } = await aScene();
  const first = await signer.submit(storeSdist(world, "demo", "1.0"));
  assert.ok(first.outcome === "published");
  const made = world.tree.names.size;
  const again = { ...storeSdist(world, "demo", "1.0"), id: "again" };
  assert.deepEqual(await signer.submit(again), { ...first, id: "again" });
  const yank = { kind: "yank-file", project: demo, filename: again.filename } as const;
  assert.deepEqual(await signer.submit({ ...yank, id: "y", yanked: false }), { ...first, id: "y" });
  assert.equal(world.tree.names.size, made);
});

test("a file whose stored bytes are missing, other or longer is not vouched for", async () => {
  const { signer, world } = await aScene();
  const missing = storeSdist(world, "demo", "1.0");
  const changed = storeSdist(world, "demo", "2.0");
  const longer = { ...storeSdist(world, "demo", "3.0"), size: 1 };
  const good = storeSdist(world, "demo", "4.0");
  const noMetadata = { ...storeSdist(world, "demo", "5.0"), coreMetadata: "ab".repeat(32) };
  world.files.delete(missing.sha256);
  world.files.set(changed.sha256, new TextEncoder().encode("evil"));
  const results = await Promise.all(
    [missing, changed, longer, good, noMetadata].map((change) => signer.submit(change)),
  );
  const bad = "upload.stored-bytes";
  assert.deepEqual(results.map(code), [bad, bad, bad, "published", bad]);
  assert.deepEqual(await filesOf(world), ["demo-4.0.tar.gz"]);
  world.files.set(missing.sha256, world.files.get(good.sha256) ?? new Uint8Array());
  assert.equal(code(await signer.submit(missing)), bad);
});

test("a refused change leaves the batch alone", async () => {
  const { signer, world } = await aScene();
  const changes: readonly Change[] = [
    storeSdist(world, "demo", "1.0"),
    { kind: "remove-file", id: "no", project: demo, filename: "demo-9.tar.gz" },
    { ...storeSdist(world, "demo", "1.0", "other"), id: "reused" },
    storeSdist(world, "other", "1.0"),
  ];
  const results = await Promise.all(changes.map((change) => signer.submit(change)));
  assert.deepEqual(results.map(code), [
    "published",
    "file.unknown",
    "upload.filename-reused",
    "published",
  ]);
  assert.equal(signer.status().batch, 2);
});

test("a batch takes what arrived before it began, each change in a turn of its own", async () => {
  const clock = createSimClock("2026-01-02T00:00:00Z");
  const world = await createSignerWorld(clock.now, createSeededRandom(1).bytes);
  const rest: Change[] = [];
  const answers: Promise<ChangeResult>[] = [];
  const signer = createSimSigner(world, {
    gather: async () => {
      for (const change of rest.splice(0)) answers.push(signer.submit(change));
    },
  });
  await signer.start();
  const { batch } = signer.status();
  const [first, ...others] = ["1.0", "1.1", "1.2"].map((v) => storeSdist(world, "demo", v));
  assert.ok(first !== undefined);
  rest.push(...others);
  answers.push(signer.submit(first));
  await answers[0];
  assert.equal(signer.status().batch, batch + 1);
  assert.deepEqual((await Promise.all(answers)).map(code), Array(3).fill("published"));
});

test("a batch waits for more as long as each turn brings one", async () => {
  const clock = createSimClock("2026-01-02T00:00:00Z");
  const world = await createSignerWorld(clock.now, createSeededRandom(1).bytes);
  const [first, ...rest] = ["1.0", "1.1", "1.2", "1.3"].map((v) => storeSdist(world, "demo", v));
  assert.ok(first !== undefined);
  const answers: Promise<ChangeResult>[] = [];
  let turns = 0;
  const signer = createSimSigner(world, {
    gather: async () => {
      turns += 1;
      for (const change of rest.splice(0, 1)) answers.push(signer.submit(change));
    },
  });
  await signer.start();
  const { batch } = signer.status();
  answers.push(signer.submit(first));
  await answers[0];
  assert.equal(signer.status().batch, batch + 1);
  assert.equal(turns, 4, "the one that brings nobody is the last");
  assert.deepEqual((await Promise.all(answers)).map(code), Array(4).fill("published"));
});

test("a batch takes a thousand changes", async () => {
  const { signer, world } = await aScene();
  const count = publicationLimits.batchChangesMax + 1;
  const changes = Array.from({ length: count }, (_, at) => storeSdist(world, "demo", `${at}`));
  const results = await Promise.all(changes.map((change) => signer.submit(change)));
  assert.ok(results.every(({ outcome }) => outcome === "published"));
  assert.equal(signer.status().batch, 3);
  assert.equal((await filesOf(world)).length, count);
});

test("a smallest interval gathers changes", async () => {
  const clock = createSimClock("2026-01-02T00:00:00Z");
  const random = createSeededRandom(1).bytes;
  const world = await createSignerWorld(clock.now, random, { batchIntervalMs: 5_000 });
  const waits: number[] = [];
  const wait = async (ms: number): Promise<void> => {
    waits.push(ms);
    clock.advance(ms);
  };
  const signer = createSimSigner(world, { wait });
  await signer.start();
  await signer.submit(storeSdist(world, "demo", "1.0"));
  clock.advance(1_000);
  await signer.submit(storeSdist(world, "demo", "2.0"));
  clock.advance(6_000);
  await signer.submit(storeSdist(world, "demo", "3.0"));
  assert.deepEqual(waits, [4_000]);
});

test("bins double as projects come, and clients follow", async () => {
  const { signer, world } = await aScene({ binsBitLength: 1 });
  const client = await createWorldClient(world);
  const names = Array.from({ length: 2_200 }, (_, at) => `p${at}`);
  assert.equal(signer.status().bins, 2);
  const seen = new Set<number>();
  for (let at = 0; at < names.length; at += 100) {
    const some = names.slice(at, at + 100).map((name) => storeSdist(world, name, "1.0"));
    await Promise.all(some.map((change) => signer.submit(change)));
    seen.add(signer.status().bins);
    const last = some.at(-1);
    assert.ok(last !== undefined);
    assert.notEqual(await client.readPage(last.project), "absent");
  }
  assert.deepEqual([...seen], [2, 4, 8, 16, 32, 64]);
  const view = await client.refresh();
  for (const name of names) {
    const page = await client.findPage(view, normaliseProjectName(name));
    assert.notEqual(page, "absent", name);
  }
  assert.ok(view.snapshot.value.meta.get("bin-0"), "no role ever leaves the snapshot");
  assert.deepEqual(world.tree.faults, []);
});

test("renewDue() renews at half life, bins one after the other, and lets clients verify", async () => {
  const { clock, signer, world } = await aScene();
  const client = await createWorldClient(world);
  await signer.submit(storeSdist(world, "demo", "1.0"));
  const sizes: number[] = [];
  for (let at = new Date(clock.now()); sizes.length < 60; at = clock.now()) {
    const due = signer.nextDueAt();
    assert.ok(due > at, "nothing is left that is due");
    clock.set(due);
    const before = world.tree.names.size;
    await signer.renewDue();
    sizes.push(world.tree.names.size - before);
    assert.notEqual(await client.readPage(demo), "absent");
  }
  assert.ok(Math.max(...sizes) <= 6, "renewals do not come all at once");
  assert.ok(signer.status().roles.every(({ offline, due }) => offline || !due));
});

test("renewDue() sweeps what was replaced an hour ago, and keeps what is named", async () => {
  const { clock, signer, world } = await aScene();
  const client = await createWorldClient(world);
  await signer.submit(storeSdist(world, "demo", "1.0"));
  await signer.submit(storeSdist(world, "demo", "2.0"));
  const pages = [...world.tree.keys()].filter((path) => path.startsWith("targets/"));
  clock.advance(HOUR - 1);
  await signer.renewDue();
  assert.ok(world.tree.has("tuf/1.snapshot.json"));
  clock.advance(2);
  await signer.renewDue();
  assert.equal(world.tree.has("tuf/1.snapshot.json"), false);
  assert.equal(world.tree.has("tuf/2.snapshot.json"), false);
  assert.equal([...world.tree.keys()].filter((path) => /\.bin-/.test(path)).length, 16);
  assert.ok(world.tree.has("tuf/1.root.json"));
  for (const path of pages) assert.ok(world.tree.has(path), path);
  assert.notEqual(await client.readPage(demo), "absent");
  clock.advance(40 * DAY);
  await signer.renewDue();
  clock.advance(2 * HOUR);
  await signer.renewDue();
  assert.notEqual(await client.readPage(demo), "absent");
  assert.equal(
    [...world.tree.keys()].filter((path) => /\.(deny|unclaimed)\./.test(path)).length,
    2,
  );
});

test("start() brings up to date what expired while the signer was off", async () => {
  const { clock, signer, world } = await aScene();
  await signer.submit(storeSdist(world, "demo", "1.0"));
  await signer.stop();
  clock.advance(100 * DAY);
  const client = await createWorldClient(world);
  await assert.rejects(client.readPage(demo), { code: "tuf.expired" });
  const again = createSimSigner(world);
  await again.start();
  assert.notEqual(await client.readPage(demo), "absent");
});

test("a shorter lifetime in the configuration counts at the next start", async () => {
  const { signer, world } = await aScene();
  await signer.stop();
  const { lifetimes } = world.config;
  const config = { ...world.config, lifetimes: { ...lifetimes, timestamp: 3_000 } };
  const again = createSimSigner({ ...world, config });
  await again.start();
  const { clock } = world;
  assert.ok(again.nextDueAt().getTime() - clock().getTime() <= 1_500);
});

test("a clock that goes back lowers no version and no time", async () => {
  const { clock, signer, world } = await aScene();
  await signer.submit(storeSdist(world, "demo", "1.0"));
  const before = signer.status();
  clock.advance(-10 * DAY);
  await signer.submit(storeSdist(world, "demo", "2.0"));
  await signer.renewDue();
  const after = signer.status();
  assert.equal(after.clockBehindMs, 10 * DAY);
  for (const role of before.roles) {
    const next = after.roles.find(({ role: name }) => name === role.role);
    assert.ok(next !== undefined && next.version >= role.version);
    assert.ok(next.expires >= role.expires, role.role);
  }
  await signer.stop();
  const again = createSimSigner(world);
  await again.start();
  await again.submit(storeSdist(world, "demo", "3.0"));
  assert.deepEqual(world.tree.faults, []);
});

test("a second signer takes over, and the first one ends without having published", async () => {
  const { signer, world } = await aScene();
  const second = createSimSigner(world);
  await second.start();
  const lost = storeSdist(world, "demo", "1.0");
  await assert.rejects(signer.submit(lost), { code: "signer.fenced" });
  assert.deepEqual(await signer.halted.then((error) => error instanceof Error), true);
  await assert.rejects(signer.submit(lost), { code: "signer.fenced" });
  await assert.rejects(signer.renewDue(), { code: "signer.fenced" });
  assert.equal((await second.submit(lost)).outcome, "published");
  assert.deepEqual(await filesOf(world), ["demo-1.0.tar.gz"]);
  assert.deepEqual(world.tree.faults, []);
});

test("readPages() answers the newest visible pages by serial", async () => {
  const { signer, world } = await aScene();
  await signer.submit(storeSdist(world, "demo", "1.0"));
  await signer.submit(storeSdist(world, "other", "1.0"));
  await signer.submit(storeSdist(world, "demo", "2.0"));
  const pages = await signer.readPages(0, 10);
  assert.deepEqual(
    pages.map(({ project, serial }) => `${project} ${serial}`),
    ["other 2", "demo 3"],
  );
  assert.deepEqual(await signer.readPages(3, 10), []);
  assert.equal((await signer.readPages(0, 1)).length, 1);
});

test("start() says what is missing where nothing was ever published", async () => {
  const { world } = await aScene();
  const empty = { ...world, disk: (await aScene()).world.disk };
  empty.disk.roles.clear();
  const signer = createSimSigner(empty, { firstMetadata: async () => undefined });
  await assert.rejects(signer.start(), { code: "signer.not-initialised" });
});

test("stop() finishes the batch that runs, and takes no more", async () => {
  const { signer, world } = await aScene();
  const running = signer.submit(storeSdist(world, "demo", "1.0"));
  await Promise.resolve();
  await Promise.resolve();
  const stopped = signer.stop();
  const late = signer.submit(storeSdist(world, "demo", "2.0"));
  await assert.rejects(late, { code: "signer.unreachable" });
  await stopped;
  assert.equal((await running).outcome, "published");
});
