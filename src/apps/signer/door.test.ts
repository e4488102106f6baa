import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { Agent } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { formatChange } from "#formats/door/change-json.ts";
import { normaliseProjectName } from "#formats/python/project-name.ts";
import type { Publisher } from "#core/publication/publisher.ts";
import { askDoor, createSignerDoor } from "#stores/host/signer-door.ts";
import { createSeededRandom } from "#world/seeded-random.ts";
import { createSimClock } from "#world/sim-clock.ts";
import { createSignerWorld, createSimSigner, storeSdist } from "#world/sim-signer.ts";
import type { SignerWorld } from "#world/sim-signer.ts";
import { createDoor } from "./door.ts";

type Scene = {
  readonly world: SignerWorld;
  readonly signer: Publisher;
  readonly door: ReturnType<typeof createSignerDoor>;
  readonly backups: string[];
  readonly errors: unknown[];
  ask(method: string, path: string, body?: Uint8Array | string): Promise<[number, string]>;
};

async function aScene(t: TestContext): Promise<Scene> {
  const folder = await mkdtemp(join(tmpdir(), "holdfast-door-"));
  const socketPath = join(folder, "signer.sock");
  const clock = createSimClock("2026-01-02T00:00:00Z");
  const world = await createSignerWorld(clock.now, createSeededRandom(1).bytes);
  const signer = createSimSigner(world);
  await signer.start();
  const backups: string[] = [];
  const errors: unknown[] = [];
  const server = createDoor({
    publisher: signer,
    backup: async (path) => void backups.push(path),
    report: (error) => void errors.push(error),
  });
  await new Promise<void>((resolve) => void server.listen(socketPath, resolve));
  const door = createSignerDoor(socketPath);
  const agent = new Agent();
  t.after(async () => {
    door.close();
    agent.destroy();
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true });
  });
  return {
    world,
    signer,
    door,
    backups,
    errors,
    async ask(method, path, body) {
      const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
      const question = { agent, socketPath, method, path, timeout: 5_000 };
      const { body: said, status } = await askDoor(question, bytes);
      const { code } = JSON.parse(said.toString());
      return [status, String(code)];
    },
  };
}

test("the index's visitor is answered at the signer's door", async (t) => {
  const { backups, door, signer, world } = await aScene(t);
  const change = storeSdist(world, "demo", "1.0");
  const result = await door.sendChange(change);
  assert.ok(result.outcome === "published");
  assert.deepEqual(await door.sendChange(change), result);
  const missing = {
    kind: "remove-file",
    id: "x",
    project: change.project,
    filename: "no",
  } as const;
  const refused = await door.sendChange(missing);
  assert.equal(refused.outcome === "refused" && refused.code, "file.unknown");
  assert.deepEqual(await door.readPages(0, 10), [result.page]);
  assert.deepEqual(await door.readPages(1, 10), []);
  assert.deepEqual(await door.readStatus(), signer.status());
  await door.backup("/somewhere");
  assert.deepEqual(backups, ["/somewhere"]);
});

test("the door refuses what is malformed, too large or unknown, and goes on", async (t) => {
  const { ask, door, errors, signer, world } = await aScene(t);
  const { batch } = signer.status();
  assert.deepEqual(await ask("POST", "/v1/changes", "{"), [400, "json.syntax"]);
  assert.deepEqual(await ask("POST", "/v1/changes", "{}"), [400, "json.type"]);
  assert.deepEqual(await ask("POST", "/v1/changes", new Uint8Array([0xff])), [400, "bytes.utf8"]);
  const twice = '{"kind":"remove-file","kind":"add-file"}';
  assert.deepEqual(await ask("POST", "/v1/changes", twice), [400, "json.duplicate-member"]);
  const large = " ".repeat(40_000);
  assert.deepEqual(await ask("POST", "/v1/changes", large), [413, "request.too-large"]);
  assert.deepEqual(await ask("GET", "/v1/pages?after=-1"), [400, "json.type"]);
  assert.deepEqual(await ask("GET", "/v1/pages?limit=many"), [400, "json.type"]);
  assert.deepEqual(await ask("POST", "/v1/metadata", "{}"), [400, "json.type"]);
  assert.deepEqual(await ask("POST", "/v1/metadata", '{"root":"e30="}'), [400, "json.type"]);
  assert.deepEqual(await ask("POST", "/v1/backup", '{"dir":1}'), [400, "json.type"]);
  assert.deepEqual(await ask("GET", "/v1/changes"), [404, "request.not-found"]);
  assert.deepEqual(await ask("GET", "/../keys/timestamp.pem"), [404, "request.not-found"]);
  assert.deepEqual(await ask("GET", "//"), [404, "request.not-found"]);
  assert.deepEqual(errors, []);
  assert.equal(signer.status().batch, batch);
  assert.equal((await door.sendChange(storeSdist(world, "demo", "1.0"))).outcome, "published");
});

test("a signer that ends says so, and nobody takes that for a refusal", async (t) => {
  const { ask, door, signer, world } = await aScene(t);
  await signer.stop();
  const change = storeSdist(world, "demo", "1.0");
  await assert.rejects(door.sendChange(change), { code: "signer.unreachable" });
  assert.deepEqual(await ask("POST", "/v1/changes", formatChange(change)), [
    503,
    "signer.unreachable",
  ]);
  assert.equal(normaliseProjectName("demo"), change.project);
});
