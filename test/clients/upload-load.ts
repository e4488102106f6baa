/**
 * Publishers that never stop, whatever dies: each sends one wheel after the other, and again until the index says yes.
 * What was acknowledged is remembered here, outside of everything that is killed.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { UploadTarget } from "./publishing.ts";
import { makeWheel } from "./small-wheel.ts";
import type { SmallWheel } from "./small-wheel.ts";
import { uploadWheel } from "./uploading.ts";

export type UploadLoad = {
  /** Every wheel the index said yes to. */
  readonly acknowledged: readonly SmallWheel[];
  /** Every wheel that was ever sent. */
  readonly sent: readonly SmallWheel[];
  /** Answers that were neither yes nor "not now": "400 …". */
  readonly refusals: readonly string[];
  /** Ends after what is being sent; what has no answer by then stays unacknowledged. */
  stop(): Promise<void>;
};

const answerTimeoutMs = 20_000;
const pauseMs = 20;
const versionsPerProject = 4;

export function startUploadLoad(target: UploadTarget, publishers: number): UploadLoad {
  const acknowledged: SmallWheel[] = [];
  const sent: SmallWheel[] = [];
  const refusals: string[] = [];
  const stopping = new AbortController();

  /** True when it was acknowledged. */
  const sendOnce = async (wheel: SmallWheel): Promise<boolean> => {
    const response = await uploadWheel(target, wheel, AbortSignal.timeout(answerTimeoutMs));
    const text = await response.text();
    if (response.status >= 400 && response.status < 500) {
      refusals.push(`${wheel.filename}: ${response.status} ${text}`);
    }
    return response.status === 200;
  };
  const publisher = async (name: string): Promise<void> => {
    for (let number = 0; !stopping.signal.aborted; number += 1) {
      const project = `${name}-${Math.floor(number / versionsPerProject)}`;
      const version = `1.${number % versionsPerProject}`;
      const wheel = makeWheel({ project, version, answer: number });
      sent.push(wheel);
      // No connection, a connection that broke off, a 503: the index was killed, or the signer was.
      let isAcknowledged = await sendOnce(wheel).catch(() => false);
      while (!isAcknowledged && !stopping.signal.aborted) {
        await delay(pauseMs);
        isAcknowledged = await sendOnce(wheel).catch(() => false);
      }
      if (isAcknowledged) {
        acknowledged.push(wheel);
      }
    }
  };
  const running = Promise.all(
    Array.from({ length: publishers }, (_, at) => publisher(`crew${at}`)),
  );
  return {
    acknowledged,
    sent,
    refusals,
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}
