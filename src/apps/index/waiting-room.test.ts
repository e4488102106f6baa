import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as immediate } from "node:timers/promises";
import { WaitingRoom } from "./waiting-room.ts";

test("enter() lets in as many as there are places, the next when one leaves", async () => {
  const room = new WaitingRoom(2);
  const ends = Array.from({ length: 5 }, () => Promise.withResolvers<void>());
  const begun: number[] = [];
  const entries = ends.map(({ promise }, number) =>
    room.enter(() => {
      begun.push(number);
      return promise;
    }),
  );
  await Promise.all(entries.slice(0, 2));
  assert.deepEqual(begun, [0, 1]);
  ends[1]?.resolve();
  await entries[2];
  assert.deepEqual(begun, [0, 1, 2]);
  for (const end of ends) end.resolve();
  await Promise.all(entries);
  await room.empty();
  assert.deepEqual(begun, [0, 1, 2, 3, 4]);
});

test("empty() waits for who is inside, and throws what failed there", async () => {
  const room = new WaitingRoom(2);
  const end = Promise.withResolvers<void>();
  let ended = false;
  await room.enter(() => Promise.reject(new Error("refused")));
  await room.enter(async () => {
    await end.promise;
    ended = true;
  });
  const emptied = room.empty();
  end.resolve();
  await assert.rejects(emptied, /refused/);
  assert.ok(ended);
  await new WaitingRoom(1).empty();
});

for (const how of ["one after the other", "all at once"] as const) {
  test(`never more are inside than there are places, when many come ${how}`, async () => {
    const room = new WaitingRoom(2);
    let inside = 0;
    let most = 0;
    let done = 0;
    const work = async (turns: number): Promise<void> => {
      inside += 1;
      most = Math.max(most, inside);
      for (let turn = 0; turn < turns; turn += 1) await immediate();
      inside -= 1;
      done += 1;
    };
    const entries: Promise<void>[] = [];
    for (let number = 0; number < 50; number += 1) {
      const entry = room.enter(() => work(1 + (number % 3)));
      if (how === "one after the other") await entry;
      entries.push(entry);
    }
    await Promise.all(entries);
    await room.empty();
    assert.deepEqual({ most, done, inside }, { most: 2, done: 50, inside: 0 });
  });
}
