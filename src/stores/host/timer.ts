/** The process's timers. One that waits keeps the process alive; whoever started it cancels it at the end. */
import type { Timer } from "#core/ports.ts";

export const systemTimer: Timer = (ms, run) => {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
};
