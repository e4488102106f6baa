/** What a client costs on the wire: our proxy's client against our index, counted on the socket; and the proxy's memory. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import type { ProjectName } from "#formats/python/project-name.ts";
import { sha256Hex } from "#crypto/hash.ts";
import { denyPath, pageTarget, publicPagePath } from "#core/tuf/layout.ts";
import { createUpdater } from "#core/tuf/updater.ts";
import type { Updater } from "#core/tuf/updater.ts";
import { createFolderTrustedStore } from "#stores/folder/trusted-store.ts";
import { systemClock } from "#stores/host/clock.ts";
import { createHttpClient as createProxyHttpClient } from "#stores/host/http-fetch.ts";
import { createSeededRandom } from "#world/seeded-random.ts";
import { askOk, createHttpClient } from "#bench/http.ts";
import { startProgram } from "#bench/peers/holdfast.ts";
import { formatNumber } from "#bench/results.ts";
import { readMemory } from "#bench/usage.ts";
import { addClaims } from "./claims.ts";
import type { ClaimsShape } from "./claims.ts";
import { startByteMeter } from "./byte-meter.ts";
import type { ByteMeter } from "./byte-meter.ts";
import { firstFile, firstPage, pickProjects, seeds } from "./large-index.ts";
import type { MadeIndex, TufBench } from "./made-index.ts";
import { copyTree } from "./trees.ts";

const COUNTS = [1, 30, 100] as const;
const CLAIMS = 5_000;
const CLAIMS_QUICK = 500;
const RESOLVE_MB_MAX = 0.45;
const WARM_KB_MAX = 2;
const PROXY_MB_MAX = 150;

export async function measureBytes(bench: TufBench, index: MadeIndex): Promise<void> {
  const random = createSeededRandom(seeds.lookups);
  const projects = pickProjects(index.names, Math.max(...COUNTS), random);
  await withIndex(bench, index, "served", projects, undefined, async (port, meter) => {
    await measureResolves(bench, index, meter, projects);
    await measureProxy(bench, index, port, projects);
  });
  const others = pickProjects(index.names, bench.quick ? CLAIMS_QUICK : CLAIMS, random);
  // Every second project that is asked for is claimed.
  const asked = projects.filter((_, place) => place % 2 === 0);
  const claimed = [...new Set([...asked, ...others])].slice(0, others.length);
  const shapes = [2, 3].flatMap((split) =>
    [true, false].map((areHashed) => ({ split, areHashed })),
  );
  for (const shape of shapes) {
    const claims = { ...shape, split: shape.split === 2 ? 2 : 3, projects: claimed } as const;
    const folder = `claims-${shape.split}-${String(shape.areHashed)}`;
    await withIndex(bench, index, folder, projects, claims, (_, meter) =>
      measureClaims(bench, index, meter, projects, claims),
    );
  }
}

type Claims = ClaimsShape & { readonly projects: readonly ProjectName[] };

/** `holdfast index` on a copy of the tree, behind a meter. */
async function withIndex(
  bench: TufBench,
  index: MadeIndex,
  name: string,
  asked: readonly ProjectName[],
  claims: Claims | undefined,
  run: (port: number, meter: ByteMeter) => Promise<void>,
): Promise<void> {
  const folder = path.join(bench.work, name);
  const tree = path.join(folder, "public");
  await copyTree(path.join(index.data, "public", "tuf"), path.join(tree, "tuf"));
  if (claims !== undefined) await addClaims(index, tree, claims.projects, claims);
  else await writePages(index, tree, asked);
  const program = await startIndex(bench, folder);
  const meter = await startByteMeter(program.port);
  try {
    await run(program.port, meter);
  } finally {
    await meter.stop();
    await program.stop();
  }
}

async function measureClaims(
  bench: TufBench,
  index: MadeIndex,
  meter: ByteMeter,
  projects: readonly ProjectName[],
  { areHashed, projects: claimed, split }: Claims,
): Promise<void> {
  const found: string[] = [];
  let bytes = 0;
  for (const count of COUNTS) {
    const name = `resolve-${split}-${String(areHashed)}-${count}`;
    const client = await openClient(bench, index, meter, name);
    bytes = await bytesOf(meter, () => resolve(client.updater, projects.slice(0, count)));
    found.push(`${formatNumber(bytes / 1e6)} MB`);
    client.close();
  }
  const listed = areHashed ? "with their hashes" : "by version and length";
  bench.row({
    scenario: index.title,
    what: `bytes of a cold resolve of ${COUNTS.join(", ")} projects, metadata, ${claimed.length.toLocaleString("en")} claimed in ${(16 ** split).toLocaleString("en")} parts, listed ${listed}`,
    holdfast: found.join(", "),
    peer: "",
    value: bytes / 1e6,
    unit: "MB",
    note: "every second project asked for is claimed",
  });
}

/** The pages that are asked for; of all others the file is missing. */
async function writePages(
  index: MadeIndex,
  publicTree: string,
  projects: readonly ProjectName[],
): Promise<void> {
  const places = new Map(index.names.map((name, place) => [name, place]));
  for (const project of projects) {
    const bytes = firstPage(project, firstFile(project, places.get(project) ?? 0));
    const file = path.join(publicTree, publicPagePath(project, sha256Hex(bytes)));
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, bytes);
  }
}

type RunningIndex = { readonly port: number; stop(): Promise<void> };

async function startIndex(bench: TufBench, data: string): Promise<RunningIndex> {
  const readyFile = path.join(bench.work, "tuf-index-ready.json");
  const args = ["index", "--data", data, "--port", "0"];
  const child = await startProgram(bench.work, readyFile, args);
  const ready: { readonly index: string } = JSON.parse(await readFile(readyFile, "utf8"));
  return { port: Number(new URL(ready.index).port), stop: () => child.stop() };
}

async function measureResolves(
  bench: TufBench,
  index: MadeIndex,
  meter: ByteMeter,
  projects: readonly ProjectName[],
): Promise<void> {
  for (const count of COUNTS) {
    const client = await openClient(bench, index, meter, `resolve-${count}`);
    const bytes = await bytesOf(meter, () => resolve(client.updater, projects.slice(0, count)));
    const isLast = count === Math.max(...COUNTS);
    bench.row({
      scenario: index.title,
      what: `bytes of a cold resolve of ${count} project${count === 1 ? "" : "s"}, metadata`,
      holdfast: `${formatNumber(bytes / 1e6)} MB`,
      peer: "",
      value: bytes / 1e6,
      unit: "MB",
      ...(isLast && { target: { atMost: RESOLVE_MB_MAX } }),
      note: "on the socket, from the shipped root, both directions, heads included, gzip",
    });
    if (isLast) {
      const warm = await bytesOf(meter, () => resolve(client.updater, projects));
      bench.row({
        scenario: index.title,
        what: "bytes of a warm refresh, nothing changed",
        holdfast: `${formatNumber(warm / 1e3)} kB`,
        peer: "",
        value: warm / 1e3,
        unit: "kB",
        target: { atMost: WARM_KB_MAX },
        note: "and the same lookups again",
      });
    }
    client.close();
  }
}

type Client = { readonly updater: Updater; readonly close: () => void };

/** As the proxy puts it together. */
async function openClient(
  bench: TufBench,
  index: MadeIndex,
  { port }: ByteMeter,
  name: string,
): Promise<Client> {
  const state = path.join(bench.work, name);
  const store = createFolderTrustedStore(state);
  await store.writeRoot(1, await readFile(path.join(index.data, "public", "tuf", "1.root.json")));
  const { close, fetch } = createProxyHttpClient({ userAgent: "holdfast-proxy" });
  const metadataUrl = new URL(`http://127.0.0.1:${port}/tuf/`);
  return { updater: createUpdater({ clock: systemClock, fetch, store }, { metadataUrl }), close };
}

/** What a proxy asks of the metadata for so many pages: the deny list first. */
async function resolve(updater: Updater, projects: readonly ProjectName[]): Promise<void> {
  const view = await updater.refresh();
  await updater.findTarget(view, denyPath);
  for (const project of projects) {
    const found = await updater.findTarget(view, pageTarget(project));
    if (found === "absent") throw new Error(`${project} was not found`);
  }
}

async function bytesOf(meter: ByteMeter, run: () => Promise<void>): Promise<number> {
  const before = meter.bytes();
  await run();
  return meter.bytes() - before;
}

async function measureProxy(
  bench: TufBench,
  index: MadeIndex,
  indexPort: number,
  projects: readonly ProjectName[],
): Promise<void> {
  const readyFile = path.join(bench.work, "tuf-proxy-ready.json");
  const child = await startProgram(bench.work, readyFile, [
    "proxy",
    ...["--index", `http://127.0.0.1:${indexPort}/`],
    ...["--root", path.join(index.data, "public", "tuf", "1.root.json")],
    ...["--state", path.join(bench.work, "proxy-state")],
    ...["--port", "0"],
  ]);
  const client = createHttpClient();
  try {
    const ready: { readonly proxySimple: string } = JSON.parse(await readFile(readyFile, "utf8"));
    for (const project of projects) await askOk(client, `${ready.proxySimple}${project}/`);
    const { now, peak } = await readMemory(child.pid);
    bench.row({
      scenario: index.title,
      what: `peak resident memory of the proxy, ${projects.length} pages`,
      holdfast: `${Math.round(peak / 1e6)} MB, ${Math.round(now / 1e6)} MB at the end`,
      peer: "",
      value: peak / 1e6,
      unit: "MB",
      target: { atMost: PROXY_MB_MAX },
    });
  } finally {
    client.close();
    await child.stop();
  }
}
