/** Whatever somebody changes in a published file: it is refused, or it says what was signed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { answer, honestTufWorld, SimTufClient } from "#world/tuf-client.ts";
import { FormatError } from "#formats/format-error.ts";
import { parseSigned } from "#formats/tuf/envelope.ts";
import { TrustError } from "#core/errors.ts";

type Change = (bytes: Uint8Array, at: number, byte: number) => Uint8Array;

const changes: readonly Change[] = [
  (bytes, at, byte) => {
    const changed = bytes.slice();
    changed[at] = byte;
    return changed;
  },
  (bytes, at, byte) => {
    const changed = bytes.slice();
    changed[at] = (changed[at] ?? 0) ^ (1 << (byte % 8));
    return changed;
  },
  (bytes, at) => Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]),
  (bytes, at, byte) =>
    Buffer.concat([bytes.subarray(0, at), Uint8Array.of(byte), bytes.subarray(at)]),
  (bytes, at) => bytes.slice(0, at),
  (bytes, at, byte) => Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + byte)]),
];

test("a changed byte anywhere in any file is never believed", async () => {
  const { repository } = await honestTufWorld((sim) => sim.addTarget("a", "x", "content"));
  await repository.publish("root", "a", "targets", "snapshot", "timestamp");
  const names = ["2.root.json", "timestamp.json", "2.snapshot.json", "2.targets.json", "2.a.json"];
  let refusedCount = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...names),
      fc.constantFrom(...changes),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      fc.integer({ min: 0, max: 255 }),
      async (name, change, place, byte) => {
        const honest = repository.files.get(name);
        assert.ok(honest);
        const changed = change(honest, Math.floor(place * honest.byteLength), byte);
        repository.answers.clear();
        repository.answers.set(name, answer(changed));
        const client = new SimTufClient(repository);
        await client.init();
        try {
          const found = await client.find("x");
          assert.equal(found !== "absent" && found.target.length, 7);
        } catch (error) {
          if (!(error instanceof TrustError || error instanceof FormatError)) throw error;
          refusedCount++;
          return;
        }
        // White space, the case of a signature's hex: nothing that is signed.
        const signed = (bytes: Uint8Array): Uint8Array =>
          parseSigned(bytes, (tree) => tree).canonical;
        assert.deepEqual(signed(changed), signed(honest));
      },
    ),
    { numRuns: 400, seed: 20260101 },
  );
  assert.ok(refusedCount > 300, `${refusedCount}`);
});
