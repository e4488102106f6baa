/** Every bound of a recovery. */
export const recoveryLimits = {
  /** Roots read from one copy. */
  rootsMax: 4_096,
  /** Projects, and roles on the way to them, that a copy names outside of its bins. */
  namedProjectsMax: 200_000,
  /** Newest faults kept for a report; the rest is counted. */
  faultsMax: 10_000,
} as const;
