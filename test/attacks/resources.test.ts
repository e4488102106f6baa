/**
 * A mirror that gives too much or too slowly: every kind of request, endless, dripping and silent. What must hold:
 * the client is refused within the limits, and no more than the limits was read.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { drip, endless } from "#world/sim-network.ts";
import type { Piece } from "#world/sim-network.ts";
import { answering, assertRecovers, bytesOf, createScene, publish } from "./scene.ts";
import type { Scene } from "./scene.ts";
import { assertRefused, assertServed } from "./outcome.ts";

/** With the code of its size limit: a role file's own, or the network's. */
const kinds = [
  ["the next root", "tuf.length", /\/tuf\/2\.root\.json$/],
  ["timestamp", "tuf.length", /\/tuf\/timestamp\.json$/],
  ["snapshot", "tuf.length", /\/tuf\/[0-9]+\.snapshot\.json$/],
  ["targets", "tuf.length", /\/tuf\/[0-9]+\.targets\.json$/],
  ["a bin", "tuf.length", /\/tuf\/[0-9]+\.bin-[01]\.json$/],
  ["a page", "tuf.length", /\/targets\/simple\/victim\//],
  ["a .metadata", "network.size", /\/files\/victim\/.*\.metadata$/],
  ["a file", "network.size", /\/files\/victim\/.*\.whl$/],
] as const;

/** Everything is new: each kind of request is really made. */
async function createChangedScene(): Promise<Scene> {
  const scene = await createScene();
  const { tuf } = scene.index;
  await tuf.publish("root", "targets");
  tuf.files.delete("2.root.json");
  await publish(scene.index, "victim", "2.0");
  scene.world.clock.advance(11_000);
  return scene;
}

for (const [what, sizeCode, path] of kinds) {
  test(`R1 a mirror answers endlessly: ${what}`, async () => {
    const scene = await createChangedScene();
    let pieces = 0;
    scene.world.network.interpose(
      answering(path, () => ({ status: 200, body: counted(endless(), () => pieces++) })),
    );
    const outcome = await scene.install(scene.victim);
    // No limit is above 64 MiB for what these requests are about; a real one reads 64 KiB a piece.
    assert.ok(pieces < 1_024, `The attack succeeded: ${pieces} pieces were read of ${what}`);
    assertRefused(outcome, sizeCode, `endless ${what}`);
    await assertRecovers(scene);
  });

  test(`R2 a mirror drips: ${what}`, async () => {
    const scene = await createChangedScene();
    let pieces = 0;
    scene.world.network.interpose(
      answering(path, (honest) => {
        const body = honest.status === 200 ? bytesOf(honest) : new Uint8Array(1_000);
        return { status: 200, body: counted(drip(body, 1_900), () => pieces++) };
      }),
    );
    const outcome = await scene.install(scene.victim);
    assert.ok(pieces < 20, `The attack succeeded: ${pieces} bytes of ${what} were waited for`);
    assertRefused(outcome, "network.rate", `dripping ${what}`);
    await assertRecovers(scene);
  });
}

test("R3 a mirror that says nothing cannot make a verified view older than its life", async () => {
  const scene = await createScene();
  scene.index.tuf.timestamp.expires = "2026-11-21T08:10:00Z";
  await scene.index.tuf.publish("timestamp");
  scene.world.clock.advance(11_000);
  assertServed(await scene.install(scene.seen), scene.seen.bytes, "the honest run");
  scene.world.network.interpose(async () => ({ status: 200, body: silence() }));
  scene.world.clock.advance(11_000);
  const asked = scene.world.network.requests.length;
  assertServed(await scene.install(scene.seen), scene.seen.bytes, "the last verified view");
  assert.ok(scene.world.network.requests.length > asked, "the silence was met");
  scene.world.clock.advance(3_600_000);
  assertRefused(await scene.install(scene.seen), "tuf.expired", "silence past expiry");
  scene.world.network.interpose(undefined);
  scene.index.tuf.timestamp.expires = "2026-11-22T08:00:00Z";
  await scene.index.tuf.publish("timestamp");
  await assertRecovers(scene);
});

async function* silence(): AsyncGenerator<Piece> {
  yield { afterMs: 3_600_000, bytes: Uint8Array.of(0) };
}

async function* counted(pieces: AsyncGenerator<Piece>, count: () => number): AsyncGenerator<Piece> {
  for await (const piece of pieces) {
    if (count() > 5_000) return;
    yield piece;
  }
}
