/**
 * Every check of the client workflow (specification 5.3 to 5.6.6): an honest refresh, the attack, the refusal with its
 * code, and trust as it was. Each runs with the state in memory and again after a new start, from disk.
 */
import { test } from "node:test";
import { DAY } from "#world/sim-clock.ts";
import { answer, honestTufWorld } from "#world/tuf-client.ts";
import type { SimTufWorld } from "#world/tuf-client.ts";
import { actor } from "#world/tuf-repository.ts";
import type { SimTufRepository } from "#world/tuf-repository.ts";

/** `attack` must be refused with `code`, by a running client and by one that starts anew. */

function attackTest(
  name: string,
  code: string,
  attack: (world: SimTufWorld) => Promise<void>,
  changed: Readonly<Record<string, number>> = {},
  prepare?: (repository: SimTufRepository) => void,
): void {
  for (const restarts of [false, true]) {
    test(`${name}: ${code}${restarts ? ", after a new start" : ""}`, async () => {
      const world = await honestTufWorld(prepare);
      await attack(world);
      if (restarts) world.client.restart();
      await world.client.refuses(code, changed);
    });
  }
}

// 5.3 root

attackTest("root 2 signed by new keys only", "tuf.threshold", async ({ repository }) => {
  repository.keys.root.signers = [actor("mallory")];
  await repository.publish("root");
});

attackTest("root 2 signed by old keys only", "tuf.threshold", async ({ repository }) => {
  repository.keys.root.signers = [actor("new root")];
  repository.signers.set("root", [actor("root")]);
  await repository.publish("root");
});

attackTest("root 2 whose version is 3", "tuf.version", async ({ repository }) => {
  repository.root.version = 3;
  repository.answers.set("2.root.json", answer(await repository.sign("root")));
});

attackTest("root 1 replayed as root 2", "tuf.version", async ({ repository }) => {
  repository.answers.set("2.root.json", answer(await repository.sign("root")));
});

attackTest(
  "the last root has expired: kept, but nothing after it is asked for",
  "tuf.expired",
  async ({ repository }) => {
    repository.root.expires = "2025-12-31T00:00:00Z";
    await repository.publish("root", "timestamp");
  },
  { root: 2 },
);

attackTest("a root that is too long", "tuf.length", async ({ repository }) => {
  repository.answers.set("2.root.json", answer(new Uint8Array(512_001).fill(0x20)));
});

attackTest("a root that is no root", "tuf.type", async ({ repository }) => {
  repository.answers.set("2.root.json", answer(repository.files.get("1.targets.json")));
});

attackTest("a root that is not JSON", "json.syntax", async ({ repository }) => {
  repository.answers.set("2.root.json", answer(Buffer.from("<!doctype html>")));
});

// 5.4 timestamp

attackTest("a timestamp by nobody", "tuf.threshold", async ({ repository }) => {
  repository.signers.set("timestamp", []);
  await repository.publish("timestamp");
});

attackTest("a timestamp by a stranger", "tuf.threshold", async ({ repository }) => {
  repository.signers.set("timestamp", [actor("mallory")]);
  await repository.publish("timestamp");
});

attackTest("an older timestamp", "tuf.rollback", async ({ repository, client }) => {
  const old = repository.files.get("timestamp.json") ?? new Uint8Array();
  await repository.publish("timestamp");
  await client.refresh();
  repository.answers.set("timestamp.json", answer(old));
});

attackTest(
  "a newer timestamp with an older snapshot",
  "tuf.rollback",
  async ({ repository, client }) => {
    await repository.publish("snapshot", "timestamp");
    await client.refresh();
    repository.snapshot.version = 1;
    await repository.publish("timestamp");
  },
);

attackTest(
  "a frozen timestamp, once it has expired",
  "tuf.expired",
  async ({ client }) => {
    client.clock.advance(10 * DAY);
  },
  {},
  (repository) => {
    repository.timestamp.expires = "2026-01-10T00:00:00Z";
  },
);

attackTest("a new timestamp that has expired", "tuf.expired", async ({ repository }) => {
  repository.timestamp.expires = "2026-01-01T00:00:00Z";
  await repository.publish("timestamp");
});

attackTest("no timestamp", "tuf.missing", async ({ repository }) => {
  repository.files.delete("timestamp.json");
});

attackTest("an endless timestamp", "tuf.length", async ({ repository }) => {
  repository.answers.set("timestamp.json", answer(new Uint8Array(16_385).fill(0x20)));
});

attackTest("a truncated timestamp", "json.syntax", async ({ repository }) => {
  const bytes = repository.files.get("timestamp.json") ?? new Uint8Array();
  repository.answers.set("timestamp.json", answer(bytes.slice(0, -1)));
});

attackTest("an index that is down", "network.status", async ({ repository }) => {
  repository.answers.set("timestamp.json", answer(new Uint8Array(), 503));
});

// 5.5 snapshot

attackTest(
  "a snapshot by a stranger",
  "tuf.threshold",
  async ({ repository }) => {
    repository.signers.set("snapshot", [actor("mallory")]);
    await repository.publish("snapshot", "timestamp");
  },
  { timestamp: 2 },
);

attackTest(
  "an older snapshot under a new name",
  "tuf.version",
  async ({ repository }) => {
    await repository.publish("snapshot", "timestamp");
    repository.answers.set("2.snapshot.json", answer(repository.files.get("1.snapshot.json")));
  },
  { timestamp: 2 },
);

attackTest(
  "a newer snapshot than timestamp lists",
  "tuf.version",
  async ({ repository }) => {
    await repository.publish("snapshot", "timestamp");
    repository.snapshot.version = 3;
    repository.answers.set("2.snapshot.json", answer(await repository.sign("snapshot")));
  },
  { timestamp: 2 },
);

attackTest(
  "an older snapshot where hashes are listed",
  "tuf.hash",
  async ({ repository }) => {
    await repository.publish("snapshot", "timestamp");
    const old = Buffer.from(repository.files.get("1.snapshot.json") ?? []);
    repository.answers.set("2.snapshot.json", answer(old));
  },
  { timestamp: 2 },
  (repository) => {
    repository.listsHashes = true;
  },
);

attackTest(
  "a snapshot longer than listed",
  "tuf.length",
  async ({ repository }) => {
    await repository.publish("snapshot", "timestamp");
    const bytes = repository.files.get("2.snapshot.json") ?? new Uint8Array();
    repository.answers.set("2.snapshot.json", answer(Buffer.concat([bytes, Buffer.from(" ")])));
  },
  { timestamp: 2 },
  (repository) => {
    repository.listsHashes = true;
  },
);

attackTest(
  "a snapshot shorter than listed",
  "tuf.length",
  async ({ repository }) => {
    await repository.publish("snapshot", "timestamp");
    const bytes = repository.files.get("2.snapshot.json") ?? new Uint8Array();
    repository.answers.set("2.snapshot.json", answer(bytes.slice(0, -1)));
  },
  { timestamp: 2 },
  (repository) => {
    repository.listsHashes = true;
  },
);

attackTest(
  "an endless snapshot",
  "tuf.length",
  async ({ repository }) => {
    await repository.publish("snapshot", "timestamp");
    repository.answers.set("2.snapshot.json", answer(new Uint8Array(2_000_001).fill(0x20)));
  },
  { timestamp: 2 },
);

attackTest(
  "a snapshot in which targets go back",
  "tuf.rollback",
  async ({ repository, client }) => {
    await repository.publish("targets", "snapshot", "timestamp");
    await client.refresh();
    repository.snapshot.meta.set("targets", { version: 1 });
    await repository.publish("snapshot", "timestamp");
  },
  { timestamp: 3 },
);

attackTest(
  "a snapshot in which a delegated role goes back",
  "tuf.rollback",
  async ({ repository, client }) => {
    await repository.publish("a", "snapshot", "timestamp");
    await client.refresh();
    repository.snapshot.meta.set("a", { version: 1 });
    await repository.publish("snapshot", "timestamp");
  },
  { timestamp: 3 },
);

attackTest(
  "a snapshot that drops a role",
  "tuf.rollback",
  async ({ repository }) => {
    repository.snapshot.meta.delete("a");
    await repository.publish("snapshot", "timestamp");
  },
  { timestamp: 2 },
);

attackTest(
  "a snapshot that has expired",
  "tuf.expired",
  async ({ repository }) => {
    repository.snapshot.expires = "2026-01-01T00:00:00Z";
    await repository.publish("snapshot", "timestamp");
  },
  { timestamp: 2 },
);

attackTest(
  "a snapshot that is not there",
  "tuf.missing",
  async ({ repository }) => {
    await repository.publish("snapshot", "timestamp");
    repository.files.delete("2.snapshot.json");
  },
  { timestamp: 2 },
);

attackTest(
  "a snapshot that lists no targets",
  "tuf.missing",
  async ({ repository, client }) => {
    repository.keys.snapshot.signers = [actor("new snapshot")];
    await repository.publish("root", "snapshot", "timestamp");
    await client.refresh();
    repository.keys.snapshot.signers = [actor("newer snapshot")];
    repository.snapshot.meta.delete("targets");
    await repository.publish("root", "snapshot", "timestamp");
  },
  { root: 3, timestamp: 3, snapshot: 3 },
);

attackTest(
  "a snapshot below root's floor",
  "tuf.rollback",
  async ({ repository }) => {
    repository.root.floor = new Map([["targets", 2]]);
    await repository.publish("root", "snapshot", "timestamp");
  },
  { root: 2, timestamp: 2 },
);

attackTest(
  "a snapshot that lacks a role of root's floor",
  "tuf.rollback",
  async ({ repository }) => {
    repository.root.floor = new Map([["b", 1]]);
    await repository.publish("root", "snapshot", "timestamp");
  },
  { root: 2, timestamp: 2 },
);

// 5.6 targets

attackTest(
  "targets by a stranger",
  "tuf.threshold",
  async ({ repository }) => {
    repository.signers.set("targets", [actor("mallory")]);
    await repository.publish("targets", "snapshot", "timestamp");
  },
  { timestamp: 2, snapshot: 2 },
);

attackTest(
  "older targets under a new name",
  "tuf.version",
  async ({ repository }) => {
    await repository.publish("targets", "snapshot", "timestamp");
    repository.answers.set("2.targets.json", answer(repository.files.get("1.targets.json")));
  },
  { timestamp: 2, snapshot: 2 },
);

attackTest(
  "newer targets than snapshot lists",
  "tuf.version",
  async ({ repository }) => {
    await repository.publish("targets", "snapshot", "timestamp");
    repository.draft("targets").version = 3;
    repository.answers.set("2.targets.json", answer(await repository.sign("targets")));
  },
  { timestamp: 2, snapshot: 2 },
);

attackTest(
  "other targets where hashes are listed",
  "tuf.hash",
  async ({ repository }) => {
    await repository.publish("targets", "snapshot", "timestamp");
    const file = "2.targets.json";
    const bytes = (repository.files.get(file) ?? new Uint8Array()).slice();
    bytes[20] = (bytes[20] ?? 0) ^ 1;
    repository.answers.set(file, answer(bytes));
  },
  { timestamp: 2, snapshot: 2 },
  (repository) => {
    repository.listsHashes = true;
  },
);

attackTest(
  "targets that have expired",
  "tuf.expired",
  async ({ repository }) => {
    repository.draft("targets").expires = "2025-01-01T00:00:00Z";
    await repository.publish("targets", "snapshot", "timestamp");
  },
  { timestamp: 2, snapshot: 2 },
);

attackTest(
  "targets that are not there",
  "tuf.missing",
  async ({ repository }) => {
    await repository.publish("targets", "snapshot", "timestamp");
    repository.files.delete("2.targets.json");
  },
  { timestamp: 2, snapshot: 2 },
);

attackTest(
  "endless targets",
  "tuf.length",
  async ({ repository }) => {
    await repository.publish("targets", "snapshot", "timestamp");
    repository.answers.set("2.targets.json", answer(new Uint8Array(5_000_001).fill(0x20)));
  },
  { timestamp: 2, snapshot: 2 },
);
