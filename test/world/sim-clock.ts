/** A clock that moves only when told to; it can step back, as real ones do. */
import type { Clock } from "#core/ports.ts";

export type SimClock = {
  readonly now: Clock;
  readonly advance: (milliseconds: number) => void;
  readonly set: (at: Date) => void;
};

export const SECOND: number = 1_000;
export const MINUTE: number = 60 * SECOND;
export const HOUR: number = 60 * MINUTE;
export const DAY: number = 24 * HOUR;

export function createSimClock(start: string): SimClock {
  let at = Date.parse(start);
  return {
    now: () => new Date(at),
    advance: (milliseconds) => {
      at += milliseconds;
    },
    set: (date) => {
      at = date.getTime();
    },
  };
}
