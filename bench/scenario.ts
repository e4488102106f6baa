/** What every scenario is given, and gives back. */

import type { NginxPeer } from "./peers/nginx.ts";
import type { PythonEnvironment } from "./peers/python-environment.ts";
import type { ResultRow } from "./results.ts";

export type Bench = {
  /** Fresh for this run, removed at its end. */
  readonly work: string;
  /** Kept between runs: environments, downloaded packages. */
  readonly cache: string;
  /** Shorter rounds, smaller sets: to see that all works, not to judge. */
  readonly quick: boolean;
  readonly nginx: NginxPeer;
  readonly python: {
    readonly devpi: PythonEnvironment;
    readonly pypiserver: PythonEnvironment;
    readonly proxpi: PythonEnvironment;
    readonly clients: PythonEnvironment;
  };
  /** Milliseconds of one small fsync here. */
  readonly fsyncMs: number;
  say(line: string): void;
  row(row: ResultRow): void;
};

export type Scenario = {
  readonly name: string;
  run(bench: Bench): Promise<void>;
};
