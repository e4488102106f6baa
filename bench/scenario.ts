/** What every scenario is given, and gives back. */

import type { NginxPeer } from "./peers/nginx.ts";
import type { PythonEnvironment } from "./peers/python-environment.ts";
import type { ResultRow } from "./results.ts";

/** What every run has. */
export type BenchRun = {
  /** Fresh for this run, removed at its end. */
  readonly work: string;
  /** Kept between runs: environments, downloaded packages. */
  readonly cache: string;
  /** Shorter rounds, smaller sets: to see that all works, not to judge. */
  readonly quick: boolean;
  /** Milliseconds of one small fsync here. */
  readonly fsyncMs: number;
  say(line: string): void;
  row(row: ResultRow): void;
};

/** Scenarios that need the same peers, and have a section of the results for themselves. */
export type ScenarioGroup = {
  readonly title: string;
  /** How they measure, in sentences. */
  readonly how: readonly string[];
  /** Their names. */
  readonly scenarios: readonly string[];
  /** Runs those of them that were chosen; answers with the versions that were measured. */
  run(run: BenchRun, chosen: readonly string[]): Promise<readonly string[]>;
};

/** With the other indexes installed, and nginx running. */
export type Bench = BenchRun & {
  readonly nginx: NginxPeer;
  readonly python: {
    readonly devpi: PythonEnvironment;
    readonly pypiserver: PythonEnvironment;
    readonly proxpi: PythonEnvironment;
    readonly clients: PythonEnvironment;
  };
};

export type Scenario = {
  readonly name: string;
  run(bench: Bench): Promise<void>;
};
