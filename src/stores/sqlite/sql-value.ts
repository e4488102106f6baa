import type { SQLInputValue } from "node:sqlite";

/** What SQLite can bind. TypeError for anything else: a mistake of ours. */
export function sqlValue(value: unknown): SQLInputValue {
  if (value === null || typeof value === "string" || typeof value === "number") return value;
  if (typeof value === "bigint" || value instanceof Uint8Array) return value;
  throw new TypeError(`Cannot bind a ${typeof value} to an SQL parameter`);
}
