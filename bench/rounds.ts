/** Interleaved rounds (A B C, A B C, …), medians, and ratios taken within each round, so that a busy moment hits all. */

import { setTimeout as sleep } from "node:timers/promises";
import { runLoad } from "./load.ts";
import type { LoadTarget } from "./load.ts";
import { readCpuSeconds } from "./usage.ts";

export type Contender = {
  readonly name: string;
  readonly port: number;
  /** The server's first process; what it started counts too. */
  readonly pid: number;
  readonly targets: readonly LoadTarget[];
};

export type LoadPlan = {
  readonly rounds: number;
  readonly seconds: number;
  readonly connections: number;
};

export type Measured = {
  readonly name: string;
  /** Medians over the rounds. */
  readonly perSecond: number;
  readonly bytesPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly serverCpuUs: number;
  readonly generatorCpuUs: number;
  readonly perSecondByRound: readonly number[];
};

const WARM_UP_SECONDS = 0.5;
const REQUESTS_MAX = 1_000_000;
const PAUSE_MS = 100;

export async function measureLoads(
  contenders: readonly Contender[],
  plan: LoadPlan,
): Promise<Map<string, Measured>> {
  const rounds = new Map<string, Round[]>(contenders.map(({ name }) => [name, []]));
  for (const contender of contenders) await runRound(contender, plan, WARM_UP_SECONDS);
  for (let round = 0; round < plan.rounds; round += 1) {
    for (const contender of contenders) {
      await sleep(PAUSE_MS);
      rounds.get(contender.name)?.push(await runRound(contender, plan, plan.seconds));
    }
  }
  return new Map(
    [...rounds].map(([name, list]) => [
      name,
      {
        name,
        perSecond: median(list.map((round) => round.perSecond)),
        bytesPerSecond: median(list.map((round) => round.bytesPerSecond)),
        p50Ms: median(list.map((round) => round.p50Ms)),
        p99Ms: median(list.map((round) => round.p99Ms)),
        serverCpuUs: median(list.map((round) => round.serverCpuUs)),
        generatorCpuUs: median(list.map((round) => round.generatorCpuUs)),
        perSecondByRound: list.map((round) => round.perSecond),
      },
    ]),
  );
}

type Round = Omit<Measured, "name" | "perSecondByRound">;

async function runRound(contender: Contender, plan: LoadPlan, secondsMax: number): Promise<Round> {
  const cpuBefore = await readCpuSeconds(contender.pid);
  const report = await runLoad({
    host: "127.0.0.1",
    port: contender.port,
    targets: contender.targets,
    connections: plan.connections,
    requestsMax: REQUESTS_MAX,
    secondsMax,
  });
  const cpu = (await readCpuSeconds(contender.pid)) - cpuBefore;
  return {
    perSecond: report.requests / report.seconds,
    bytesPerSecond: report.bytes / report.seconds,
    p50Ms: report.p50Ms,
    p99Ms: report.p99Ms,
    serverCpuUs: (cpu * 1_000_000) / report.requests,
    generatorCpuUs: (report.generatorCpuSeconds * 1_000_000) / report.requests,
  };
}

/** The median of `of` against `by`, round by round. */
export function ratioByRound(of: readonly number[], by: readonly number[]): number {
  return median(of.map((value, round) => value / (by[round] ?? Number.NaN)));
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
