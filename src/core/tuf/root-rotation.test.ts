/** Root's keys change: which successors are accepted (specification 5.3.4). */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { SimTufClient } from "#world/tuf-client.ts";
import { actor, SimTufRepository } from "#world/tuf-repository.ts";

type RootVersion = readonly [keys: readonly number[], threshold: number, signed: readonly number[]];

const accepted: ReadonlyMap<string, readonly RootVersion[]> = new Map([
  [
    "one key replaced by another",
    [
      [[1], 1, [1]],
      [[2], 1, [2, 1]],
      [[2], 1, [2]],
    ],
  ],
  [
    "with signatures that nobody needs",
    [
      [[1], 1, [3, 1, 4]],
      [[2], 1, [3, 2, 1, 4]],
      [[2], 1, [3, 2, 4]],
    ],
  ],
  [
    "any three of five",
    [
      [[0, 1, 2, 3, 4], 3, [0, 2, 4]],
      [[0, 1, 2, 3, 4], 3, [0, 4, 1]],
      [[0, 1, 2, 3, 4], 3, [0, 1, 3]],
    ],
  ],
  [
    "one of five replaced",
    [
      [[0, 1, 2, 3, 4], 3, [0, 2, 4]],
      [[0, 1, 3, 4, 5], 3, [0, 4, 1]],
    ],
  ],
  [
    "all five replaced, both sets sign",
    [
      [[0, 1, 2, 3, 4], 3, [0, 2, 4]],
      [[5, 6, 7, 8, 9], 3, [0, 2, 4, 5, 6, 7]],
      [[5, 6, 7, 8, 9], 3, [5, 6, 7]],
    ],
  ],
  [
    "threshold raised",
    [
      [[1, 2, 3], 1, [1]],
      [[1, 2, 3], 2, [1, 2]],
    ],
  ],
  [
    "threshold lowered",
    [
      [[1, 2, 3], 2, [1, 2]],
      [[1, 2, 3], 1, [1, 2]],
      [[1, 2, 3], 1, [1]],
    ],
  ],
  [
    "key added and threshold raised",
    [
      [[1], 1, [1]],
      [[1, 2], 2, [1, 2]],
    ],
  ],
]);

const refused: ReadonlyMap<string, readonly RootVersion[]> = new Map([
  [
    "not signed by the old key",
    [
      [[1], 1, [1]],
      [[2], 1, [2, 3, 4]],
    ],
  ],
  [
    "not signed by the new key",
    [
      [[1], 1, [1]],
      [[2], 1, [1, 3, 4]],
    ],
  ],
  [
    "two of the new keys only",
    [
      [[0, 1, 2, 3, 4], 3, [0, 2, 4]],
      [[0, 1, 3, 4, 5], 3, [0, 2, 4]],
    ],
  ],
  [
    "two of the old keys only",
    [
      [[0, 1, 2, 3, 4], 3, [0, 2, 4]],
      [[0, 1, 3, 4, 5], 3, [0, 4, 5]],
    ],
  ],
  [
    "raised threshold not reached",
    [
      [[1, 2, 3], 1, [1]],
      [[1, 2, 3], 2, [2]],
    ],
  ],
  [
    "old threshold not reached",
    [
      [[1, 2, 3], 2, [1, 2]],
      [[1, 2, 3], 1, [1]],
    ],
  ],
]);

async function publishRoots(versions: readonly RootVersion[]): Promise<SimTufClient> {
  const repository = new SimTufRepository();
  const signer = (index: number) => actor(`root key ${index}`);
  for (const [keys, threshold, signed] of versions) {
    repository.keys.root = { signers: keys.map(signer), threshold };
    repository.signers.set("root", signed.map(signer));
    await repository.publish("root");
  }
  await repository.publish("targets", "snapshot", "timestamp");
  const client = new SimTufClient(repository);
  await client.init();
  return client;
}

describe("accepted", () => {
  for (const [name, versions] of accepted) {
    test(name, async () => {
      const client = await publishRoots(versions);
      await client.refresh();
      assert.equal((await client.trusted())["root"], versions.length);
      assert.deepEqual(
        await client.store.readRoot(),
        client.repository.files.get(`${versions.length}.root.json`),
      );
    });
  }
});

describe("refused", () => {
  for (const [name, versions] of refused) {
    test(name, async () => {
      const client = await publishRoots(versions);
      await client.refuses("tuf.threshold");
      assert.equal((await client.trusted())["root"], versions.length - 1);
    });
  }
});
