/** Root gives another role new keys: which files of that role are believed then (specification 5.4.2, 5.5.3, 5.6.3). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { honestTufWorld } from "#world/tuf-client.ts";
import { actor } from "#world/tuf-repository.ts";

type Rotation = {
  readonly keys: readonly number[];
  readonly threshold: number;
  readonly signed: readonly number[];
  readonly believed: boolean;
};

const five = [0, 1, 2, 3, 4];
const rotations: ReadonlyMap<string, Rotation> = new Map([
  ["one key replaced", { keys: [2], threshold: 1, signed: [2], believed: true }],
  ["signatures nobody needs", { keys: [1], threshold: 1, signed: [3, 1, 4], believed: true }],
  ["not signed by the new key", { keys: [2], threshold: 1, signed: [1, 3, 4], believed: false }],
  [
    "two of the new keys and one old",
    { keys: [0, 1, 3, 4, 5], threshold: 3, signed: [0, 2, 4], believed: false },
  ],
  ["two of three", { keys: [0, 1, 3, 4, 5], threshold: 3, signed: [0, 4], believed: false }],
  ...[
    [0, 2, 4],
    [0, 4, 1],
    [0, 1, 3],
    [1, 2, 3],
    [2, 3, 4],
  ].map((signed): [string, Rotation] => [
    `three of five: ${signed.join(" ")}`,
    { keys: five, threshold: 3, signed, believed: true },
  ]),
]);

/** What is trusted when the role's file of version 2 is refused: all before it in the order of the workflow. */
const untilRefused = {
  timestamp: { root: 2, targets: 1 },
  snapshot: { root: 2, timestamp: 2, targets: 1 },
  targets: { root: 2, timestamp: 2, snapshot: 2, targets: 1 },
} as const;

for (const role of ["timestamp", "snapshot", "targets"] as const) {
  for (const [name, { believed, keys, signed, threshold }] of rotations) {
    test(`${role}, ${name}: ${believed ? "believed" : "refused"}`, async () => {
      const { client, repository } = await honestTufWorld();
      const signer = (index: number) => actor(`key ${index}`);
      repository.keys[role] = { signers: keys.map(signer), threshold };
      repository.signers.set(role, signed.map(signer));
      await repository.publish("root", "targets", "snapshot", "timestamp");
      if (believed) {
        await client.refresh();
        const all = { root: 2, timestamp: 2, snapshot: 2, targets: 2 };
        assert.deepEqual(await client.trusted(), all);
        return;
      }
      await assert.rejects(client.refresh(), { code: "tuf.threshold" });
      assert.deepEqual(await client.trusted(), untilRefused[role]);
    });
  }
}
