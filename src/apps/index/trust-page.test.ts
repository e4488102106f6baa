import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import type { RoleStatus } from "#formats/door/signer-status.ts";
import { createIndexWorld } from "#world/index-world.ts";
import type { IndexWorld } from "#world/index-world.ts";
import { indexLimits } from "./limits.ts";

const adaId = "ab".repeat(32);
const signerId = "cd".repeat(32);

async function aWorld(t: TestContext, options = {}): Promise<IndexWorld> {
  const world = await createIndexWorld(options);
  t.after(() => world.close());
  const role = (name: string, keyId: string, expires: string): RoleStatus => {
    const signed = { signedAt: "2029-12-31T00:00:00Z", dueAt: "2030-06-30T00:00:00Z" };
    const now = { due: false, expired: false, offline: name === "claimed" };
    return {
      ...{ role: name, version: 3, nextVersion: 4, threshold: 1, keyIds: [keyId], expires },
      ...signed,
      ...now,
    };
  };
  world.signer.trust = {
    roles: [
      role("claimed", adaId, "2030-12-31T00:00:00Z"),
      role("timestamp", signerId, "2030-12-31T00:00:00Z"),
    ],
    keys: [
      { keyId: adaId, scheme: "ed25519", holder: { name: 'Ada <"&>\u202e', kind: "ssh-agent" } },
      { keyId: signerId, scheme: "ed25519" },
    ],
    heldKeys: [{ name: "timestamp", keyId: signerId, state: "current" }],
  };
  return world;
}

async function read(world: IndexWorld, path: string): Promise<string> {
  const answer = await world.send(path);
  assert.equal(answer.status, 200, path);
  return answer.body.toString().replaceAll(/\s+/g, " ");
}

test("the page about trust says who signs what, and that nothing needs doing", async (t) => {
  const world = await aWorld(t);
  const text = await read(world, "/trust/");
  assert.match(text, /Nothing needs doing/);
  assert.match(text, /Ada &lt;&quot;&amp;&gt;\\u\{202e\} \(ssh-agent\), ed25519/);
  assert.ok(text.includes(`sha256:${adaId}`));
  assert.match(text, /this index&#39;s signer, ed25519/);
  assert.match(text, /2030-12-31 00:00 UTC/);
  assert.ok(!text.includes("Ada <"));
  assert.ok(!text.includes("\u202e"));
});

test("the page about trust shows the root in force beside the first, where it is another", async (t) => {
  const world = await aWorld(t);
  assert.ok(!(await read(world, "/trust/")).includes("in force"));
  const [timestamp] = world.signer.trust.roles;
  assert.ok(timestamp);
  const roles = [{ ...timestamp, role: "root", version: 7 }, ...world.signer.trust.roles];
  const newestRootFingerprint = `sha256:${"ef".repeat(32)}`;
  world.signer.trust = { ...world.signer.trust, roles, newestRootFingerprint };
  world.clock.advance(indexLimits.signerStatusMs);
  const text = await read(world, "/trust/");
  assert.match(text, /Root 7, which is in force<\/h2>.*hand out this fingerprint only/);
  assert.ok(text.includes(newestRootFingerprint));
});

test("the page about trust and the metrics warn of what expires, and of a key in the wrong place", async (t) => {
  const world = await aWorld(t);
  const { keys, roles } = world.signer.trust;
  world.signer.trust = {
    keys,
    roles: roles.map((role) => ({ ...role, expires: "2030-01-01T00:00:00Z", due: true })),
    heldKeys: [
      { name: "timestamp", keyId: signerId, state: "current" },
      { name: "bins", keyId: adaId, state: "next" },
    ],
  };
  world.clock.set(new Date("2029-12-31T23:00:00Z"));
  const text = await read(world, "/trust/");
  assert.match(text, /Mend this now:<\/strong> claimed 3 lives 60 minutes more/);
  assert.match(text, /The signer holds the key abababababababab \(Ada/);
  assert.match(text, /key\.misplaced/);
  const metrics = (await world.send("/metrics")).body.toString();
  const expires = Date.parse("2030-01-01T00:00:00Z") / 1000;
  assert.ok(metrics.includes(`holdfast_role_expires_timestamp_seconds{role="claimed"} ${expires}`));
  assert.ok(metrics.includes('holdfast_role_due{role="timestamp"} 1'));
  const labels = `role="claimed",keyid="${adaId}",scheme="ed25519",holder="Ada <\\"&>\u202e",kind="ssh-agent"`;
  assert.ok(metrics.includes(`holdfast_role_key_info{${labels}} 1`));
});

test("the signer is not asked more often than every few seconds, and its silence is said", async (t) => {
  const world = await aWorld(t);
  await read(world, "/trust/");
  world.signer.isDown = true;
  assert.match(await read(world, "/trust/"), /Nothing needs doing/);
  world.clock.advance(indexLimits.signerStatusMs);
  assert.match(await read(world, "/trust/"), /The signer does not answer just now/);
  assert.ok(!(await read(world, "/metrics")).includes("holdfast_role_due{"));
});

test("a private index shows its keys to readers only", async (t) => {
  const world = await aWorld(t, { isPrivate: true });
  assert.equal((await world.send("/trust/")).status, 401);
  const { authorization } = world;
  assert.notEqual((await world.send("/trust/", { headers: { authorization } })).status, 401);
});
