/** Workers in turn, A B C, A B C, … (bench/rounds.ts does the same for servers), and what came out as rows. */
import { formatNumber } from "#bench/results.ts";
import type { ResultRow, Target } from "#bench/results.ts";
import { median, ratioByRound } from "#bench/rounds.ts";
import type { Timing } from "./line-worker.ts";

/** Timings of each contender, by name, in the order of the rounds. */
export type Timings = ReadonlyMap<string, readonly Timing[]>;

export async function inTurns(
  names: readonly string[],
  rounds: number,
  run: (name: string, round: number) => Promise<Timing>,
): Promise<Timings> {
  const timings = new Map<string, Timing[]>(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const name of names) timings.get(name)?.push(await run(name, round));
  }
  return timings;
}

const ours = "Holdfast";

/** One row for each peer. */
export function timingRows(
  row: Pick<ResultRow, "note" | "scenario" | "what">,
  timings: Timings,
  targets: Readonly<Record<string, Target>>,
): readonly ResultRow[] {
  const own = timings.get(ours) ?? [];
  return [...timings]
    .filter(([name]) => name !== ours)
    .map(([name, peer]) => {
      const target = targets[name];
      return {
        ...row,
        what: `${row.what}, against ${name}`,
        holdfast: formatTiming(own),
        peer: formatTiming(peer),
        value: ratioByRound(walls(own).slice(0, peer.length), walls(peer)),
        ...(target !== undefined && { target }),
      };
    });
}

function walls(timings: readonly Timing[]): readonly number[] {
  return timings.map(({ wallMs }) => wallMs);
}

function formatTiming(timings: readonly Timing[]): string {
  const cpu = median(timings.map(({ cpuMs }) => cpuMs));
  return `${formatNumber(median(walls(timings)))} ms, ${formatNumber(cpu)} ms CPU`;
}
