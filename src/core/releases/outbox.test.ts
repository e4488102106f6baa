import assert from "node:assert/strict";
import { test } from "node:test";
import { UnavailableError } from "#core/errors.ts";
import type { Change, ChangeResult } from "#formats/door/change.ts";
import { normaliseProjectName } from "#formats/python/project-name.ts";
import type { AppliedChange, OutboxEntry } from "./catalogue.ts";
import { Outbox } from "./outbox.ts";

/** A door whose answers the test gives, timers it fires, a store that is a map. */
function aWorld() {
  const asked = new Map<string, PromiseWithResolvers<ChangeResult>[]>();
  const entries = new Map<string, OutboxEntry>();
  const timers = new Map<number, () => void>();
  const applied: string[] = [];
  const troubles: unknown[] = [];
  let reconnections = 0;
  let timerCount = 0;
  const world = {
    asked,
    entries,
    timers,
    applied,
    troubles,
    isStoreBroken: false,
    get reconnections(): number {
      return reconnections;
    },
    attempts: (id: string): number => asked.get(id)?.length ?? 0,
    async answer(id: string, result?: ChangeResult): Promise<void> {
      const page = { project: demo, sha256: "", size: 0, serial: 1 };
      asked
        .get(id)
        ?.at(-1)
        ?.resolve(result ?? { id, outcome: "published", page });
      await settle();
    },
    async fail(id: string): Promise<void> {
      asked.get(id)?.at(-1)?.reject(new UnavailableError("signer.unreachable", "gone"));
      await settle();
    },
    async fireTimers(): Promise<void> {
      const due = [...timers.values()];
      timers.clear();
      for (const run of due) run();
      await settle();
    },
  };
  const outbox = new Outbox({
    clock: () => new Date(0),
    timer(ms, run) {
      const id = (timerCount += 1) * 100_000 + ms;
      timers.set(id, run);
      return () => timers.delete(id);
    },
    store: {
      readOutbox: async () => [...entries.values()].filter(({ outcome }) => outcome === undefined),
      findChange: async (id) => entries.get(id),
      async recordResult(result): Promise<AppliedChange | undefined> {
        if (world.isStoreBroken) throw new UnavailableError("storage.full", "full");
        const entry = entries.get(result.id);
        if (entry === undefined || entry.outcome !== undefined) return undefined;
        const outcome =
          result.outcome === "published"
            ? ({ kind: "published" } as const)
            : ({ kind: "refused", code: result.code, message: result.message } as const);
        entries.set(result.id, { ...entry, outcome });
        return { change: entry.change, outcome, unneeded: [] };
      },
    },
    door: {
      sendChange(change) {
        const answer = Promise.withResolvers<ChangeResult>();
        asked.set(change.id, [...(asked.get(change.id) ?? []), answer]);
        return answer.promise;
      },
      readPages: async () => [],
      readStatus: () => Promise.reject(new Error("not asked")),
      backup: async () => {},
    },
    onApplied: async ({ change }) => void applied.push(change.id),
    onReconnected: () => (reconnections += 1),
    onTrouble: (error) => troubles.push(error),
  });
  const submit = (change: Change): void => {
    entries.set(change.id, { change, purge: false });
    outbox.submit(change);
  };
  return { world, outbox, submit };
}

const demo = normaliseProjectName("demo");
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function addFile(id: string, project = demo): Change {
  const file = { filename: `${id}.zip`, version: "1", sha256: "", size: 1, uploadTime: "" };
  return { kind: "add-file", id, project, ...file };
}

function yankFile(id: string, project = demo): Change {
  return { kind: "yank-file", id, project, filename: "a.zip", yanked: true };
}

test("a change is sent once, recorded, and its outcome told to all who wait", async () => {
  const { world, outbox, submit } = aWorld();
  submit(addFile("a"));
  submit(addFile("a"));
  const waits = [outbox.wait("a", 1000), outbox.wait("a", 1000)];
  assert.equal(outbox.size, 1);
  await world.answer("a");
  assert.deepEqual(await Promise.all(waits), [{ kind: "published" }, { kind: "published" }]);
  assert.equal(world.attempts("a"), 1);
  assert.deepEqual(world.applied, ["a"]);
  assert.equal(outbox.size, 0);
  assert.deepEqual(await outbox.wait("a", 1000), { kind: "published" });
  assert.equal(world.timers.size, 0);
});

test("wait() says pending when its time is up, and the change goes on", async () => {
  const { world, outbox, submit } = aWorld();
  submit(addFile("a"));
  const wait = outbox.wait("a", 45);
  await world.fireTimers();
  assert.equal(await wait, "pending");
  await world.answer("a", { id: "a", outcome: "refused", code: "limit.files", message: "no" });
  assert.deepEqual(await outbox.wait("a", 45), {
    kind: "refused",
    code: "limit.files",
    message: "no",
  });
});

test("what is not answered is sent again, and reconnection is told", async () => {
  const { world, outbox, submit } = aWorld();
  submit(addFile("a"));
  submit(addFile("b"));
  await world.fail("a");
  assert.equal(outbox.isConnected, false);
  await world.fail("b");
  assert.equal(world.timers.size, 1);
  await world.fireTimers();
  assert.equal(world.attempts("a"), 2);
  assert.equal(world.attempts("b"), 2);
  await world.answer("a");
  assert.equal(outbox.isConnected, true);
  await world.answer("b");
  assert.equal(world.reconnections, 1);
  assert.equal(outbox.size, 0);
});

test("an answer that cannot be recorded is asked for again", async () => {
  const { world, outbox, submit } = aWorld();
  submit(addFile("a"));
  world.isStoreBroken = true;
  await world.answer("a");
  assert.equal(outbox.size, 1);
  world.isStoreBroken = false;
  await world.fireTimers();
  await world.answer("a");
  assert.equal(outbox.size, 0);
  assert.equal(world.troubles.length, 1);
});

test("new files travel side by side; other changes keep their project's order", async () => {
  const { world, submit } = aWorld();
  const other = normaliseProjectName("other");
  for (const change of [addFile("a"), addFile("b"), yankFile("y"), addFile("c")]) submit(change);
  submit(yankFile("z", other));
  const sent = (): string => [...world.asked.keys()].join("");
  assert.equal(sent(), "abz");
  await world.answer("a");
  assert.equal(sent(), "abz");
  await world.answer("b");
  assert.equal(sent(), "abzy");
  await world.answer("y");
  assert.equal(sent(), "abzyc");
});

test("start() takes up what was unanswered, in order; stop() lets everybody go", async () => {
  const { world, outbox } = aWorld();
  world.entries.set("a", { change: addFile("a"), purge: false });
  world.entries.set("b", { change: addFile("b"), purge: false, outcome: { kind: "published" } });
  await outbox.start();
  assert.deepEqual([...world.asked.keys()], ["a"]);
  const wait = outbox.wait("a", 45);
  outbox.stop();
  assert.equal(await wait, "pending");
  await world.answer("a");
  outbox.submit(addFile("c"));
  assert.equal(world.attempts("c"), 0);
});
