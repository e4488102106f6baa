/** Spans of time as people say them. */

const units = [
  ["days", 86_400_000],
  ["hours", 3_600_000],
  ["minutes", 60_000],
  ["seconds", 1_000],
] as const;

/** In the largest unit of which there are two or more, rounded down. */
export function describeSpan(ms: number): string {
  const [name, unitMs] = units.find(([, length]) => ms >= 2 * length) ?? ["seconds", 1_000];
  return `${Math.floor(ms / unitMs)} ${name}`;
}
