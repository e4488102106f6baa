/**
 * `pip install` and `uv pip install` of eleven packages with empty client caches: through the verifying proxy, warm and
 * newly started without state, against straight from nginx, which serves the same pages and files as a static tree.
 */

import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { emptyEnvironment, freePort, runCommand } from "#bench/child.ts";
import type { Child } from "#bench/child.ts";
import { fetchPage } from "#bench/page-body.ts";
import {
  importFolder,
  startHoldfast,
  startProgram,
  type HoldfastPeer,
} from "#bench/peers/holdfast.ts";
import { registryEnvironment } from "#bench/peers/python-environment.ts";
import { formatNumber } from "#bench/results.ts";
import { median, ratioByRound } from "#bench/rounds.ts";
import type { Bench, Scenario } from "#bench/scenario.ts";
import { askOk, createHttpClient } from "#bench/http.ts";
import { sha256Hex } from "#crypto/hash.ts";

/** With their dependencies eleven projects. */
const REQUIREMENTS = ["flask", "python-dateutil", "packaging", "certifi"] as const;
const PROJECTS = 11;
const WARM_RATIO_MAX = 1.15;
const COLD_RATIO_MAX = 1.5;

type Client = "pip" | "uv";
type Package = { readonly filename: string; readonly bytes: Buffer; readonly sha256: string };

export const installs: Scenario = {
  name: "installs",
  async run(bench) {
    const packages = await downloadPackages(bench);
    const holdfast = await startHoldfast(path.join(bench.work, "installs-holdfast"));
    try {
      await importFolder(holdfast, path.join(bench.cache, "packages"));
      await copyToNginx(bench, holdfast, packages);
      for (const client of ["pip", "uv"] as const) await measure(bench, holdfast, client);
    } finally {
      await holdfast.child.stop();
    }
  },
};

/** Once, into the cache folder; always from there afterwards. */
async function downloadPackages(bench: Bench): Promise<Package[]> {
  const folder = path.join(bench.cache, "packages");
  await mkdir(folder, { recursive: true });
  if ((await readdir(folder)).length !== PROJECTS) {
    await rm(folder, { recursive: true, force: true });
    await runCommand(
      path.join(bench.python.clients.bin, "pip"),
      ["download", "--quiet", "--only-binary", ":all:", "--dest", folder, ...REQUIREMENTS],
      { env: registryEnvironment() },
    );
  }
  const names = await readdir(folder);
  if (names.length !== PROJECTS) throw new Error(`${names.length} packages instead of ${PROJECTS}`);
  return Promise.all(
    names.map(async (filename) => {
      const bytes = await readFile(path.join(folder, filename));
      return { filename, bytes, sha256: sha256Hex(bytes) };
    }),
  );
}

function projectOf(filename: string): string {
  return (filename.split("-")[0] ?? "").toLowerCase().replaceAll(/[-_.]+/g, "-");
}

/** Holdfast's own pages as static files: their links are relative, so files and metadata lie beside them. */
async function copyToNginx(
  bench: Bench,
  holdfast: HoldfastPeer,
  packages: readonly Package[],
): Promise<void> {
  const client = createHttpClient();
  for (const file of packages) {
    const project = projectOf(file.filename);
    const simple = path.join(bench.nginx.root, "simple", project);
    const files = path.join(bench.nginx.root, "files", project, file.sha256);
    await mkdir(simple, { recursive: true });
    await mkdir(files, { recursive: true });
    for (const form of ["json", "html"] as const) {
      const page = await fetchPage(holdfast.port, `/simple/${project}/`, form, [file]);
      await writeFile(path.join(simple, `index.${form}`), page.plain);
      await writeFile(path.join(simple, `index.${form}.gz`), page.encoded);
    }
    await writeFile(path.join(files, file.filename), file.bytes);
    const metadata = await askOk(
      client,
      `http://127.0.0.1:${holdfast.port}/files/${project}/${file.sha256}/${encodeURIComponent(file.filename)}.metadata`,
    );
    await writeFile(path.join(files, `${file.filename}.metadata`), metadata.body);
  }
  client.close();
}

async function measure(bench: Bench, holdfast: HoldfastPeer, client: Client): Promise<void> {
  const rounds = bench.quick ? 3 : 9;
  const nginxUrl = `http://127.0.0.1:${bench.nginx.port}/simple/`;
  const times: Record<"nginx" | "warm" | "cold", number[]> = { nginx: [], warm: [], cold: [] };
  for (let round = 0; round <= rounds; round += 1) {
    bench.say(`${client} install, round ${round} of ${rounds}`);
    const straight = await install(bench, client, nginxUrl);
    const warm = await install(bench, client, holdfast.ready.proxySimple);
    const cold = await installThroughColdProxy(bench, holdfast, client);
    if (warm.tree !== straight.tree || cold.tree !== straight.tree) {
      throw new Error(`${client} installed other bytes through the proxy`);
    }
    // The first round warms the proxy and the interpreter's own caches.
    if (round === 0) continue;
    times.nginx.push(straight.ms);
    times.warm.push(warm.ms);
    times.cold.push(cold.ms);
  }
  for (const [kind, target] of [
    ["warm", WARM_RATIO_MAX],
    ["cold", COLD_RATIO_MAX],
  ] as const) {
    bench.row({
      scenario: `install, ${PROJECTS} packages, ${client}`,
      what: `${kind} proxy, against straight from nginx`,
      holdfast: `${formatNumber(median(times[kind]))} ms`,
      peer: `${formatNumber(median(times.nginx))} ms`,
      value: ratioByRound(times[kind], times.nginx),
      target: { atMost: target },
      note: "client caches empty",
    });
  }
}

async function installThroughColdProxy(
  bench: Bench,
  holdfast: HoldfastPeer,
  client: Client,
): Promise<{ ms: number; tree: string }> {
  const proxy = await startColdProxy(bench, holdfast);
  try {
    return await install(bench, client, proxy.simple);
  } finally {
    await proxy.child.stop();
  }
}

async function startColdProxy(
  bench: Bench,
  holdfast: HoldfastPeer,
): Promise<{ child: Child; simple: string }> {
  const state = path.join(bench.work, "cold-proxy");
  await rm(state, { recursive: true, force: true });
  await mkdir(state, { recursive: true });
  const readyFile = path.join(bench.work, "cold-proxy-ready.json");
  const child = await startProgram(bench.work, readyFile, [
    "proxy",
    ...["--index", holdfast.ready.index],
    ...["--fingerprint", holdfast.ready.rootFingerprint],
    ...["--state", state],
    ...["--port", String(await freePort())],
  ]);
  const ready: { proxySimple: string } = JSON.parse(await readFile(readyFile, "utf8"));
  return { child, simple: ready.proxySimple };
}

async function install(
  bench: Bench,
  client: Client,
  indexUrl: string,
): Promise<{ ms: number; tree: string }> {
  const target = path.join(bench.work, "installed");
  await rm(target, { recursive: true, force: true });
  const bin = bench.python.clients.bin;
  const startedAt = performance.now();
  if (client === "pip") {
    await runCommand(
      path.join(bin, "pip"),
      [
        "install",
        ...["--isolated", "--no-cache-dir", "--no-compile", "--disable-pip-version-check"],
        ...["--only-binary", ":all:", "--index-url", indexUrl, "--target", target],
        ...REQUIREMENTS,
      ],
      { env: emptyEnvironment({ HOME: bench.work }) },
    );
  } else {
    await runCommand(
      path.join(bin, "uv"),
      [
        ...["pip", "install", "--no-config", "--no-cache"],
        ...["--python", path.join(bin, "python")],
        ...["--only-binary", ":all:", "--index-url", indexUrl, "--target", target],
        ...REQUIREMENTS,
      ],
      { env: emptyEnvironment({ HOME: bench.work }) },
    );
  }
  const ms = performance.now() - startedAt;
  return { ms, tree: await hashTree(target) };
}

/** One hash over every installed package's RECORD: names, hashes and sizes of all files, sorted. */
async function hashTree(folder: string): Promise<string> {
  const lines: string[] = [];
  let infos = 0;
  for (const name of await readdir(folder)) {
    if (!name.endsWith(".dist-info")) continue;
    infos += 1;
    const record = await readFile(path.join(folder, name, "RECORD"), "utf8");
    lines.push(
      ...record.split(/\r?\n/).filter((line) => /\.(py|pyi|so|pem|txt)?,sha256=/.test(line)),
    );
  }
  if (infos !== PROJECTS) throw new Error(`${infos} packages installed instead of ${PROJECTS}`);
  return sha256Hex(Buffer.from(lines.toSorted().join("\n")));
}
