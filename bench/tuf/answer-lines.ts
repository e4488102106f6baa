/** The worker's side of line-worker.ts, for the workers that are ours. */
import { createInterface } from "node:readline";
import { object, optional, string } from "#formats/json/decode.ts";
import type { Decoder } from "#formats/json/decode.ts";
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import { parseJson } from "#formats/json/parse.ts";

export type Task = {
  readonly do: string;
  readonly uploads?: string;
  readonly state?: string;
  readonly target?: string;
};

const decodeTask: Decoder<Task> = object({
  do: string,
  uploads: optional(string),
  state: optional(string),
  target: optional(string),
});

/** `prepare` makes what is timed: what it does itself is not. */
export async function answerLines(
  prepare: (task: Task) => Promise<() => Promise<void>>,
): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    const run = await prepare(decodeTask(parseJson(formatUtf8(line)), "task"));
    const cpu = process.cpuUsage();
    const startedAt = performance.now();
    await run();
    const wallMs = performance.now() - startedAt;
    const { user, system } = process.cpuUsage(cpu);
    // Linux says kilobytes.
    const peakBytes = process.resourceUsage().maxRSS * 1_024;
    const timing = { wallMs, cpuMs: (user + system) / 1_000, peakBytes };
    process.stdout.write(`${JSON.stringify(timing)}\n`);
  }
}
