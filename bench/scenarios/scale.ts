/** 10,000 projects with 100,000 files: how fast the index starts, how fast it serves, how much memory it holds. */

import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { fetchPage } from "#bench/page-body.ts";
import {
  importFolder,
  startHoldfast,
  startProgram,
  type HoldfastPeer,
} from "#bench/peers/holdfast.ts";
import { formatRate } from "#bench/results.ts";
import { measureLoads, median, ratioByRound, type Contender } from "#bench/rounds.ts";
import type { Bench, Scenario } from "#bench/scenario.ts";
import { readMemory } from "#bench/usage.ts";
import { buildWheels, type Wheel } from "#bench/wheel.ts";

const FILES_PER_PROJECT = 10;
const PROJECTS = 10_000;
const PROJECTS_QUICK = 1_000;
/** So many different projects' pages are asked for in turn. */
const PROJECTS_ASKED = 1_000;
const START_SECONDS_MAX = 2;
const MEMORY_MB_MAX = 250;
/** One page again and again; and many in turn, which no processor cache holds. */
const SPEED_RATIO_MIN = 0.9;
const MANY_RATIO_MIN = 0.8;

export const scale: Scenario = {
  name: "scale",
  async run(bench) {
    const projects = bench.quick ? PROJECTS_QUICK : PROJECTS;
    const large = path.join(bench.work, "scale-large");
    const small = path.join(bench.work, "scale-small");
    const smallWheels = [buildWheels("bench-scale-0", FILES_PER_PROJECT)];
    const largeWheels = Array.from({ length: projects }, (_, i) =>
      buildWheels(`bench-scale-${i}`, FILES_PER_PROJECT),
    );
    await fill(bench, small, smallWheels);
    await fill(bench, large, largeWheels);
    await measureStart(bench, large, projects);
    const smallPeer = await startHoldfast(small);
    const largePeer = await startHoldfast(large).catch(async (error: unknown) => {
      await smallPeer.child.stop();
      throw error;
    });
    try {
      await measurePages(bench, smallPeer, largePeer, largeWheels);
      await measureMemory(bench, largePeer, projects);
    } finally {
      await largePeer.child.stop();
      await smallPeer.child.stop();
    }
  },
};

async function fill(
  bench: Bench,
  data: string,
  projects: readonly (readonly Wheel[])[],
): Promise<void> {
  const folder = `${data}-wheels`;
  for (const [i, wheels] of projects.entries()) {
    const part = path.join(folder, String(Math.floor(i / 100)));
    await mkdir(part, { recursive: true });
    for (const { filename, bytes } of wheels) await writeFile(path.join(part, filename), bytes);
  }
  bench.say(`importing ${projects.length * FILES_PER_PROJECT} wheels`);
  const holdfast = await startHoldfast(data);
  const startedAt = performance.now();
  try {
    await importFolder(holdfast, folder);
  } finally {
    await holdfast.child.stop();
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  if (projects.length === 1) return;
  const files = projects.length * FILES_PER_PROJECT;
  bench.row({
    scenario: `${files.toLocaleString("en")} files`,
    what: "admin import",
    holdfast: `${seconds.toFixed(0)} s, ${Math.round(files / seconds)} files/s`,
    peer: "",
    note: "durable, signed and visible",
  });
}

/** The index alone, from the command to its ready file. */
async function measureStart(bench: Bench, data: string, projects: number): Promise<void> {
  const readyFile = path.join(bench.work, "scale-ready.json");
  const seconds: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    const startedAt = performance.now();
    const child = await startProgram(bench.work, readyFile, [
      "index",
      ...["--data", data],
      ...["--port", "0"],
    ]);
    seconds.push((performance.now() - startedAt) / 1_000);
    await child.stop();
  }
  bench.row({
    scenario: `${(projects * FILES_PER_PROJECT).toLocaleString("en")} files`,
    what: "index start, command to ready",
    holdfast: `${median(seconds).toFixed(2)} s`,
    peer: "",
    value: median(seconds),
    unit: "s",
    target: { atMost: START_SECONDS_MAX },
  });
}

async function measurePages(
  bench: Bench,
  small: HoldfastPeer,
  large: HoldfastPeer,
  wheels: readonly (readonly Wheel[])[],
): Promise<void> {
  const step = Math.max(1, Math.floor(wheels.length / PROJECTS_ASKED));
  const asked = wheels.filter((_, i) => i % step === 0);
  const targetOf = async (peer: HoldfastPeer, project: readonly Wheel[]) =>
    (await fetchPage(peer.port, `/simple/${project[0]?.project ?? ""}/`, "json", project)).target;
  const contender = async (
    name: string,
    peer: HoldfastPeer,
    projects: readonly (readonly Wheel[])[],
  ): Promise<Contender> => ({
    name,
    port: peer.port,
    pid: peer.child.pid,
    targets: await Promise.all(projects.map((project) => targetOf(peer, project))),
  });
  const first = asked.slice(0, 1);
  const contenders = [
    await contender("empty index", small, first),
    await contender("one page", large, first),
    await contender("1,000 pages in turn", large, asked),
  ];
  const plan = bench.quick ? { rounds: 3, seconds: 0.7 } : { rounds: 7, seconds: 2 };
  const measured = await measureLoads(contenders, { ...plan, connections: 16 });
  const base = measured.get("empty index");
  for (const name of ["one page", "1,000 pages in turn"]) {
    const own = measured.get(name);
    if (own === undefined || base === undefined) continue;
    bench.row({
      scenario: `${(wheels.length * FILES_PER_PROJECT).toLocaleString("en")} files`,
      what: `pages per second, ${name}, against an empty index`,
      holdfast: formatRate(own.perSecond, own.serverCpuUs, own.p99Ms),
      peer: formatRate(base.perSecond, base.serverCpuUs, base.p99Ms),
      value: ratioByRound(own.perSecondByRound, base.perSecondByRound),
      target: { atLeast: name === "one page" ? SPEED_RATIO_MIN : MANY_RATIO_MIN },
      note: "peer column: Holdfast itself with one project",
    });
  }
}

async function measureMemory(bench: Bench, large: HoldfastPeer, projects: number): Promise<void> {
  for (const program of ["index", "signer"]) {
    const { now, peak } = await readMemory(await large.pidOf(program));
    bench.row({
      scenario: `${(projects * FILES_PER_PROJECT).toLocaleString("en")} files`,
      what: `resident memory of the ${program} after the load`,
      holdfast: `${Math.round(now / 1e6)} MB, peak ${Math.round(peak / 1e6)} MB`,
      peer: "",
      value: now / 1e6,
      unit: "MB",
      target: { atMost: MEMORY_MB_MAX },
    });
  }
}
