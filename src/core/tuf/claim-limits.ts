/** Every bound of claims. */
export const claimLimits = {
  /** Keys of one project's owners, and of its release role. */
  keysMax: 32,
  /** Claimed projects from which `claimed` is split (design 5). */
  splitFrom: 1_000,
  /** Projects in a part of `claimed`, on average, before there are sixteen times as many parts; as in a bin. */
  partClaimsAverageMax: 64,
  /** Claims in one role file. `recently-claimed` is not split: a ceremony moves its claims to `claimed`. */
  roleClaimsMax: 8_192,
  /** Bytes of one file that delegates to projects or speaks for one: what all clients accept whose length is not listed. */
  fileSizeMax: 5_000_000,
} as const;
