/**
 * Points in time as TUF writes them (specification 4.2.1): `YYYY-MM-DDTHH:MM:SSZ`, nothing else. The exact text is
 * kept beside the parsed instant, because signatures cover the text. The one module of `formats` that may use `Date`.
 */
import { FormatError } from "#formats/format-error.ts";

export type Instant = { readonly text: string; readonly at: Date };

const pattern: RegExp = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$/;

/** Throws FormatError `bytes.instant`, also for days and hours that do not exist (30 February, 24:00, second 60). */
export function parseInstant(text: string, at = ""): Instant {
  const date = pattern.test(text) ? new Date(text) : undefined;
  // Some engines roll an impossible day over into the next month; the way back shows it.
  if (date === undefined || Number.isNaN(date.getTime()) || formatInstant(date) !== text) {
    throw new FormatError("bytes.instant", "Cannot read time: expected YYYY-MM-DDTHH:MM:SSZ", at);
  }
  return { text, at: date };
}

/** The whole second that `date` lies in. Throws FormatError `bytes.instant` outside the years 0 to 9999. */
export function formatInstant(date: Date): string {
  const year = date.getUTCFullYear();
  if (!(year >= 0 && year <= 9999)) {
    throw new FormatError("bytes.instant", "Cannot write time: outside the years 0 to 9999");
  }
  return `${date.toISOString().slice(0, 19)}Z`;
}

export function addMilliseconds(date: Date, ms: number): Date {
  return new Date(date.getTime() + ms);
}
