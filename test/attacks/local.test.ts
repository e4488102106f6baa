/** Attacks near the user: the file store, the first-use anchor, web pages, redirects, and the proxy's own disk. */
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { sha256Hex } from "#crypto/hash.ts";
import { Secret } from "#crypto/secret.ts";
import { createIndexFetch } from "#apps/proxy/index-fetch.ts";
import { openAnchor } from "#apps/proxy/open-anchor.ts";
import type { OpenedAnchor } from "#apps/proxy/open-anchor.ts";
import { fingerprintOf } from "#core/verdict/anchor.ts";
import type { AnchorWish } from "#core/verdict/anchor.ts";
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import { createFolderAnchorStore } from "#stores/folder/anchor-store.ts";
import { createFolderTrustedStore } from "#stores/folder/trusted-store.ts";
import { createSimClock } from "#world/sim-clock.ts";
import { SimIndex, simOrigin } from "#world/sim-index.ts";
import { createSimNetwork } from "#world/sim-network.ts";
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
    const isRefused = answer.status >= 400;
    assert.ok(isRefused, `The attack succeeded: ${JSON.stringify(headers)} was answered`);
    assert.equal(answer.code, code);
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

test("L7 an index whose root is another one than the remembered first-use anchor", async () => {
  const place = await createAnchorPlace();
  const { honest, open, other } = place;
  try {
    const { anchor } = await open(firstUse);
    assert.equal(anchor.fingerprint, fingerprintOf(honest.root), "the honest run");
    const before = await place.kept();
    const attempts: readonly [string, AnchorWish, URL?][] = [
      ["at the next start", { kind: "remembered" }],
      ["at another first use", firstUse],
      ["as a file", { kind: "root", bytes: other.root }],
      ["as a fingerprint", { kind: "fingerprint", fingerprint: fingerprintOf(other.root) }],
      ["at another address", firstUse, new URL("https://evil.example/")],
    ];
    place.serve(other);
    for (const [how, wish, at] of attempts) {
      const code = await open(wish, at).then(() => "opened", codeOf);
      assert.notEqual(code, "opened", `The attack succeeded: another root ${how}`);
      assert.equal(code, "anchor.changed", how);
      assert.deepEqual(await place.kept(), before, `The attack succeeded: trust changed ${how}`);
    }
    place.serve(honest);
    assert.deepEqual(await open({ kind: "remembered" }), { anchor, isNew: false });
  } finally {
    await place.remove();
  }
});

test("L7 an index whose root is another one than was pinned, or that nobody sees being met", async () => {
  const place = await createAnchorPlace();
  const { honest, open, other } = place;
  try {
    place.serve(other);
    const pinned: AnchorWish = { kind: "fingerprint", fingerprint: fingerprintOf(honest.root) };
    for (const [wish, expected] of [
      [pinned, "anchor.fingerprint"],
      [{ kind: "first-use", witnessed: false }, "anchor.missing"],
      [{ kind: "remembered" }, "anchor.missing"],
    ] as const) {
      const code = await open(wish).then(() => "opened", codeOf);
      assert.notEqual(code, "opened", `The attack succeeded: a root was met, not ${expected}`);
      assert.equal(code, expected);
      assert.equal((await place.kept()).size, 0, "The attack succeeded: something is remembered");
    }
    place.serve(honest);
    assert.equal((await open(pinned)).isNew, true);
  } finally {
    await place.remove();
  }
});

const firstUse: AnchorWish = { kind: "first-use", witnessed: true };

type AnchorPlace = {
  readonly honest: SimIndex;
  /** As honest in all but its root key. */
  readonly other: SimIndex;
  /** Who answers, at every address. */
  readonly serve: (index: SimIndex) => void;
  /** As a new start of the proxy over the same state folder. */
  readonly open: (wish: AnchorWish, at?: URL) => Promise<OpenedAnchor>;
  /** By its name in the state folder, each file. */
  readonly kept: () => Promise<ReadonlyMap<string, string>>;
  readonly remove: () => Promise<void>;
};

async function createAnchorPlace(): Promise<AnchorPlace> {
  const state = await mkdtemp(join(tmpdir(), "holdfast-anchor-"));
  const network = createSimNetwork();
  const honest = await new SimIndex().open();
  const other = new SimIndex();
  other.tuf.keys.root.signers = [actor("mallory")];
  await other.open();
  const serve = (index: SimIndex): void => {
    for (const origin of [simOrigin, "https://evil.example"]) network.serve(origin, index.answer);
  };
  serve(honest);
  const open = async (
    wish: AnchorWish,
    index = new URL(`${simOrigin}/`),
  ): Promise<OpenedAnchor> => {
    const { fetchDocument } = createIndexFetch(network, {
      address: { index },
      credentials: async () => undefined,
      patienceMs: () => 30_000,
    });
    const anchors = createFolderAnchorStore(state);
    const trustedStore = createFolderTrustedStore(state);
    const clock = createSimClock("2026-11-21T08:00:00Z").now;
    return await openAnchor({ clock, fetchDocument, anchors, trustedStore }, { index }, wish);
  };
  const kept = async (): Promise<ReadonlyMap<string, string>> => {
    const files = new Map<string, string>();
    for (const entry of await readdir(state, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      files.set(entry.name, await readFile(join(entry.parentPath, entry.name), "utf8"));
    }
    return files;
  };
  const remove = (): Promise<void> => rm(state, { recursive: true });
  return { honest, other, serve, open, kept, remove };
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "none";
}

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
