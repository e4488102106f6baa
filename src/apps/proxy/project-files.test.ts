/** Files that several projects or indexes list by one hash: none of them answers for another's. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createMapWorld, mapName } from "#world/map-world.ts";
import { createProxyWorld } from "#world/proxy-world.ts";
import type { SimFile, SimIndex } from "#world/sim-index.ts";
import { notFound } from "#world/sim-index.ts";

const content = "the same bytes in two projects";
const wheel = (project: string): string => `${project}-1.0-py3-none-any.whl`;
const far = "https://files.example/shared-1.0-py3-none-any.whl";

/** A signed page that lists these bytes with one byte more than they have. */
async function publishWrongly(
  index: SimIndex,
  project: string,
  options: Parameters<SimIndex["publishFile"]>[2] = {},
): Promise<SimFile> {
  const file = await index.publishFile(wheel(project), content, options);
  const page = new TextDecoder().decode(index.pageBytes(project));
  const wrong = page.replace(`"size":${content.length}`, `"size":${content.length + 1}`);
  assert.notEqual(wrong, page);
  await index.publishPage(project, new TextEncoder().encode(wrong));
  return file;
}

test("a project that lists another's file with another size has only its own refused", async () => {
  const world = await createProxyWorld();
  const { index } = world;
  const good = await index.publishFile(wheel("demo"), content, { elsewhere: far });
  const evil = await publishWrongly(index, "evil", { elsewhere: far });
  assert.equal(evil.sha256, good.sha256);
  world.network.serve("https://files.example", async () => ({ status: 200, body: good.bytes }));
  for (const project of ["evil", "demo"]) assert.equal((await world.page(project)).status, 200);
  // At the same moment, and while the refusal stands.
  const [refused, served] = await Promise.all([world.file(evil), world.file(good)]);
  assert.deepEqual([refused.status, refused.code], [403, "file.length"]);
  assert.deepEqual([served.status, served.text], [200, content]);
  assert.deepEqual(
    (await world.refusals.readRefusals()).map(({ code }) => code),
    ["file.length"],
  );
  world.restart();
  await world.cache.remove(good.sha256);
  assert.equal((await world.file(evil)).code, "file.length");
  assert.equal((await world.file(good)).text, content);
});

test("a project whose own copy of another's file is missing has only its own refused", async () => {
  const world = await createProxyWorld();
  const { index } = world;
  const good = await index.publishFile(wheel("demo"), content);
  const evil = await index.publishFile(wheel("evil"), content);
  index.objects.delete(`/files/evil/${evil.sha256}/${evil.filename}`);
  for (const project of ["evil", "demo"]) assert.equal((await world.page(project)).status, 200);
  const [refused, served] = await Promise.all([world.file(evil), world.file(good)]);
  assert.deepEqual([refused.status, refused.code], [403, "file.missing"]);
  assert.deepEqual([served.status, served.text], [200, content]);
  world.restart();
  await world.cache.remove(good.sha256);
  assert.equal((await world.file(evil)).code, "file.missing");
  assert.equal((await world.file(good)).text, content);
});

test("an index that lists another's file with another size has only its own refused", async () => {
  const world = await createMapWorld(
    ["a", "b"],
    [
      { names: ["evil"], indexes: ["a"], agree: 1, terminating: true },
      { names: ["demo"], indexes: ["b"], agree: 1, terminating: true },
    ],
  );
  const pathOf = ({ filename, project, sha256 }: SimFile): string =>
    `/${mapName}/files/${project}/${sha256}/${filename}`;
  const evil = await publishWrongly(world.member("a").index, "evil");
  const good = await world.member("b").index.publishFile(wheel("demo"), content);
  for (const time of ["new", "cached", "started anew"]) {
    if (time === "started anew") world.restart();
    assert.equal((await world.ask(pathOf(evil))).code, "file.length", time);
    const served = await world.ask(pathOf(good));
    assert.deepEqual([served.status, served.text], [200, content], time);
    // What is in the common cache stays there, whatever the other index says of it.
    const { origin } = world.member("b");
    world.network.interpose(async (request, honest) =>
      request.url.origin === origin && request.url.pathname.startsWith("/files/")
        ? notFound
        : await honest(request),
    );
  }
  assert.deepEqual(await world.refused(), ["a file.length"]);
});
