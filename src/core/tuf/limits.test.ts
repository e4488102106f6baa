/** Each bound of the client, met exactly and passed by one (specification 5.3.3, 5.4.1, 5.5.1, 5.6.1, 5.6.7.1). */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { answer, honestTufWorld, SimTufClient } from "#world/tuf-client.ts";
import type { SimTufWorld } from "#world/tuf-client.ts";
import { SimTufRepository } from "#world/tuf-repository.ts";
import { clientLimits } from "./limits.ts";
import type { ClientLimits } from "./limits.ts";
import { sizeMaxOf } from "./role-download.ts";

/** By file: its bound, and what is trusted of a new version of everything when this file is refused. */
const bounds: readonly (readonly [
  file: string,
  limit: keyof ClientLimits,
  trusted: Readonly<Record<string, number>>,
])[] = [
  ["2.root.json", "rootSizeMax", { root: 1, timestamp: 1, snapshot: 1, targets: 1 }],
  ["timestamp.json", "timestampSizeMax", { root: 2, timestamp: 1, snapshot: 1, targets: 1 }],
  ["2.snapshot.json", "snapshotSizeMax", { root: 2, timestamp: 2, snapshot: 1, targets: 1 }],
  ["2.targets.json", "targetsSizeMax", { root: 2, timestamp: 2, snapshot: 2, targets: 1 }],
  ["2.a.json", "targetsSizeMax", { root: 2, timestamp: 2, snapshot: 2, targets: 2 }],
];

/** A new version of everything, one file of it filled up with blanks behind its end. */
async function filledWorld(file: string, size: number): Promise<SimTufWorld> {
  const world = await honestTufWorld((repository) => repository.addTarget("a", "x", "content"));
  const { repository } = world;
  await repository.publish("root", "a", "targets", "snapshot", "timestamp");
  const filled = new Uint8Array(size).fill(0x20);
  filled.set(repository.files.get(file) ?? assert.fail(file));
  repository.answers.set(file, answer(filled));
  return world;
}

describe("a file may be as long as its bound and not a byte longer", () => {
  for (const [file, limit, trusted] of bounds) {
    test(`${file}: ${limit}`, async () => {
      const size = clientLimits[limit];
      const { client } = await filledWorld(file, size);
      assert.ok((await client.find("x")) !== "absent");
      const longer = (await filledWorld(file, size + 1)).client;
      await assert.rejects(longer.find("x"), { code: "tuf.length" });
      assert.deepEqual(await longer.trusted(), trusted);
    });
  }
});

test("every fetch carries the bounds of size, silence and time", async () => {
  const { client, repository } = await honestTufWorld((sim) => {
    sim.listsHashes = true;
    sim.addTarget("a", "x", "content");
  });
  await repository.publish("a", "targets", "snapshot", "timestamp");
  const seen = new Map<string, number>();
  const { fetch } = repository;
  Object.assign(repository, {
    fetch: (async (request, limits) => {
      const { idleMs, sizeMax, totalMs } = limits;
      assert.deepEqual([idleMs, totalMs], [10_000, 60_000]);
      seen.set(request.url.pathname.slice("/tuf/".length), sizeMax);
      return await fetch(request, limits);
    }) satisfies typeof fetch,
  });
  client.restart();
  await client.find("x");
  const lengthOf = (file: string): number | undefined => repository.files.get(file)?.byteLength;
  assert.deepEqual(Object.fromEntries(seen), {
    "2.root.json": clientLimits.rootSizeMax,
    "timestamp.json": clientLimits.timestampSizeMax,
    // A listed length replaces the bound of the kind.
    "2.snapshot.json": lengthOf("2.snapshot.json"),
    "2.targets.json": lengthOf("2.targets.json"),
    "2.a.json": lengthOf("2.a.json"),
  });
});

test("a listed length may be 64 MiB and not a byte longer", () => {
  const length = 64 * 1024 * 1024;
  assert.equal(sizeMaxOf({ length }, 10, clientLimits), length);
  assert.throws(() => sizeMaxOf({ length: length + 1 }, 10, clientLimits), { code: "tuf.length" });
});

test("no more verified roles stay in memory than the limit", async () => {
  const names = ["r0", "r1", "r2"];
  const repository = new SimTufRepository();
  for (const name of names) repository.delegate("targets", { name, paths: [`${name}/*`] });
  await repository.publishAll();
  const client = new SimTufClient(repository, { rolesKeptMax: 2 });
  await client.init();
  const view = await client.refresh();
  const read: string[] = [];
  const { readRole } = client.store;
  client.store.readRole = (name, since) => {
    read.push(name);
    return readRole(name, since);
  };
  for (const name of ["r0", "r1", "r0", "r2", "r0", "r1"]) {
    await client.updater.findTarget(view, `${name}/x`);
  }
  // The least recently used one is forgotten, and read from the store again.
  assert.deepEqual(read, ["r0", "r1", "r2", "r1"]);
});
