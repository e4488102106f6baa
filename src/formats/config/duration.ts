/** Lengths of time as a person writes them in a configuration file: a whole number and a unit, "90s", "7d". */
import { FormatError } from "#formats/format-error.ts";

const unitMs: ReadonlyMap<string, number> = new Map([
  ["ms", 1],
  ["s", 1_000],
  ["m", 60_000],
  ["h", 3_600_000],
  ["d", 86_400_000],
  ["w", 7 * 86_400_000],
  ["y", 365 * 86_400_000],
]);

/** Nothing that Holdfast counts lasts longer than a hundred years. */
const durationMsMax = 100 * 365 * 86_400_000;

/** Milliseconds; FormatError `config.value`. A year is 365 days. */
export function parseDuration(text: string, at = ""): number {
  const [, digits, unit] = /^([0-9]{1,15})(ms|[smhdwy])$/.exec(text) ?? [];
  const factor = unitMs.get(unit ?? "");
  if (digits === undefined || factor === undefined) {
    throw new FormatError(
      "config.value",
      `Cannot read "${text}" as a length of time: write a whole number and one of ms, s, m, h, d, w, y, as in "90s"`,
      at,
    );
  }
  const ms = Number(digits) * factor;
  if (ms > durationMsMax) {
    throw new FormatError("config.value", `Cannot take "${text}": a hundred years at most`, at);
  }
  return ms;
}

/** The shortest form that `parseDuration` reads back. */
export function formatDuration(ms: number): string {
  for (const unit of ["y", "w", "d", "h", "m", "s"]) {
    const factor = unitMs.get(unit) ?? 1;
    if (ms >= factor && ms % factor === 0) return `${ms / factor}${unit}`;
  }
  return `${ms}ms`;
}
