/**
 * The signer signs with the next key before root names it (ADR 7), so that a mirror has older files which the new root
 * vouches for. Clients that have seen newer ones are not taken back by them, whether or not their process ended meanwhile.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { HOUR } from "#world/sim-clock.ts";
import { aRotationScene, demo, rotate, rotations } from "#world/rotations.ts";
import { TreeClient } from "#world/tree-client.ts";

for (const name of [
  "the key of timestamp",
  "the key of snapshot",
  "the keys of timestamp and snapshot",
]) {
  test(`what the next key signed ahead of root is no way back: ${name}`, async () => {
    const rotation = rotations.find((one) => one.name === name);
    assert.ok(rotation !== undefined);
    const scene = await aRotationScene(rotation);
    const { clock, signer, world } = scene;
    scene.makeNext(...rotation.online);
    await signer.renewDue();
    const older = world.tree.get("tuf/timestamp.json");
    assert.ok(older !== undefined);
    clock.advance(HOUR);
    await scene.upload("2.0");
    const shown = new Map(world.tree);
    const client = await new TreeClient(shown, clock.now).init(world.first.root);
    const restarted = await new TreeClient(shown, clock.now).init(world.first.root);
    for (const one of [client, restarted]) {
      const page = await one.readPage(demo);
      assert.ok(page !== "absent" && page.versions.includes("2.0"));
    }
    await rotate(scene, rotation);
    clock.advance(2 * HOUR);
    for (const [path, bytes] of world.tree) shown.set(path, bytes);
    const newest = world.tree.get("tuf/timestamp.json");
    assert.ok(newest !== undefined);
    shown.set("tuf/timestamp.json", older);
    const refused = { code: "tuf.rollback" };
    await assert.rejects(client.readPage(demo), refused);
    // The first one took the new root in the refresh that was refused; this one, in a process before.
    await assert.rejects(restarted.readPage(demo), refused);
    const again = new TreeClient(shown, clock.now, restarted.store);
    await assert.rejects(again.readPage(demo), refused);
    shown.set("tuf/timestamp.json", newest);
    for (const one of [client, again]) {
      const page = await one.readPage(demo);
      assert.ok(page !== "absent" && page.versions.includes("2.0"));
      assert.equal((await one.refresh()).root.value.version, 2);
    }
  });
}
