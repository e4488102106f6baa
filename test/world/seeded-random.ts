/** Randomness from a seed (sfc32), so that every run of a simulated world can be had again. */
import type { Random } from "#core/ports.ts";

export type SeededRandom = {
  readonly seed: number;
  readonly bytes: Random;
  /** A whole number, 0 ≤ n < `below`. */
  readonly below: (below: number) => number;
  readonly pick: <T>(values: readonly T[]) => T;
};

export function createSeededRandom(seed: number): SeededRandom {
  let a = 0x9e3779b9;
  let b = 0x243f6a88;
  let c = 0xb7e15162;
  let counter = seed >>> 0;
  const next = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  for (let round = 0; round < 12; round++) next();
  const below = (limit: number): number => Math.floor((next() / 2 ** 32) * limit);
  return {
    seed,
    below,
    bytes: (size) => Uint8Array.from({ length: size }, () => next() & 0xff),
    pick: (values) => {
      const value = values[below(values.length)];
      if (value === undefined) throw new Error("Cannot pick from an empty list");
      return value;
    },
  };
}
