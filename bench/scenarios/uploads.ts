/**
 * Sequential uploads of small wheels over one connection: Holdfast answers when the file is durable, signed and
 * visible; devpi (session token) when it is stored. Then the same into a project that has 2,000 files already.
 */

import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { createHttpClient } from "#bench/http.ts";
import { fetchPage } from "#bench/page-body.ts";
import { startDevpi } from "#bench/peers/devpi.ts";
import { importFolder, startHoldfast, type HoldfastPeer } from "#bench/peers/holdfast.ts";
import { formatNumber } from "#bench/results.ts";
import { median, ratioByRound } from "#bench/rounds.ts";
import type { Bench, Scenario } from "#bench/scenario.ts";
import { uploadWheel, type UploadDoor } from "#bench/upload.ts";
import { readCpuSeconds } from "#bench/usage.ts";
import { buildWheels, type Wheel } from "#bench/wheel.ts";

const LARGE = 2_000;
const DEVPI_RATIO_MIN = 3;
const LARGE_RATIO_MAX = 2;
/** What is measured is servers that have been in use: their compilers have seen some 2,000 uploads. */
const WARM_UP_PROJECTS = 30;
/** Above this one fsync dominates what can be compared, and CPU time is judged instead. */
const FSYNC_MS_MAX = 1;

type Batch = { readonly wallMs: number; readonly cpuMs: number; readonly p99Ms: number };

export const uploads: Scenario = {
  name: "uploads",
  async run(bench) {
    const stop: (() => Promise<void>)[] = [];
    try {
      const holdfast = await startHoldfast(path.join(bench.work, "uploads-holdfast"));
      stop.push(() => holdfast.child.stop());
      const devpi = await startDevpi(bench.python.devpi, path.join(bench.work, "uploads-devpi"));
      stop.push(() => devpi.child.stop());
      const present = await fillLarge(bench, holdfast);
      const rounds = bench.quick ? 3 : 6;
      const count = bench.quick ? 30 : 60;
      const own: Batch[] = [];
      const peer: Batch[] = [];
      const large: Batch[] = [];
      bench.say("warming up");
      for (let project = 0; project < WARM_UP_PROJECTS; project += 1) {
        const wheels = buildWheels(`bench-warm-up-${project}`, count);
        await uploadAll(holdfast.door, holdfast.child.pid, wheels);
        await uploadAll(devpi.door, devpi.child.pid, wheels);
      }
      for (let round = 0; round < rounds; round += 1) {
        const fresh = buildWheels(`bench-upload-${round}`, count);
        const added = buildWheels("bench-upload-large", count, LARGE + round * count);
        bench.say(`uploads, round ${round + 1} of ${rounds}`);
        const results = [
          await uploadAll(holdfast.door, holdfast.child.pid, fresh),
          await uploadAll(devpi.door, devpi.child.pid, fresh),
          await uploadAll(holdfast.door, holdfast.child.pid, added),
        ] as const;
        await fetchPage(holdfast.port, `/simple/bench-upload-${round}/`, "json", fresh);
        present.push(...added);
        await fetchPage(holdfast.port, "/simple/bench-upload-large/", "json", present);
        own.push(results[0]);
        peer.push(results[1]);
        large.push(results[2]);
      }
      report(bench, own, peer, large);
    } finally {
      for (const end of stop.toReversed()) await end();
    }
  },
};

async function fillLarge(bench: Bench, holdfast: HoldfastPeer): Promise<Wheel[]> {
  const wheels = buildWheels("bench-upload-large", LARGE);
  const folder = path.join(bench.work, "uploads-wheels");
  await mkdir(folder, { recursive: true });
  for (const { filename, bytes } of wheels) await writeFile(path.join(folder, filename), bytes);
  bench.say(`importing ${LARGE} wheels`);
  await importFolder(holdfast, folder);
  return wheels;
}

async function uploadAll(door: UploadDoor, pid: number, wheels: readonly Wheel[]): Promise<Batch> {
  const client = createHttpClient();
  const cpuBefore = await readCpuSeconds(pid);
  const walls: number[] = [];
  for (const wheel of wheels) {
    const startedAt = performance.now();
    await uploadWheel(client, door, wheel);
    walls.push(performance.now() - startedAt);
  }
  const cpu = (await readCpuSeconds(pid)) - cpuBefore;
  client.close();
  return {
    wallMs: walls.reduce((sum, wall) => sum + wall, 0) / walls.length,
    cpuMs: (cpu * 1_000) / wheels.length,
    p99Ms: walls.toSorted((a, b) => a - b)[Math.floor(walls.length * 0.99)] ?? 0,
  };
}

function report(
  bench: Bench,
  own: readonly Batch[],
  peer: readonly Batch[],
  large: readonly Batch[],
): void {
  const wallJudged = bench.fsyncMs <= FSYNC_MS_MAX;
  const note = `one fsync ${bench.fsyncMs.toFixed(2)} ms`;
  for (const measure of ["wallMs", "cpuMs"] as const) {
    const word = measure === "wallMs" ? "wall time" : "CPU time, all processes,";
    const judged = (measure === "wallMs") === wallJudged;
    bench.row({
      scenario: "upload, empty project",
      what: `${word} against devpi with a session token`,
      holdfast: formatBatch(own, measure),
      peer: formatBatch(peer, measure),
      value: ratioByRound(
        peer.map((batch) => batch[measure]),
        own.map((batch) => batch[measure]),
      ),
      ...(judged ? { target: { atLeast: DEVPI_RATIO_MIN } } : {}),
      note: judged ? note : `reported, not judged; ${note}`,
    });
  }
  for (const measure of ["wallMs", "cpuMs"] as const) {
    bench.row({
      scenario: `upload, ${LARGE.toLocaleString("en")} files present`,
      what: `${measure === "wallMs" ? "wall time" : "CPU time"} against an empty project`,
      holdfast: formatBatch(large, measure),
      peer: formatBatch(own, measure),
      value: ratioByRound(
        large.map((batch) => batch[measure]),
        own.map((batch) => batch[measure]),
      ),
      target: { atMost: LARGE_RATIO_MAX },
      note: "peer column: Holdfast itself, empty project",
    });
  }
}

function formatBatch(batches: readonly Batch[], measure: "wallMs" | "cpuMs"): string {
  const value = median(batches.map((batch) => batch[measure]));
  if (measure === "cpuMs") return `${formatNumber(value)} ms`;
  return `${formatNumber(value)} ms, p99 ${formatNumber(median(batches.map((batch) => batch.p99Ms)))} ms`;
}
