import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ByteCache } from "./byte-cache.ts";

test("what was not used since it was last looked at goes first", () => {
  const cache = new ByteCache<string>(100);
  for (const key of ["a", "b", "c", "d"]) cache.set(key, key, 25);
  assert.equal(cache.find("a"), "a");
  cache.set("e", "e", 25);
  assert.equal(cache.find("b"), undefined);
  assert.equal(cache.find("a"), "a");
  assert.equal(cache.size, 100);
});

test("what is too large is not kept, and growth counts", () => {
  const cache = new ByteCache<object>(100);
  cache.set("big", {}, 26);
  assert.equal(cache.count, 0);
  const value = {};
  cache.set("a", value, 20);
  cache.grow("a", {}, 50);
  assert.equal(cache.size, 20);
  cache.grow("a", value, 50);
  assert.equal(cache.size, 70);
  cache.grow("a", value, 50);
  assert.equal(cache.count, 0);
});

test("the bound holds, and the size is the sum of what is there", () => {
  const step = fc.record({
    key: fc.nat({ max: 9 }),
    size: fc.nat({ max: 30 }),
    kind: fc.nat({ max: 2 }),
  });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const cache = new ByteCache<number>(100);
      for (const { key, size, kind } of steps) {
        const name = String(key);
        if (kind === 0) cache.set(name, size, size);
        if (kind === 1) cache.delete(name);
        if (kind === 2) cache.find(name);
        assert.ok(cache.size <= 100);
      }
      let sum = 0;
      for (let key = 0; key < 10; key += 1) sum += cache.find(String(key)) ?? 0;
      assert.equal(cache.size, sum);
    }),
  );
});
