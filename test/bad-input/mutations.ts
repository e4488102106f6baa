/** Seeded damage to bytes: what a bad disk, a bad line or a patient person does to a file. */
import { gunzipSync, gzipSync } from "node:zlib";
import type { SeededRandom } from "#world/seeded-random.ts";

export type Mutation = { readonly name: string; readonly bytes: Uint8Array };

type Mutate = (bytes: Uint8Array, random: SeededRandom, donor: Uint8Array) => Uint8Array;

const rangeMax = 512;
/** Where archives keep what tells how to read the rest. */
const edge = 256;

const mutates: ReadonlyMap<string, Mutate> = new Map<string, Mutate>([
  ["one bit", (bytes, random) => flip(bytes, random.below(bytes.length), random)],
  ["a bit at the start", (bytes, random) => flip(bytes, random.below(edge), random)],
  [
    "a bit at the end",
    (bytes, random) => flip(bytes, bytes.length - 1 - random.below(edge), random),
  ],
  [
    "twenty bytes",
    (bytes, random) => {
      let changed = bytes;
      for (let at = 0; at < 20; at++) changed = flip(changed, random.below(bytes.length), random);
      return changed;
    },
  ],
  ["cut short", (bytes, random) => bytes.slice(0, random.below(bytes.length))],
  ["cut at the end", (bytes, random) => bytes.slice(0, -1 - random.below(edge))],
  ["start lost", (bytes, random) => bytes.slice(1 + random.below(edge))],
  ["a range lost", (bytes, random) => splice(bytes, random, () => new Uint8Array())],
  ["a range twice", (bytes, random) => splice(bytes, random, (range) => join(range, range))],
  [
    "a range of zeros",
    (bytes, random) => splice(bytes, random, ({ length }) => new Uint8Array(length)),
  ],
  [
    "a range of 0xff",
    (bytes, random) => splice(bytes, random, ({ length }) => new Uint8Array(length).fill(255)),
  ],
  [
    "a range of noise",
    (bytes, random) => splice(bytes, random, ({ length }) => random.bytes(length)),
  ],
  [
    "a range of another file",
    (bytes, random, donor) =>
      splice(bytes, random, ({ length }) => sliceAt(donor, random.below(donor.length), length)),
  ],
  ["another file behind it", (bytes, _random, donor) => join(bytes, donor)],
  ["another file before it", (bytes, _random, donor) => join(donor, bytes)],
  ["itself behind it", (bytes) => join(bytes, bytes)],
]);

/** This many damaged copies; for a compressed tar also of what is inside, compressed again. */
export function listMutations(
  bytes: Uint8Array,
  donor: Uint8Array,
  random: SeededRandom,
  count: number,
): readonly Mutation[] {
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  const inside = isGzip ? new Uint8Array(gunzipSync(bytes)) : bytes;
  const kinds = [...mutates];
  return Array.from({ length: count }, (_, at) => {
    const [name, mutate] = random.pick(kinds);
    // Damage outside a gzip stream's checksum is rare, so half of it is done inside.
    if (!isGzip || at % 2 === 0)
      return { name: `${at}: ${name}`, bytes: mutate(bytes, random, donor) };
    const changed = gzipSync(mutate(inside, random, donor), { level: 1 });
    return { name: `${at}: inside, ${name}`, bytes: new Uint8Array(changed) };
  });
}

function flip(bytes: Uint8Array, at: number, random: SeededRandom): Uint8Array {
  const changed = bytes.slice();
  const place = Math.max(0, Math.min(at, bytes.length - 1));
  changed[place] = (changed[place] ?? 0) ^ (1 << random.below(8));
  return changed;
}

function splice(
  bytes: Uint8Array,
  random: SeededRandom,
  replace: (range: Uint8Array) => Uint8Array,
): Uint8Array {
  const start = random.below(bytes.length);
  const range = sliceAt(bytes, start, 1 + random.below(rangeMax));
  return join(bytes.subarray(0, start), replace(range), bytes.subarray(start + range.length));
}

function sliceAt(bytes: Uint8Array, start: number, length: number): Uint8Array {
  return bytes.subarray(start, Math.min(start + length, bytes.length));
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
