import assert from "node:assert/strict";
import { test } from "node:test";
import { createLife } from "./life.ts";
import type { LifeHost } from "./life.ts";

type FakeHost = LifeHost & {
  readonly exits: number[];
  readonly warnings: string[];
  send(signal: string): void;
  /** Lets time pass. */
  advance(ms: number): void;
};

function aHost(): FakeHost {
  const listeners = new Map<string, () => void>();
  const exits: number[] = [];
  const warnings: string[] = [];
  let now = 0;
  return {
    exits,
    warnings,
    onSignal: (signal, listener) => void listeners.set(signal, listener),
    exit: (code) => void exits.push(code),
    warn: (message) => void warnings.push(message),
    monotonicMs: () => now,
    advance(ms) {
      now += ms;
    },
    send: (signal) => listeners.get(signal)?.(),
  };
}

test("createLife() closes the last registered first, once, and exits with 0 on SIGTERM", async () => {
  const host = aHost();
  const life = createLife({ host, parentPid: process.ppid });
  const closed: string[] = [];
  life.onStop("store", () => void closed.push("store"));
  life.onStop("server", async () => void closed.push("server"));
  host.send("SIGTERM");
  assert.equal(life.stopping.aborted, true);
  await life.stop(7);
  assert.deepEqual(closed, ["server", "store"]);
  assert.deepEqual(host.exits, [0]);
});

test("createLife() closes at once what is registered after the end began", async () => {
  const host = aHost();
  const life = createLife({ host, parentPid: process.ppid });
  await life.stop(3);
  let closed = false;
  life.onStop("late", () => {
    closed = true;
  });
  assert.equal(closed, true);
  assert.deepEqual(host.exits, [3]);
});

test("createLife() goes on after an error while closing and says so with the exit code", async () => {
  const host = aHost();
  const life = createLife({ host, parentPid: process.ppid });
  let closed = false;
  life.onStop("store", () => {
    closed = true;
  });
  life.onStop("server", () => {
    throw new Error("no");
  });
  await life.stop(0);
  assert.equal(closed, true);
  assert.deepEqual(host.exits, [1]);
  assert.deepEqual(host.warnings, ["Cannot close server: no"]);
});

test("createLife() does not wait for ever for what cannot be closed", async () => {
  const host = aHost();
  const life = createLife({ host, parentPid: process.ppid, stopMsMax: 5 });
  life.onStop("stuck", () => new Promise(() => undefined));
  await life.stop(0);
  assert.deepEqual(host.exits, [1]);
  assert.deepEqual(host.warnings, ["Cannot close stuck within 5 ms: ending without it"]);
});

test("createLife() does not wait on a second Ctrl-C, but takes a signal that arrives twice as one", () => {
  const host = aHost();
  const life = createLife({ host, parentPid: process.ppid, stopMsMax: 1 });
  life.onStop("stuck", () => new Promise(() => undefined));
  host.send("SIGINT");
  host.advance(10);
  host.send("SIGINT");
  assert.deepEqual(host.exits, []);
  host.advance(2_000);
  host.send("SIGINT");
  assert.deepEqual(host.exits, [130]);
});

test("createLife() ends a program whose parent is gone before it began", async () => {
  const host = aHost();
  const life = createLife({ host, parentPid: process.ppid + 1 });
  assert.equal(life.stopping.aborted, true);
  await life.stop(0);
  assert.deepEqual(host.exits, [0]);
});
