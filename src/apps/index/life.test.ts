/** What an index finds when it starts: leftovers, unanswered changes, pages it never heard of. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256Hex } from "#crypto/hash.ts";
import type { AddFile } from "#formats/door/change.ts";
import { fileUrl, parsePage } from "#formats/python/simple-page.ts";
import { normaliseProjectName } from "#formats/python/project-name.ts";
import { createIndex } from "./index-program.ts";
import type { IndexPorts, IndexSettings } from "./index-ports.ts";
import { buildWheel } from "#world/distributions.ts";
import { createIndexWorld, uploadParts, type IndexWorld } from "#world/index-world.ts";

const wheel = buildWheel({ name: "demo", version: "1.0" });
const demo = normaliseProjectName("demo");
const settings: IndexSettings = {
  name: "harbour",
  isPrivate: false,
  uploadSizeMax: 1_000_000,
  proxyPort: 8471,
};
const noSecrets = {
  firstToken: { read: async () => undefined, write: async () => {}, remove: async () => {} },
  proxyCredentials: { read: async () => undefined, write: async () => {}, remove: async () => {} },
};

/** Another index on the same stores, as after a crash. */
async function startAgain({ ports }: IndexWorld, others: Partial<IndexPorts> = {}): Promise<void> {
  const again = createIndex({ ...ports, ...others }, settings, noSecrets);
  await again.start();
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  again.stop();
}

test("a change that was recorded and not answered is sent after a restart", async () => {
  const world = await createIndexWorld();
  world.signer.isDown = true;
  const waiting = world.upload(uploadParts("demo", "1.0", wheel));
  while (world.signer.received.length === 0) await new Promise((r) => setImmediate(r));
  world.index.stop();
  assert.equal((await waiting).status, 202);
  assert.equal((await world.releases.findFile(wheel.filename))?.state, "pending");
  world.signer.isDown = false;
  await startAgain(world);
  assert.equal((await world.releases.findFile(wheel.filename))?.state, "published");
  assert.notEqual(await world.releases.findPage(demo), undefined);
  await world.close();
});

test("an answer that was lost with the process is asked for again, and nothing is done twice", async () => {
  const world = await createIndexWorld();
  const { recordResult } = world.releases;
  world.releases.recordResult = () => new Promise(() => {});
  const waiting = world.upload(uploadParts("demo", "1.0", wheel));
  while (world.signer.pages.size === 0) await new Promise((resolve) => setImmediate(resolve));
  world.index.stop();
  await waiting;
  world.releases.recordResult = recordResult.bind(world.releases);
  await startAgain(world);
  assert.equal((await world.releases.findFile(wheel.filename))?.state, "published");
  assert.equal(world.signer.pages.size, 1);
  assert.equal(new Set(world.signer.received.map(({ id }) => id)).size, 1);
  await world.close();
});

test("pages that the signer published without this index are taken over at the start", async () => {
  const world = await createIndexWorld();
  await world.upload(uploadParts("demo", "1.0", wheel));
  const { door } = world.signer;
  const other = normaliseProjectName("other");
  const filename = "other-2.0-py3-none-any.whl";
  const sha256 = "ab".repeat(32);
  const uploadTime = "2026-01-01T00:00:00.000000Z";
  const file = { project: other, filename, version: "2.0", sha256, size: 5, uploadTime };
  await door.sendChange({ kind: "add-file", id: "elsewhere", ...file });
  await door.sendChange({
    kind: "yank-file",
    id: "y",
    project: demo,
    filename: wheel.filename,
    yanked: "x",
  });
  await startAgain(world);
  const adopted = await world.releases.findFile(filename);
  assert.equal(adopted?.state, "published");
  assert.equal(adopted.sha256, sha256);
  assert.equal((await world.releases.findFile(wheel.filename))?.yanked, "x");
  const answer = await world.send("/simple/other/", {
    headers: { accept: "application/vnd.pypi.simple.v1+json" },
  });
  assert.equal(parsePage(answer.body).files[0]?.url, fileUrl(other, sha256, filename));
  assert.equal(await world.releases.readPagesCursor(), 3);
  await world.close();
});

test("a running index takes over from time to time, and its answers follow", async () => {
  const world = await createIndexWorld();
  await world.upload(uploadParts("demo", "1.0", wheel));
  assert.ok(!(await world.send("/simple/demo/")).body.includes("data-yanked"));
  const { filename } = wheel;
  await world.signer.door.sendChange({
    kind: "yank-file",
    id: "y",
    project: demo,
    filename,
    yanked: true,
  });
  await world.fireTimers();
  assert.ok((await world.send("/simple/demo/")).body.includes("data-yanked"));
  await world.close();
});

test("leftovers of a crash are swept: half received files, stored files without a record", async () => {
  const world = await createIndexWorld();
  await world.upload(uploadParts("demo", "1.0", wheel));
  const half = await world.ports.files.receive();
  await half.write(Buffer.from("half"));
  world.files.kept.set("cd".repeat(32), { bytes: Buffer.from("x"), metadata: Buffer.from("") });
  await startAgain(world);
  assert.equal(world.files.incoming.size, 0);
  assert.deepEqual([...world.files.kept.keys()], [wheel.sha256]);
  await world.close();
});

test("an index whose signer is away starts, serves, and says so", async () => {
  const world = await createIndexWorld();
  await world.upload(uploadParts("demo", "1.0", wheel));
  world.signer.isDown = true;
  await startAgain(world);
  assert.equal((await world.send("/simple/demo/")).status, 200);
  await world.close();
});

test("a page that cannot be read holds up no other, one that was changed on disk is tried again", async () => {
  const world = await createIndexWorld();
  const { signer, ports, releases } = world;
  await signer.door.sendChange({ ...aChange("other"), id: "1" });
  await signer.door.sendChange({ ...aChange("third"), id: "2" });
  const strange = Buffer.from("from another time");
  signer.pages.set(sha256Hex(strange), strange);
  const pointer = { project: demo, sha256: sha256Hex(strange), size: strange.length, serial: 1 };
  const door = {
    ...ports.door,
    readPages: async (after: number, limit: number) => [
      ...(after === 0 ? [pointer] : []),
      ...(await signer.door.readPages(Math.max(after, 1), limit)),
    ],
  };
  await startAgain(world, { door });
  assert.equal(await releases.findPage(demo), undefined);
  assert.notEqual(await releases.findPage(normaliseProjectName("third")), undefined);
  assert.equal(await releases.readPagesCursor(), 2);

  await signer.door.sendChange({ ...aChange("fourth"), id: "3" });
  const [changed = ""] = [...signer.pages.keys()].slice(-1);
  const right = signer.pages.get(changed) ?? assert.fail();
  signer.pages.set(changed, Buffer.from("x"));
  await startAgain(world);
  assert.equal(await releases.readPagesCursor(), 2);
  signer.pages.set(changed, right);
  await startAgain(world);
  assert.equal(await releases.readPagesCursor(), 3);
  await world.close();
});

function aChange(name: string): AddFile {
  const project = normaliseProjectName(name);
  const file = { filename: `${name}-1.0.tar.gz`, version: "1.0", sha256: "ab".repeat(32), size: 1 };
  const uploadTime = "2026-01-01T00:00:00.000000Z";
  return { kind: "add-file", id: name, project, ...file, uploadTime };
}
