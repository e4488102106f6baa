/**
 * Project pages with 10, 300 and 2,000 files, JSON and HTML, and again right after an upload. nginx serves the very
 * bytes Holdfast serves, compressed beforehand; the Python servers serve pages of the same wheels.
 */

import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { createHttpClient } from "#bench/http.ts";
import { fetchPage, type PageBody, type PageForm } from "#bench/page-body.ts";
import { startDevpi, type DevpiPeer } from "#bench/peers/devpi.ts";
import { importFolder, startHoldfast, type HoldfastPeer } from "#bench/peers/holdfast.ts";
import { writeNginxPage } from "#bench/peers/nginx.ts";
import { startProxpi } from "#bench/peers/proxpi.ts";
import { startPypiserver } from "#bench/peers/pypiserver.ts";
import { formatRate } from "#bench/results.ts";
import {
  measureLoads,
  ratioByRound,
  type Contender,
  type LoadPlan,
  type Measured,
} from "#bench/rounds.ts";
import type { Bench, Scenario } from "#bench/scenario.ts";
import { uploadWheel } from "#bench/upload.ts";
import { buildWheel, buildWheels, type Wheel } from "#bench/wheel.ts";

const SIZES = [10, 300, 2_000] as const;
const NGINX_RATIO_MIN = 0.8;
const DEVPI_RATIO_MIN = 50;
/** devpi needs seconds per upload beyond this. */
const DEVPI_FILES_MAX = 300;

export const pages: Scenario = {
  name: "pages",
  async run(bench) {
    const stop: (() => Promise<void>)[] = [];
    try {
      const holdfast = await startHoldfast(path.join(bench.work, "pages-holdfast"));
      stop.push(() => holdfast.child.stop());
      const devpi = await startDevpi(bench.python.devpi, path.join(bench.work, "pages-devpi"));
      stop.push(() => devpi.child.stop());
      for (const size of SIZES) {
        const wheels = buildWheels(projectOf(size), size);
        await fill(bench, holdfast, devpi, wheels);
        for (const form of ["json", "html"] as const) {
          await measurePage(bench, holdfast, devpi, wheels, form);
        }
        if (size !== DEVPI_FILES_MAX) await measureAfterUpload(bench, holdfast, wheels);
      }
    } finally {
      for (const end of stop.toReversed()) await end();
    }
  },
};

function projectOf(size: number): string {
  return `bench-pages-${size}`;
}

function planOf(bench: Bench): LoadPlan {
  return bench.quick
    ? { rounds: 3, seconds: 0.7, connections: 16 }
    : { rounds: 7, seconds: 2, connections: 16 };
}

async function fill(
  bench: Bench,
  holdfast: HoldfastPeer,
  devpi: DevpiPeer,
  wheels: readonly Wheel[],
): Promise<void> {
  const folder = path.join(bench.work, `wheels-${wheels.length}`);
  await mkdir(folder, { recursive: true });
  for (const { filename, bytes } of wheels) await writeFile(path.join(folder, filename), bytes);
  bench.say(`importing ${wheels.length} wheels`);
  await importFolder(holdfast, folder);
  if (wheels.length > DEVPI_FILES_MAX) return;
  bench.say(`uploading ${wheels.length} wheels to devpi`);
  const client = createHttpClient();
  for (const wheel of wheels) await uploadWheel(client, devpi.door, wheel);
  client.close();
}

async function measurePage(
  bench: Bench,
  holdfast: HoldfastPeer,
  devpi: DevpiPeer,
  wheels: readonly Wheel[],
  form: PageForm,
): Promise<void> {
  const size = wheels.length;
  const project = projectOf(size);
  const page = await fetchPage(holdfast.port, `/simple/${project}/`, form, wheels);
  const contenders: Contender[] = [
    { name: "holdfast", port: holdfast.port, pid: holdfast.child.pid, targets: [page.target] },
    await nginxContender(bench, project, form, page, wheels),
  ];
  if (size <= DEVPI_FILES_MAX) {
    const body = await fetchPage(devpi.port, devpi.pagePath(project), form, wheels);
    contenders.push({
      name: "devpi",
      port: devpi.port,
      pid: devpi.child.pid,
      targets: [body.target],
    });
  }
  const stop: (() => Promise<void>)[] = [];
  try {
    if (size === 10) await addSmallPeers(bench, contenders, stop, wheels, form);
    bench.say(`${size} files, ${form}: ${contenders.map(({ name }) => name).join(", ")}`);
    const measured = await measureLoads(contenders, planOf(bench));
    report(bench, `page, ${size} files, ${form}`, measured, page.encoded.length);
  } finally {
    for (const end of stop) await end();
  }
}

async function nginxContender(
  bench: Bench,
  project: string,
  form: PageForm,
  page: PageBody,
  wheels: readonly Wheel[],
): Promise<Contender> {
  const address = await writeNginxPage(bench.nginx, `${project}.${form}`, page.plain, page.encoded);
  const body = await fetchPage(bench.nginx.port, address, form, wheels);
  if (!body.encoded.equals(page.encoded)) throw new Error("nginx does not serve the same bytes");
  return {
    name: "nginx",
    port: bench.nginx.port,
    pid: bench.nginx.child.pid,
    targets: [body.target],
  };
}

/** The small Python servers: pypiserver has no JSON pages; proxpi caches what nginx serves. */
async function addSmallPeers(
  bench: Bench,
  contenders: Contender[],
  stop: (() => Promise<void>)[],
  wheels: readonly Wheel[],
  form: PageForm,
): Promise<void> {
  const project = projectOf(wheels.length);
  const logFile = path.join(bench.work, "small-peers.log");
  if (form === "html") {
    const packages = path.join(bench.work, `wheels-${wheels.length}`);
    const { child, port } = await startPypiserver(bench.python.pypiserver, packages, logFile);
    stop.push(() => child.stop());
    const body = await fetchPage(port, `/simple/${project}/`, form, wheels);
    contenders.push({ name: "pypiserver", port, pid: child.pid, targets: [body.target] });
  }
  const folder = path.join(bench.nginx.root, "simple", project);
  await mkdir(folder, { recursive: true });
  const source = contenders[0]?.targets[0];
  if (source === undefined) return;
  await writeFile(path.join(folder, `index.${form}.gz`), source.expected);
  await writeFile(
    path.join(folder, `index.${form}`),
    await plainPage(contenders, project, form, wheels),
  );
  const upstream = `http://127.0.0.1:${bench.nginx.port}/simple/`;
  const { child, port } = await startProxpi(bench.python.proxpi, upstream, logFile);
  stop.push(() => child.stop());
  // Compressed anew, with the time in it, its answers would differ from each other; this is its cheaper form.
  const body = await fetchPage(port, `/index/${project}/`, form, wheels, "identity");
  contenders.push({ name: "proxpi", port, pid: child.pid, targets: [body.target] });
}

async function plainPage(
  contenders: readonly Contender[],
  project: string,
  form: PageForm,
  wheels: readonly Wheel[],
): Promise<Buffer> {
  const port = contenders[0]?.port ?? 0;
  return (await fetchPage(port, `/simple/${project}/`, form, wheels)).plain;
}

/** One upload, then at once the page: the first answer must list the file, and the pace must be as before. */
async function measureAfterUpload(
  bench: Bench,
  holdfast: HoldfastPeer,
  wheels: readonly Wheel[],
): Promise<void> {
  const project = projectOf(wheels.length);
  const added = buildWheel(project, "9.9.9");
  const client = createHttpClient();
  await uploadWheel(client, holdfast.door, added);
  client.close();
  const all = [...wheels, added];
  const startedAt = performance.now();
  const page = await fetchPage(holdfast.port, `/simple/${project}/`, "json", all);
  const firstMs = performance.now() - startedAt;
  const contenders: Contender[] = [
    { name: "holdfast", port: holdfast.port, pid: holdfast.child.pid, targets: [page.target] },
    await nginxContender(bench, project, "json", page, all),
  ];
  const measured = await measureLoads(contenders, planOf(bench));
  report(
    bench,
    `page, ${wheels.length} files, right after an upload`,
    measured,
    page.encoded.length,
    `first answer after the upload: ${firstMs.toFixed(1)} ms`,
  );
}

function report(
  bench: Bench,
  what: string,
  measured: ReadonlyMap<string, Measured>,
  size: number,
  remark?: string,
): void {
  const own = measured.get("holdfast");
  if (own === undefined) return;
  for (const [name, peer] of measured) {
    if (name === "holdfast") continue;
    const files10 = what.startsWith("page, 10 files");
    const target =
      name === "nginx" && !what.includes("300 files")
        ? { target: { atLeast: NGINX_RATIO_MIN } }
        : name === "devpi" && files10
          ? { target: { atLeast: DEVPI_RATIO_MIN } }
          : {};
    bench.row({
      scenario: what,
      what: `pages per second against ${name}`,
      holdfast: formatRate(own.perSecond, own.serverCpuUs, own.p99Ms),
      peer: formatRate(peer.perSecond, peer.serverCpuUs, peer.p99Ms),
      value: ratioByRound(own.perSecondByRound, peer.perSecondByRound),
      ...target,
      note: [
        ...(name === "nginx"
          ? [
              `${size} bytes`,
              `generator ${own.generatorCpuUs.toFixed(0)}/${peer.generatorCpuUs.toFixed(0)} µs`,
            ]
          : []),
        ...(remark === undefined ? [] : [remark]),
      ].join("; "),
    });
  }
}
