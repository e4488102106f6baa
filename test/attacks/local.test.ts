/** Attacks near the user: the file store, the first-use anchor, web pages, redirects, and the proxy's own disk. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256Hex } from "#crypto/hash.ts";
import { Secret } from "#crypto/secret.ts";
import { checkAnchor, checkFirstRoot, fingerprintOf } from "#core/verdict/anchor.ts";
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import { SimIndex } from "#world/sim-index.ts";
import { actor } from "#world/tuf-repository.ts";
import { answering, assertAttackRefused, createScene, publish } from "./scene.ts";
import { assertRefused, assertServed } from "./outcome.ts";

const gone = new Uint8Array();
const secret = new Secret(formatUtf8("Basic c2VjcmV0OnNlY3JldA=="));

test("L1 an intruder with write access to the file store changes a file and its metadata", async () => {
  const scene = await createScene();
  const { objects } = scene.index;
  const { filename, project, sha256 } = scene.victim;
  const path = `/files/${project}/${sha256}/${filename}`;
  objects.set(path, scene.victim.bytes.toReversed());
  objects.set(`${path}.metadata`, scene.victim.metadata ?? gone);
  await assertAttackRefused(scene, "file.hash", "a file changed in the store");
  objects.set(
    path,
    formatUtf8("a wheel of the intruder that is longer than the one of the victim"),
  );
  scene.world.clock.advance(61_000);
  await assertAttackRefused(scene, "network.size", "a longer file in the store");
  // Another proxy, that has not seen the victim's metadata before.
  const fresh = await createScene();
  const metadata = formatUtf8("Metadata-Version: 2.1\nRequires-Dist: evil\n");
  fresh.index.objects.set(`${path}.metadata`, metadata);
  await assertAttackRefused(fresh, "file.hash", "metadata changed in the store");
});

test("L2 a web page that tries the loopback proxy", async () => {
  const scene = await createScene();
  const path = "/index.example/simple/seen/";
  const attempts = [
    ["request.host", { host: "evil.example:8471" }],
    ["request.host", { host: "127.0.0.1:9999" }],
    ["request.host", { host: "127.0.0.1.evil.example:8471" }],
    ["request.cross-site", { origin: "https://evil.example" }],
    ["request.cross-site", { "sec-fetch-site": "cross-site" }],
  ] as const;
  for (const [code, headers] of attempts) {
    const answer = await scene.world.ask(path, { headers });
    assert.equal(
      answer.code,
      code,
      `The attack succeeded: ${JSON.stringify(headers)} was answered`,
    );
    assert.ok(answer.status >= 400);
    assert.ok(!answer.text.includes(scene.seen.sha256), "nothing is told");
  }
  const honest = await scene.world.ask(path, { headers: { host: "localhost:8471" } });
  assert.equal(honest.status, 200);
});

test("L3 a redirect that wants the proxy's credentials, or to lead it elsewhere", async () => {
  const credentials = async (): Promise<Secret> => secret;
  const scene = await createScene({ credentials });
  const thief = "https://evil.example/collect";
  scene.world.network.serve("https://evil.example", async () => ({
    status: 200,
    body: scene.victim.bytes,
  }));
  for (const status of [301, 302, 303, 307, 308]) {
    scene.world.network.interpose(
      answering(/\/files\/victim\//, () => ({ status, headers: { location: thief }, body: gone })),
    );
    const outcome = await scene.install(scene.victim);
    const strayed = scene.world.network.requests.filter(({ url }) => url.host === "evil.example");
    assert.equal(strayed.length, 0, "The attack succeeded: the redirect was followed");
    assertRefused(outcome, "network.redirect", `a ${status}`);
    scene.world.clock.advance(61_000);
  }
  const shown = scene.world.network.requests.filter(({ headers }) => headers["authorization"]);
  assert.ok(shown.length > 0, "the index itself is shown the credentials");
});

test("L4 a mirror is never shown the credentials", async () => {
  const credentials = async (): Promise<Secret> => secret;
  const mirror = "https://mirror.example";
  const scene = await createScene();
  scene.world.network.serve(mirror, scene.index.answer);
  const address = { index: new URL("https://index.example/"), mirror: new URL(`${mirror}/`) };
  scene.world.restart({ credentials, address });
  scene.world.clock.advance(11_000);
  assertServed(await scene.install(scene.victim), scene.victim.bytes, "through the mirror");
  const atMirror = scene.world.network.requests.filter(({ url }) => url.origin === mirror);
  assert.ok(atMirror.length > 0);
  const shown = atMirror.filter(({ headers }) => headers["authorization"] !== undefined);
  assert.deepEqual(shown, [], "The attack succeeded: the mirror was shown the credentials");
});

test("L5 someone changes the proxy's own cache on disk", async () => {
  const scene = await createScene();
  assertServed(await scene.install(scene.victim), scene.victim.bytes, "the honest run");
  const { sha256: file } = scene.victim;
  const cached = [file, sha256Hex(scene.victim.metadata ?? gone)];
  for (const sha256 of cached)
    scene.world.cache.damage(sha256, formatUtf8("changed behind the proxy's back"));
  scene.world.restart();
  assertServed(await scene.install(scene.victim), scene.victim.bytes, "fetched anew");
  scene.world.network.interpose(answering(/\/files\//, () => ({ status: 503, body: gone })));
  for (const sha256 of cached) scene.world.cache.damage(sha256, formatUtf8("changed again"));
  scene.world.restart();
  const outcome = await scene.install(scene.victim);
  assertRefused(outcome, "network.status", "a changed cache and no index");
});

test("L6 someone changes the proxy's trusted metadata on disk", async () => {
  const scene = await createScene();
  const timestamp = scene.world.trusted.roles.get("timestamp");
  assert.ok(timestamp);
  await scene.world.trusted.writeRole("timestamp", formatUtf8("{}"));
  await scene.world.trusted.writeRole("targets", timestamp);
  scene.world.restart();
  scene.world.clock.advance(11_000);
  assertServed(await scene.install(scene.victim), scene.victim.bytes, "trust starts at its root");
});

test("L6 someone puts metadata of their own on the proxy's disk, and has a mirror to match", async () => {
  const scene = await createScene();
  const { trusted } = scene.world;
  const forged = await createForgedIndex(scene.index.tuf.timestamp.version);
  for (const role of ["timestamp", "snapshot", ...forged.tuf.targets.keys()]) {
    const file = forged.tuf.files.get(
      role === "timestamp" ? "timestamp.json" : `${forged.tuf.draft(role).version}.${role}.json`,
    );
    assert.ok(file, role);
    await trusted.writeRole(role, file);
  }
  // The honest timestamp has the version of the one on disk, so it would be "trusted already".
  scene.world.network.interpose(async (request, honest) => {
    const response = await honest(request);
    return response.status === 404 ? await forged.answer(request) : response;
  });
  scene.world.restart();
  scene.world.clock.advance(11_000);
  assertServed(await scene.install(scene.victim), scene.victim.bytes, "beside forged metadata");
});

test("L7 an index whose root is another one than the remembered first-use anchor", () => {
  const root = formatUtf8("the root that was met first");
  const other = formatUtf8("the root of somebody else");
  const index = "https://index.example/";
  const remembered = {
    index,
    fingerprint: fingerprintOf(root),
    rootVersion: 1,
    origin: "first-use",
    time: "2026-11-21T08:00:00Z",
  } as const;
  checkAnchor(remembered, { kind: "fingerprint", fingerprint: fingerprintOf(root) }, index);
  checkAnchor(remembered, { kind: "first-use", witnessed: true }, index);
  const attempts = [
    () => checkAnchor(remembered, { kind: "root", bytes: other }, index),
    () =>
      checkAnchor(remembered, { kind: "fingerprint", fingerprint: fingerprintOf(other) }, index),
    () => checkAnchor(remembered, { kind: "first-use", witnessed: true }, "https://evil.example/"),
  ];
  for (const attempt of attempts) {
    assert.throws(attempt, { code: "anchor.changed" }, "The attack succeeded: another root");
  }
  const wish = { kind: "fingerprint", fingerprint: fingerprintOf(root) } as const;
  assert.throws(() => checkFirstRoot(wish, other, index), { code: "anchor.fingerprint" });
  const unseen = { kind: "first-use", witnessed: false } as const;
  assert.throws(() => checkFirstRoot(unseen, root, index), { code: "anchor.missing" });
});

/** All of it signed by the attacker; its timestamp has this version. */
async function createForgedIndex(timestampVersion: number): Promise<SimIndex> {
  const forged = new SimIndex();
  const { tuf } = forged;
  for (const role of ["root", "timestamp", "snapshot", ...tuf.targets.keys()]) {
    tuf.signers.set(role, [actor("mallory")]);
  }
  await forged.open();
  await publish(forged, "victim", "1.0", "a wheel of the attacker");
  tuf.timestamp.version = timestampVersion - 1;
  await tuf.publish("timestamp");
  return forged;
}
