/** The client's side: a refresh and one lookup, with nothing kept and with everything kept, beside other clients. */
import { spawn } from "node:child_process";
import path from "node:path";
import { pageTarget } from "#core/tuf/layout.ts";
import { createSeededRandom } from "#world/seeded-random.ts";
import type { Target } from "#bench/results.ts";
import type { TufPeer } from "#bench/peers/tuf-peers.ts";
import { pickProjects, seeds } from "./large-index.ts";
import type { MadeIndex, TufBench } from "./made-index.ts";
import { ownWorker, startWorker } from "./line-worker.ts";
import type { LineWorker, Timing, WorkerCommand } from "./line-worker.ts";
import { inTurns, timingRows } from "./rounds-of-workers.ts";

const ROUNDS = 20;
const ROUNDS_QUICK = 3;
/** A process's first runs warm its code up. */
const WARM_UP_ROUNDS = 5;
const COLD_RATIO_MAX = 1;
const WARM_RATIO_MAX = 0.5;

export async function measureClients(bench: TufBench, index: MadeIndex): Promise<void> {
  const { go, python } = bench.peers;
  const peers = go === undefined ? [python] : [go, python];
  await measure(bench, index, peers, {
    cold: { "go-tuf": { atMost: COLD_RATIO_MAX } },
    warm: { "go-tuf": { atMost: WARM_RATIO_MAX } },
  });
}

/** tuf-js, whose time for a snapshot grows with the square of its lines, on an index it can read. */
export async function measureSmallClients(bench: TufBench, index: MadeIndex): Promise<void> {
  await measure(bench, index, [bench.peers.js], { cold: {}, warm: {} });
}

type Kind = "cold" | "warm";
type Targets = Readonly<Record<Kind, Readonly<Record<string, Target>>>>;

async function measure(
  bench: TufBench,
  index: MadeIndex,
  peers: readonly TufPeer[],
  targets: Targets,
): Promise<void> {
  bench.say(`clients, ${index.title}`);
  const tree = path.join(index.data, "public", "tuf");
  const server = await startFileServer(tree);
  try {
    const args = [path.join(tree, "1.root.json"), `http://127.0.0.1:${server.port}/`] as const;
    const program = path.join(import.meta.dirname, "client-worker.ts");
    const commands = new Map<string, WorkerCommand>([["Holdfast", ownWorker(program, ...args)]]);
    for (const peer of peers) {
      const kind = peer.name === "tuf-js" ? [] : ["client"];
      commands.set(peer.name, peer.command(...kind, ...args));
    }
    await measureNewProcesses(bench, index, commands, targets);
    await measureSameProcess(bench, index, commands, targets);
  } finally {
    server.stop();
  }
}

/** Each refresh in a process that has never run before: cold, then warm, of every contender. */
async function measureNewProcesses(
  bench: TufBench,
  index: MadeIndex,
  commands: ReadonlyMap<string, WorkerCommand>,
  targets: Targets,
): Promise<void> {
  const asked = lookups(bench, index);
  const run = async (kind: Kind, name: string, round: number): Promise<Timing> => {
    const worker = startOf(commands, name);
    try {
      return await worker.ask({ do: kind, state: stateOf(bench, name), target: asked(round) });
    } finally {
      await worker.stop();
    }
  };
  for (const kind of ["cold", "warm"] as const) {
    const timings = await inTurns([...commands.keys()], roundsOf(bench), (name, round) =>
      // Warm: the state that the last cold run left, with the lookup it made.
      run(kind, name, kind === "cold" ? round : roundsOf(bench) - 1),
    );
    const what = `client, ${kind} refresh and one lookup, new process`;
    const found = timingRows({ scenario: index.title, what }, timings, targets[kind]);
    for (const row of found) bench.row(row);
  }
}

/** The same in a process that has done it before, with a new updater each time. */
async function measureSameProcess(
  bench: TufBench,
  index: MadeIndex,
  commands: ReadonlyMap<string, WorkerCommand>,
  targets: Targets,
): Promise<void> {
  const asked = lookups(bench, index);
  const workers = new Map([...commands.keys()].map((name) => [name, startOf(commands, name)]));
  try {
    for (const kind of ["cold", "warm"] as const) {
      const rounds = WARM_UP_ROUNDS + roundsOf(bench);
      const timings = await inTurns([...workers.keys()], rounds, (name, round) => {
        const worker = workers.get(name);
        if (worker === undefined) throw new Error(`There is no worker ${name}`);
        const target = asked(kind === "cold" ? round : rounds - 1);
        return worker.ask({ do: kind, state: stateOf(bench, name), target });
      });
      const measured = new Map(
        [...timings].map(([name, all]) => [name, all.slice(WARM_UP_ROUNDS)]),
      );
      const what = `client, ${kind} refresh and one lookup, same process`;
      const found = timingRows({ scenario: index.title, what }, measured, targets[kind]);
      for (const row of found) bench.row(row);
    }
  } finally {
    for (const worker of workers.values()) await worker.stop();
  }
}

function startOf(commands: ReadonlyMap<string, WorkerCommand>, name: string): LineWorker {
  const command = commands.get(name);
  if (command === undefined) throw new Error(`There is no contender ${name}`);
  return startWorker(command);
}

function stateOf(bench: TufBench, name: string): string {
  return path.join(bench.work, `client-${name}`);
}

function roundsOf({ quick }: TufBench): number {
  return quick ? ROUNDS_QUICK : ROUNDS;
}

/** Another project in each round, the same for all contenders. */
function lookups(bench: TufBench, index: MadeIndex): (round: number) => string {
  const random = createSeededRandom(seeds.lookups);
  const picked = pickProjects(index.names, WARM_UP_ROUNDS + roundsOf(bench), random);
  return (round) => {
    const project = picked[round];
    if (project === undefined) throw new Error("More rounds than projects");
    return pageTarget(project);
  };
}

type FileServer = { readonly port: number; stop(): void };

async function startFileServer(folder: string): Promise<FileServer> {
  const program = path.join(import.meta.dirname, "file-server.ts");
  const child = spawn(process.execPath, [program, folder], { stdio: ["pipe", "pipe", "inherit"] });
  const killAtExit = (): void => void child.kill("SIGKILL");
  process.once("exit", killAtExit);
  const { promise, reject, resolve } = Promise.withResolvers<number>();
  child.once("error", reject);
  child.once("exit", () => reject(new Error("The file server ended")));
  child.stdout.once("data", (line: Buffer) => resolve(Number(line.toString())));
  return {
    port: await promise,
    stop() {
      child.stdin.end();
      process.off("exit", killAtExit);
    },
  };
}
