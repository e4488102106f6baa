import assert from "node:assert/strict";
import { test } from "node:test";
import { parseConfig } from "#formats/config/config.ts";
import { offlineRoles } from "#formats/door/offline-metadata.ts";
import { parseSigned } from "#formats/tuf/envelope.ts";
import { root as rootDecoder } from "#formats/tuf/root.ts";
import type { Publisher } from "#core/publication/publisher.ts";
import { DAY, createSimClock } from "#world/sim-clock.ts";
import { createSeededRandom } from "#world/seeded-random.ts";
import { createSignerWorld, createSimSigner, createWorldClient } from "#world/sim-signer.ts";
import type { CeremonyDoor } from "./ceremony-door.ts";
import { renewOffline } from "./renew.ts";

function doorTo(signer: Publisher): CeremonyDoor {
  return {
    readStatus: async () => signer.status(),
    readCurrent: () => signer.currentOffline(),
    submit: (metadata) => signer.submitOffline(metadata),
    close: () => undefined,
  };
}

test("renewOffline() renews what is asked for, or what is due", async () => {
  const clock = createSimClock("2026-01-02T00:00:00Z");
  const world = await createSignerWorld(clock.now, createSeededRandom(1).bytes);
  const signer = createSimSigner(world);
  await signer.start();
  const client = await createWorldClient(world);
  const door = doorTo(signer);
  const { offline } = world;
  const held = [...offline.root, offline.targets, offline.claimed];
  const config = parseConfig("");
  const due = { config, ifDue: true, roles: offlineRoles };
  assert.deepEqual(await renewOffline(door, due, held, clock.now), []);
  const claimed = { config, ifDue: false, roles: ["claimed"] as const };
  assert.deepEqual(await renewOffline(door, claimed, held, clock.now), [
    { role: "claimed", version: 2, expires: "2027-01-02T00:00:00Z" },
  ]);
  clock.advance(183 * DAY);
  await signer.renewDue();
  const renewed = await renewOffline(door, due, held, clock.now);
  assert.deepEqual(
    renewed.map(({ role, version }) => `${role} ${version}`),
    ["root 2", "targets 2", "claimed 3"],
  );
  const view = await client.refresh();
  assert.equal(view.root.value.expires.text, "2027-07-04T00:00:00Z");
  const { root } = (await signer.currentOffline()).metadata;
  const before = parseSigned(world.first.root, rootDecoder).value;
  assert.deepEqual(parseSigned(root, rootDecoder).value.roles, before.roles);
});

test("renewOffline() says which key is missing, and changes nothing", async () => {
  const clock = createSimClock("2026-01-02T00:00:00Z");
  const world = await createSignerWorld(clock.now, createSeededRandom(1).bytes);
  const signer = createSimSigner(world);
  await signer.start();
  const all = { config: parseConfig(""), ifDue: false, roles: offlineRoles };
  const held = [world.offline.targets, world.offline.claimed];
  await assert.rejects(renewOffline(doorTo(signer), all, held, clock.now), {
    code: "key.unusable",
    message: /Cannot renew root: 1 of its keys must sign and 0 are here/,
  });
  assert.equal(signer.status().batch, 1);
});
