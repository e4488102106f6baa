/** Whatever is done to an answer on its way: the client gets what was published, or a reason; never anything else. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createProxyWorld } from "#world/proxy-world.ts";
import type { Answered } from "#world/sim-proxy.ts";
import type { SimResponse } from "#world/sim-network.ts";

type Mutation = {
  /** Of the answers in order, the one that is changed. */
  readonly which: number;
  readonly kind: "cut" | "flip" | "grow" | "status" | "swap";
  readonly at: number;
};

const mutation: fc.Arbitrary<Mutation> = fc.record({
  which: fc.nat(16),
  kind: fc.constantFrom("cut", "flip", "grow", "status", "swap"),
  at: fc.nat(5_000),
});

const statuses = [204, 206, 301, 400, 401, 404, 410, 429, 500, 503];

function mutate(truth: SimResponse, { at, kind }: Mutation, last: Uint8Array): SimResponse {
  assert.ok(truth.body instanceof Uint8Array);
  const { body } = truth;
  const place = at % Math.max(1, body.length);
  switch (kind) {
    case "cut":
      return { ...truth, body: body.slice(0, place) };
    case "flip": {
      const flipped = body.slice();
      if (flipped.length > 0) flipped[place] = (flipped[place] ?? 0) ^ (1 << (at % 8));
      return { ...truth, body: flipped };
    }
    case "grow":
      return { ...truth, body: new Uint8Array([...body, at & 0xff]) };
    case "status":
      return { ...truth, status: statuses[at % statuses.length] ?? 500 };
    case "swap":
      return { ...truth, body: last };
  }
}

function assertHonest(answer: Answered, honest: Uint8Array): void {
  if (answer.code !== undefined) {
    assert.notEqual(answer.status, 404, `${answer.code}: a lie made something "not found"`);
    assert.notEqual(answer.code, "server.failed");
    return;
  }
  assert.deepEqual([answer.status, answer.broken], [200, undefined]);
  assert.deepEqual(answer.bytes, honest);
}

test("no change of any answer makes the proxy serve other bytes, or call them not found", async () => {
  const property = fc.asyncProperty(
    fc.array(mutation, { minLength: 1, maxLength: 3 }),
    async (mutations) => {
      const world = await createProxyWorld();
      const wheel = await world.index.publishFile("demo-1.0-py3-none-any.whl", "wheel bytes", {
        metadata: "Name: demo",
      });
      await world.index.publishFile("other-1.0.tar.gz", "other bytes");
      let count = 0;
      let last: Uint8Array = new Uint8Array(0);
      world.network.interpose(async (request, honest) => {
        const truth = await honest(request);
        const own = mutations.filter(({ which }) => which === count);
        count += 1;
        const lie = own.reduce((answer, one) => mutate(answer, one, last), truth);
        if (truth.body instanceof Uint8Array) last = truth.body;
        return lie;
      });
      assertHonest(await world.page("demo"), world.index.pageBytes("demo"));
      assertHonest(await world.metadata(wheel), new TextEncoder().encode("Name: demo"));
      assertHonest(await world.file(wheel), wheel.bytes);
      assertHonest(await world.page("demo", { agent: "pip" }), world.index.pageBytes("demo"));
      world.network.interpose(undefined);
      world.clock.advance(61_000);
      assert.equal((await world.page("demo")).status, 200);
      assert.equal((await world.file(wheel)).text, "wheel bytes");
    },
  );
  await fc.assert(property, { numRuns: 150, seed: 20_261_121 });
});
