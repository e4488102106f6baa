/** Renews what is due and sweeps what was replaced, also while nobody asks for anything. */
import type { Clock } from "#core/ports.ts";
import type { Publisher } from "#core/publication/publisher.ts";

/** Clocks are set and machines sleep: what is due is looked for at least this often. */
const intervalMsMax = 60_000;
const intervalMsMin = 50;
const retryMs = 1_000;

/** Returns what ends it. */
export function keepRenewed(
  publisher: Publisher,
  clock: Clock,
  report: (error: unknown) => void,
): () => void {
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  const waitMs = (): number => {
    const ms = publisher.nextDueAt().getTime() - clock().getTime();
    return Math.min(Math.max(ms, intervalMsMin), intervalMsMax);
  };
  const schedule = (ms: number): void => {
    if (!isOver) timer = setTimeout(() => void renew(), ms);
  };
  const renew = async (): Promise<void> => {
    try {
      await publisher.renewDue();
      schedule(waitMs());
    } catch (error) {
      if (isOver) return;
      report(error);
      schedule(retryMs);
    }
  };
  schedule(waitMs());
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
}
