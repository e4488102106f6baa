/** A mirror that answers with other bytes than the index has: files, metadata and pages. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256Hex } from "#crypto/hash.ts";
import { cutAfter } from "#world/sim-network.ts";
import type { Piece } from "#world/sim-network.ts";
import {
  answering,
  assertAttackRefused,
  assertRecovers,
  bitFlipped,
  bytesOf,
  createScene,
  publish,
} from "./scene.ts";
import { assertRefused, assertServed } from "./outcome.ts";

const wheel = /\/files\/victim\/.*\.whl$/;
const metadata = /\/files\/victim\/.*\.whl\.metadata$/;
const page = /\/targets\/simple\/victim\//;

test("B1 a mirror alters a file", async () => {
  const scene = await createScene();
  scene.world.network.interpose(answering(wheel, bitFlipped));
  await assertAttackRefused(scene, "file.hash", "an altered file");
  await assertRecovers(scene);
});

test("B2 a mirror alters the end of a file too large to hold", async () => {
  const scene = await createScene();
  const large = new Uint8Array(33 * 1_024 * 1_024).fill(7);
  const file = await scene.index.publishFile("large-1.0-py3-none-any.whl", large);
  scene.world.clock.advance(11_000);
  assertServed(await scene.install(file), large, "the honest run");
  const other = await scene.index.publishFile("larger-1.0-py3-none-any.whl", large.subarray(1));
  scene.world.clock.advance(11_000);
  scene.world.network.interpose(
    answering(/\/files\/larger\//, (honest) => {
      const changed = Uint8Array.from(bytesOf(honest));
      changed[changed.length - 1] = 8;
      return { status: 200, body: inPieces(changed) };
    }),
  );
  await scene.world.page("larger");
  const before = scene.world.trustedState();
  const cut = await scene.world.file(other);
  assert.ok(
    cut.broken !== undefined && cut.bytes.length < other.bytes.length,
    "The attack succeeded: all of a large altered file was served",
  );
  assert.ok(cut.bytes.length > 0 && cut.bytes.every((byte) => byte === 7), "it began honestly");
  assertRefused(await scene.install(other), "file.hash", "a large altered file");
  // What a client does next: again, and for the rest alone.
  const again = await scene.world.file(other, { headers: { range: "bytes=1000-" } });
  assert.equal(again.status, 403, "The attack succeeded: a range of unverified bytes was served");
  assert.equal(again.code, "file.hash");
  assert.equal(scene.world.trustedState(), before);
});

test("B3 a mirror alters a .metadata", async () => {
  const scene = await createScene();
  scene.world.network.interpose(answering(metadata, bitFlipped));
  await assertAttackRefused(scene, "file.hash", "altered metadata");
  await assertRecovers(scene);
});

test("B4 a mirror alters a page", async () => {
  const scene = await createScene();
  // The file's hash on the page becomes that of the attacker's own file.
  const evil = scene.victim.bytes.toReversed();
  scene.world.network.interpose(async (request, honest) => {
    if (page.test(request.url.pathname)) {
      const text = new TextDecoder().decode(bytesOf(await honest(request)));
      const changed = text.replaceAll(scene.victim.sha256, sha256Hex(evil));
      return { status: 200, body: new TextEncoder().encode(changed) };
    }
    if (wheel.test(request.url.pathname)) return { status: 200, body: evil };
    if (metadata.test(request.url.pathname)) {
      return { status: 200, body: scene.victim.metadata ?? new Uint8Array() };
    }
    return await honest(request);
  });
  await assertAttackRefused(scene, "tuf.hash", "an altered page");
  await assertRecovers(scene);
});

test("B5 a mirror serves another project's page", async () => {
  const scene = await createScene();
  const other = scene.index.objects.get(scene.index.pagePath("other"));
  assert.ok(other);
  scene.world.network.interpose(answering(page, () => ({ status: 200, body: other })));
  await assertAttackRefused(scene, "tuf.length", "another project's page");
  await assertRecovers(scene);
  // A page of the same length.
  const twin = await createScene();
  await publish(twin.index, "pirate");
  const pirate = twin.index.pageBytes("pirate");
  assert.equal(pirate.length, twin.index.pageBytes("victim").length);
  twin.world.clock.advance(11_000);
  assertServed(await twin.install(twin.seen), twin.seen.bytes, "the honest run");
  twin.world.network.interpose(answering(page, () => ({ status: 200, body: pirate })));
  await assertAttackRefused(twin, "tuf.hash", "another project's page of the same length");
  await assertRecovers(twin);
});

test("B6 a thief of the bins' key signs another project's page as this one's", async () => {
  const scene = await createScene();
  const other = scene.index.objects.get(scene.index.pagePath("other"));
  assert.ok(other);
  await scene.index.publishPage("victim", other);
  scene.world.clock.advance(11_000);
  assertServed(await scene.install(scene.seen), scene.seen.bytes, "an honest project");
  await assertAttackRefused(scene, "page.mismatch", "a page that names another project");
});

for (const [id, what, path, code, cuts] of [
  ["B7", "a file", wheel, "file.length", [half]],
  ["B8", "a .metadata", metadata, "file.hash", [half]],
  ["B9", "a page", page, "tuf.length", [withoutFiles, half]],
] as const) {
  test(`${id} a mirror cuts ${what} short`, async () => {
    for (const cut of cuts) {
      const scene = await createScene();
      scene.world.network.interpose(
        answering(path, (honest) => ({ status: 200, body: cut(bytesOf(honest)) })),
      );
      await assertAttackRefused(scene, code, `${what} cut short (${cut.name})`);
      await assertRecovers(scene);
    }
    const scene = await createScene();
    const second = await publish(scene.index, "second");
    scene.world.clock.advance(11_000);
    const secondPath = new RegExp(path.source.replace("victim", "second"));
    scene.world.network.interpose(
      answering(secondPath, (honest) => ({ status: 200, body: cutAfter(bytesOf(honest), 3) })),
    );
    assertRefused(await scene.install(second), "network.truncated", `a broken answer for ${what}`);
  });
}

test("B10 a mirror answers 404 for what the signed metadata says exists", async () => {
  const gone = { status: 404, body: new Uint8Array() };
  for (const [path, code] of [
    [wheel, "file.missing"],
    [metadata, "file.missing"],
    [page, "tuf.missing"],
    [/\/tuf\/timestamp\.json$/, "tuf.missing"],
    [/\/tuf\/[0-9]+\.snapshot\.json$/, "tuf.missing"],
    [/\/tuf\/[0-9]+\.bin-[01]\.json$/, "tuf.missing"],
  ] as const) {
    const scene = await createScene();
    await publish(scene.index, "victim", "2.0");
    scene.world.clock.advance(11_000);
    scene.world.network.interpose(answering(path, () => gone));
    const outcomes = [await scene.install(scene.victim, { agent: "uv" })];
    outcomes.push(await scene.install(scene.victim, { agent: "pip" }));
    for (const outcome of outcomes) assertRefused(outcome, code, `404 for ${path.source}`);
    await assertRecovers(scene);
  }
});

test("B11 a mirror removes a project's bin, so that the project seems not to exist", async () => {
  const scene = await createScene();
  const bins = /\/tuf\/[0-9]+\.bin-[01]\.json$/;
  await publish(scene.index, "victim", "2.0");
  scene.world.clock.advance(11_000);
  scene.world.network.interpose(answering(bins, () => ({ status: 404, body: new Uint8Array() })));
  for (const agent of ["pip", "uv"] as const) {
    const answer = await scene.world.page("victim", { agent });
    assert.notEqual(answer.status, 404, `The attack succeeded: ${agent} is told to look elsewhere`);
    assert.equal(answer.code, "tuf.missing", `${agent} is told why`);
  }
  await assertRecovers(scene);
});

function half(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(0, bytes.length >> 1);
}

/** A page that is well formed all the same, and names no file any more. */
function withoutFiles(bytes: Uint8Array): Uint8Array {
  const document: object = JSON.parse(new TextDecoder().decode(bytes));
  return new TextEncoder().encode(JSON.stringify({ ...document, files: [] }));
}

/** As a network hands it on. */
async function* inPieces(bytes: Uint8Array): AsyncGenerator<Piece> {
  const size = 1_048_576;
  for (let at = 0; at < bytes.length; at += size) {
    yield { afterMs: 1, bytes: bytes.subarray(at, at + size) };
  }
}
