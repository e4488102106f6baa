import assert from "node:assert/strict";
import { test } from "node:test";
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
