/**
 * Attacks on a map of several indexes: dependency confusion in all its forms, and one stolen index among several. Each
 * begins with an honest run, and ends with what the proxy believes being what it was.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Mapping } from "#formats/config/proxy-config.ts";
import { createMapWorld, mapName } from "#world/map-world.ts";
import type { MapWorld } from "#world/map-world.ts";
import type { SimFile, SimIndex } from "#world/sim-index.ts";
import { notFound } from "#world/sim-index.ts";
import type { Interposer } from "#world/sim-network.ts";
import { assertRefused, assertServed } from "./outcome.ts";
import type { Outcome } from "./outcome.ts";
import { installFrom, publish } from "./scene.ts";

const closed: readonly Mapping[] = [
  { names: ["acme-*"], indexes: ["own"], agree: 1, terminating: true },
  { names: ["*"], indexes: ["public"], agree: 1, terminating: true },
];
/** Legal, and warned about at start: what the own index does not have comes from the other. */
const open: readonly Mapping[] = [
  { names: ["*"], indexes: ["own"], agree: 1, terminating: false },
  { names: ["*"], indexes: ["public"], agree: 1, terminating: true },
];
const twoOfThree: readonly Mapping[] = [
  { names: ["*"], indexes: ["a", "b", "c"], agree: 2, terminating: true },
];
const both: readonly Mapping[] = [
  { names: ["*"], indexes: ["a", "b"], agree: 2, terminating: true },
];

const install = (world: MapWorld, file: SimFile, agent: "pip" | "uv" = "uv"): Promise<Outcome> =>
  installFrom(world, file, { agent }, mapName);

/** An own project that the public index does not know yet, installed once; another of the public one. */
async function twoIndexes(mappings: readonly Mapping[]): Promise<{
  readonly world: MapWorld;
  readonly own: SimIndex;
  readonly foreign: SimIndex;
  readonly file: SimFile;
}> {
  const world = await createMapWorld(["own", "public"], mappings);
  const own = world.member("own").index;
  const foreign = world.member("public").index;
  const file = await publish(own, "acme_core");
  const other = await publish(foreign, "numbers");
  assertServed(await install(world, file), file.bytes, "the honest run");
  assertServed(await install(world, other), other.bytes, "the honest run of the public index");
  return { world, own, foreign, file };
}

/** The same wheel at every index. */
async function mirrored(names: readonly string[], mappings: readonly Mapping[]) {
  const world = await createMapWorld(names, mappings);
  const indexes = names.map((name) => world.member(name).index);
  const publishAll = async (version: string, among = indexes): Promise<SimFile> => {
    const files: SimFile[] = [];
    for (const index of among) files.push(await publish(index, "demo", version));
    const [first] = files;
    assert.ok(first);
    return first;
  };
  const file = await publishAll("1.0");
  assertServed(await install(world, file), file.bytes, "the honest run");
  return { world, indexes, file, publishAll };
}

async function assertEachRefused(
  world: MapWorld,
  file: SimFile,
  code: string,
  what: string,
): Promise<void> {
  const before = world.trustedState();
  for (const agent of ["pip", "uv"] as const) {
    world.clock.advance(1_500);
    assertRefused(await install(world, file, agent), code, `${what} (${agent})`);
  }
  assert.equal(world.trustedState(), before, `The attack succeeded: ${what} changed trust`);
}

/** Someone between the proxy and one index. */
const before = (host: string, answer: Interposer): Interposer => {
  return async (request, honest) =>
    request.url.host === host ? await answer(request, honest) : await honest(request);
};

test("I1 a public index offers an own project in a higher version, or the same with other bytes", async () => {
  const { foreign, file, world } = await twoIndexes(closed);
  const higher = await publish(foreign, "acme_core", "99.0", "evil");
  const same = await publish(foreign, "acme_core", "1.0", "evil too");
  const alone = await publish(foreign, "acme_secret", "1.0", "evil and alone");
  world.clock.advance(11_000);
  for (const agent of ["pip", "uv"] as const) {
    const page = await world.page("acme-core", { agent });
    const offers = page.text.includes(higher.filename) || page.text.includes(same.sha256);
    assert.ok(!offers, "The attack succeeded: the page offers what the public index lists");
    assertServed(await install(world, file, agent), file.bytes, "an own project");
    const secret = await world.page("acme-secret", { agent });
    assert.ok(secret.status !== 200, "The attack succeeded: an own name came from elsewhere");
    assert.equal(secret.code, "project.unknown");
  }
  const asked = world.network.requests.filter(({ url }) => url.host === "public.example");
  const strayed = asked.filter(({ url }) => url.pathname.includes("acme"));
  assert.deepEqual(strayed, [], "the public index does not even hear own names' pages");
  assert.ok(alone.bytes.length > 0);
});

test("I2 a file request is steered to another index", async () => {
  const { foreign, file, world } = await twoIndexes(closed);
  const evil = await publish(foreign, "acme_core", "99.0", "evil");
  // Somebody made the proxy fetch it before, for a project of the public index: its bytes are in the cache.
  const decoy = await foreign.publishFile("numbers-99.0-py3-none-any.whl", "evil");
  world.clock.advance(11_000);
  assertServed(await install(world, decoy), decoy.bytes, "what is the public index's");
  for (const path of [
    `/${mapName}/files/acme-core/${evil.sha256}/${evil.filename}`,
    `/${mapName}/files/acme-core/${evil.sha256}/${file.filename}`,
    `/${mapName}/files/acme-core/${evil.sha256}/${evil.filename}.metadata`,
    `/public/files/acme-core/${evil.sha256}/${evil.filename}`,
  ]) {
    const answer = await world.ask(path);
    assert.ok(answer.status !== 200, `The attack succeeded: ${path} was answered`);
    assert.match(answer.code ?? "", /^(?:file\.not-listed|request\.path)$/);
  }
});

test("I3 the own index is blocked, so that the public one answers", async () => {
  const { foreign, own, world } = await twoIndexes(open);
  const evil = await publish(foreign, "acme_core", "1.0", "evil");
  const fresh = await publish(foreign, "acme_new", "1.0", "evil");
  const gone: Interposer = async () => ({ status: 503, body: new Uint8Array() });
  const ways: readonly (readonly [code: string, attack: Interposer])[] = [
    ["network.status", gone],
    [
      "tuf.missing",
      async ({ url }, honest) =>
        /bin-/.test(url.pathname) ? notFound : await honest({ url, headers: {} }),
    ],
    ["network.redirect", async () => ({ status: 302, body: new Uint8Array() })],
  ];
  for (const [code, attack] of ways) {
    // A version of each bin that the proxy has not got.
    for (let at = 0; at < 4; at += 1) await publish(own, `noise_${at}`);
    world.network.interpose(before("own.example", attack));
    world.restart();
    world.clock.advance(61_000);
    // What it has is served from the last verified view or refused; what it may have by now is refused.
    for (const agent of ["pip", "uv"] as const) {
      const known = await install(world, evil, agent);
      const isEvil = known.kind === "served" && Buffer.from(known.bytes).equals(evil.bytes);
      assert.ok(!isEvil, `The attack succeeded: ${code}: an own project came from elsewhere`);
      world.clock.advance(1_500);
    }
    await assertEachRefused(world, fresh, code, "an own index that is blocked");
  }
  world.network.interpose(undefined);
  world.clock.advance(61_000);
  assertServed(
    await install(world, fresh),
    fresh.bytes,
    "absent by its own word: what the map says",
  );
});

test("I4 the own index is replayed from before it had the project", async () => {
  const { foreign, own, world } = await twoIndexes(open);
  const old = new Map(own.tuf.files);
  const mine = await publish(own, "acme_new");
  await publish(foreign, "acme_new", "1.0", "evil");
  world.clock.advance(11_000);
  assertServed(await install(world, mine), mine.bytes, "the own project");
  world.network.interpose(
    before("own.example", async (request, honest) => {
      const body = old.get(request.url.pathname.replace("/tuf/", ""));
      return body === undefined ? await honest(request) : { status: 200, body };
    }),
  );
  world.clock.advance(11_000);
  await assertEachRefused(world, mine, "tuf.rollback", "an old own index");
});

test("I5 the public index stands at the own index's address", async () => {
  const { foreign, own, world } = await twoIndexes(open);
  const evil = await publish(foreign, "acme_core", "2.0", "evil");
  for (let at = 0; at < 4; at += 1) await publish(foreign, `noise_${at}`);
  assert.ok(foreign.tuf.timestamp.version > own.tuf.timestamp.version);
  world.network.interpose(before("own.example", ({ url }) => foreign.answer({ url, headers: {} })));
  world.clock.advance(11_000);
  await assertEachRefused(world, evil, "tuf.threshold", "another index's metadata");
});

test("I6 one stolen index of three adds a file, and a project", async () => {
  const { file, indexes, world } = await mirrored(["a", "b", "c"], twoOfThree);
  const [stolen] = indexes;
  assert.ok(stolen);
  const added = await publish(stolen, "demo", "99.0", "evil");
  const project = await publish(stolen, "dem0", "1.0", "evil");
  world.clock.advance(11_000);
  const page = await world.page("demo");
  assert.ok(!page.text.includes(added.sha256), "The attack succeeded: its file is offered");
  assertServed(await install(world, file), file.bytes, "what the others list");
  const path = `/${mapName}/files/demo/${added.sha256}/${added.filename}`;
  const answer = await world.ask(path);
  assert.ok(answer.status !== 200, "The attack succeeded: its file is answered");
  assert.equal(answer.code, "file.not-listed");
  // What the thief signs with the stolen keys is that index's word, and nobody else's.
  await world.page("dem0");
  await assertEachRefused(world, project, "map.agreement", "a project of one");
  assert.ok(world.events.some((event) => event.event === "held-back" && event.files === 1));
});

test("I7 one stolen index of three gives a file other bytes, or takes it away", async () => {
  const { file, indexes, world } = await mirrored(["a", "b", "c"], twoOfThree);
  const [stolen] = indexes;
  assert.ok(stolen);
  const evil = await publish(stolen, "demo", "1.0", "evil");
  world.clock.advance(11_000);
  for (const agent of ["pip", "uv"] as const) {
    assertServed(await install(world, file, agent), file.bytes, "one of three says otherwise");
  }
  const path = `/${mapName}/files/demo/${evil.sha256}/${evil.filename}`;
  const answer = await world.ask(path);
  assert.ok(answer.status !== 200, "The attack succeeded: its bytes are answered");
  assert.deepEqual(
    (await world.refused()).filter((code) => code.startsWith("map.")),
    ["map.conflict"],
    "it is said aloud",
  );
  await stolen.removeFile(evil);
  world.clock.advance(11_000);
  assertServed(await install(world, file), file.bytes, "one of three has nothing");
  world.network.serve("https://a.example", undefined);
  world.restart();
  world.clock.advance(11_000);
  assertServed(await install(world, file), file.bytes, "one of three is dead");
});

test("I8 one of two gives the newest file other bytes: nobody gets an older one in silence", async () => {
  const { indexes, publishAll, world } = await mirrored(["a", "b"], both);
  const newest = await publishAll("2.0");
  world.clock.advance(11_000);
  assertServed(await install(world, newest), newest.bytes, "the honest run");
  const [stolen] = indexes;
  assert.ok(stolen);
  await publish(stolen, "demo", "2.0", "evil");
  world.clock.advance(11_000);
  await world.page("demo");
  await assertEachRefused(world, newest, "map.conflict", "two contents of one file");
  const [record] = await world.refusals.readRefusals();
  assert.match(
    String(record?.evidence["contents"]),
    /^a: sha256 [0-9a-f]{64}, 4 bytes; b: sha256 /,
  );
});

test("I9 one of two gives an agreed file other metadata", async () => {
  const { file, indexes, world } = await mirrored(["a", "b"], both);
  const [stolen] = indexes;
  assert.ok(stolen);
  const evil = await stolen.publishFile(file.filename, file.bytes, {
    metadata: "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\nRequires-Dist: evil\n",
  });
  world.clock.advance(11_000);
  const page = await world.page("demo");
  assert.ok(!page.text.includes("core-metadata"), "The attack succeeded: its metadata is offered");
  const path = `/${mapName}/files/demo/${evil.sha256}/${evil.filename}.metadata`;
  const answer = await world.ask(path);
  assert.ok(!answer.text.includes("evil"), "The attack succeeded: its metadata is answered");
  assert.equal(answer.code, "file.not-listed");
  assertServed(await install(world, file), file.bytes, "the file itself, which is agreed on");
});
