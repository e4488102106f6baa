/** Opens something once, as soon as that is possible: an index that is not there when the proxy starts may come. */
import type { Clock } from "#core/ports.ts";
import { verdictLimits } from "#core/verdict/limits.ts";

/**
 * What `open` resolved with once; until then each call tries, one at a time and at most one a second, and throws what the
 * last try threw.
 */
export function openLater<T>(open: () => Promise<T>, clock: Clock): () => Promise<T> {
  let opened: Promise<T> | undefined;
  let failedAt: number | undefined;
  return async () => {
    const sinceMs = failedAt === undefined ? Infinity : clock().getTime() - failedAt;
    const isDue = sinceMs < 0 || sinceMs >= verdictLimits.forcedRefreshMs;
    if (opened === undefined || (failedAt !== undefined && isDue)) {
      failedAt = undefined;
      opened = open();
      opened.catch(() => {
        failedAt = clock().getTime();
      });
    }
    return await opened;
  };
}
