/** Answers that are late, slow, endless or cut, for each file of a refresh and a lookup: refused in bounded time. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createSimClock } from "#world/sim-clock.ts";
import { createSimNetwork, cutAfter, drip, endless } from "#world/sim-network.ts";
import type { Piece } from "#world/sim-network.ts";
import { SimTufRepository } from "#world/tuf-repository.ts";
import { createMemoryTrustedStore } from "#stores/memory/trusted-store.ts";
import { clientLimits } from "./limits.ts";
import { createUpdater } from "./updater.ts";

const origin = "https://repository.example";

async function* silence(): AsyncGenerator<Piece> {
  yield { afterMs: clientLimits.idleMs + 1, bytes: Uint8Array.of(0x7b) };
}

async function* stall(body: Uint8Array): AsyncGenerator<Piece> {
  yield { afterMs: 1, bytes: body.subarray(0, 10) };
  yield { afterMs: clientLimits.idleMs + 1, bytes: body.subarray(10) };
}

const attacks: ReadonlyMap<string, (body: Uint8Array) => AsyncGenerator<Piece>> = new Map([
  ["network.silent", silence],
  ["network.idle", stall],
  // Never silent for long, and never done.
  ["network.timeout", (body) => drip(body, clientLimits.idleMs - 1)],
  ["network.truncated", (body) => cutAfter(body, 10)],
  ["tuf.length", () => endless()],
]);

/** In the order of the workflow, each with the files that are kept before it. */
const files = ["2.root.json", "timestamp.json", "1.snapshot.json", "1.targets.json", "1.a.json"];

for (const [index, file] of files.entries()) {
  for (const [code, attack] of attacks) {
    test(`${file}: ${code}`, async () => {
      const repository = new SimTufRepository();
      repository.delegate("targets", { name: "a" });
      repository.addTarget("a", "x", "content");
      await repository.publishAll();
      await repository.publish("root");
      const network = createSimNetwork();
      network.serve(origin, async ({ url }) => {
        const body = repository.files.get(url.pathname.slice("/tuf/".length));
        return { status: body === undefined ? 404 : 200, body: body ?? new Uint8Array() };
      });
      network.interpose(async (request, honest) => {
        const answer = await honest(request);
        if (!request.url.pathname.endsWith(`/${file}`)) return answer;
        assert.ok(answer.body instanceof Uint8Array);
        return { status: 200, body: attack(answer.body) };
      });
      const store = createMemoryTrustedStore();
      await store.writeRoot(1, repository.files.get("1.root.json") ?? assert.fail());
      const { now } = createSimClock("2026-01-01T00:00:00Z");
      const updater = createUpdater(
        { clock: now, fetch: network.fetch, store },
        { metadataUrl: new URL("/tuf/", origin) },
      );
      const find = async (): Promise<string> => {
        const found = await updater.findTarget(await updater.refresh(), "x");
        return found === "absent" ? found : found.role.name;
      };
      await assert.rejects(find(), { code });
      assert.equal(store.roots.size, index === 0 ? 1 : 2);
      const kept = ["timestamp", "snapshot", "targets", "a"].slice(0, Math.max(0, index - 1));
      assert.deepEqual([...store.roles.keys()], kept);
      network.interpose(undefined);
      assert.equal(await find(), "a", "an honest answer ends the refusal");
    });
  }
}
