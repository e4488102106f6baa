/** The order in which everything is made, started and, the other way round, ended. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { sha256Hex } from "#crypto/hash.ts";
import { formatDuration } from "#formats/config/duration.ts";
import { string } from "#formats/json/decode.ts";
import type { JsonObject } from "#formats/json/value.ts";
import { dataFolder } from "#stores/folder/data-folder.ts";
import type { DataFolder } from "#stores/folder/data-folder.ts";
import type { Life } from "#stores/host/life.ts";
import { removeReadyFile, writeReadyFile } from "#stores/host/ready-file.ts";
import { formatAnnouncement } from "./announcement.ts";
import { runCeremony } from "./ceremony.ts";
import { findOfflineKeys, firstRootPath, isInitialised, useDataFolder } from "./data-folder-use.ts";
import { exitCodes } from "./exit-codes.ts";
import type { UpOptions } from "./options.ts";
import { checkPortFree } from "./port-probe.ts";
import { died, startProgram } from "./program.ts";
import type { Program } from "./program.ts";

/** Resolves when everything is ready; the life ends it. */
export async function runEverything(options: UpOptions, life: Life): Promise<void> {
  const { config, readyFile } = options;
  const data = dataFolder(options.data);
  const lock = useDataFolder(data);
  life.onStop("data folder", () => lock.release());
  if (readyFile !== undefined) {
    await removeReadyFile(readyFile);
    life.onStop("ready file", () => removeReadyFile(readyFile));
  }
  await checkPortFree(config.index.host, config.index.port, "--port");
  await checkPortFree(config.proxy.host, config.proxy.port, "--proxy-port");

  const settings = ["--data", data.root, ...withConfig(options)];
  if (!isInitialised(data)) {
    const what = existsSync(data.signer)
      ? "making what is missing"
      : "first use: making keys and metadata";
    process.stderr.write(`holdfast up: ${what} in ${data.root}\n`);
    await runCeremony(["init", ...settings], life);
  }
  const start = (name: string, args: readonly string[]): Promise<JsonObject> =>
    startInOrder(name, args, data, life);

  await start("signer", settings);
  await keepOfflineRolesFresh(options, data, settings, life);
  const index = await start("index", [...settings, ...indexArgs(options)]);
  const proxy = await start("proxy", proxyArgs(options, data, index));

  const ready = readyValue(index, proxy, data);
  if (readyFile !== undefined) await writeReadyFile(readyFile, ready);
  process.stdout.write(
    formatAnnouncement(
      {
        ...ready,
        data: data.root,
        tokenFile: data.firstToken,
        proxyState: data.proxy,
        offlineKeys: findOfflineKeys(data),
        isPrivate: config.index.private,
      },
      process.stdout.isTTY,
    ),
  );
}

/** What everybody who waits for us reads (the fields are public API). */
type ReadyValue = {
  readonly index: string;
  readonly upload: string;
  readonly simple: string;
  readonly proxy: string;
  readonly proxySimple: string;
  readonly username: "__token__";
  readonly token: string | null;
  readonly rootFingerprint: string;
  readonly metadata: string;
  readonly targets: string;
};

function readyValue(index: JsonObject, proxy: JsonObject, data: DataFolder): ReadyValue {
  const address = string(index.get("index") ?? null, "index");
  return {
    index: address,
    upload: `${address}legacy/`,
    simple: `${address}simple/`,
    proxy: string(proxy.get("proxy") ?? null, "proxy"),
    proxySimple: string(proxy.get("proxySimple") ?? null, "proxySimple"),
    username: "__token__",
    token: existsSync(data.firstToken) ? readFileSync(data.firstToken, "utf8").trim() : null,
    rootFingerprint: `sha256:${sha256Hex(readFileSync(firstRootPath(data)))}`,
    metadata: `${address}tuf/`,
    targets: `${address}targets/`,
  };
}

async function startInOrder(
  name: string,
  args: readonly string[],
  data: DataFolder,
  life: Life,
): Promise<JsonObject> {
  life.stopping.throwIfAborted();
  const readyFile = join(data.root, "run", `${name}.ready.json`);
  const program = startProgram({
    name,
    args: [...nodeFlags, appScript(name), name, ...args, "--ready-file", readyFile],
    logFile: join(data.log, `${name}.log`),
    readyFile,
  });
  life.onStop(name, () => program.stop());
  const ready = await program.waitUntilReady();
  void endWith(program, life);
  return ready;
}

/** If one ends, all end. */
async function endWith(program: Program, life: Life): Promise<void> {
  const how = await program.ended;
  if (life.stopping.aborted) return;
  const { message } = died(program.name, how, program.readLastWords());
  report(new Error(`${message}\nThe other programs stop too`));
  await life.stop(exitCodes.programDied);
}

/** Renews root, targets and claimed at half life where their keys lie on this machine: now, and from time to time. */
async function keepOfflineRolesFresh(
  options: UpOptions,
  data: DataFolder,
  settings: readonly string[],
  life: Life,
): Promise<void> {
  const renew = async (): Promise<void> => {
    if (findOfflineKeys(data) === undefined) return;
    await runCeremony(["renew", "--if-due", ...settings], life);
  };
  await renew();
  void (async () => {
    while (await passTime(renewIntervalMs(options), life.stopping)) {
      // What is renewed is good for half its life yet; the next try, or a person who reads this, is in time.
      await renew().catch(report);
    }
  })();
}

/** False when the end began meanwhile. */
async function passTime(ms: number, stopping: AbortSignal): Promise<boolean> {
  await delay(ms, undefined, { signal: stopping }).catch(() => undefined);
  return !stopping.aborted;
}

const second = 1_000;
const day = 86_400_000;

/** Daily, and often enough for lifetimes of seconds. */
function renewIntervalMs({ config }: UpOptions): number {
  const { root, targets, claimed } = config.signer.lifetimes;
  return Math.min(day, Math.max(second, Math.min(root, targets, claimed) / 6));
}

function report(error: unknown): void {
  process.stderr.write(`holdfast up: ${error instanceof Error ? error.message : String(error)}\n`);
}

function withConfig({ configPath }: UpOptions): readonly string[] {
  return configPath === undefined ? [] : ["--config", configPath];
}

function indexArgs({ config }: UpOptions): readonly string[] {
  const { host, port, publicUrl } = config.index;
  return [
    ...["--host", host, "--port", String(port)],
    ...(publicUrl === undefined ? [] : ["--public-url", publicUrl]),
    ...(config.index.private ? ["--private"] : []),
  ];
}

function proxyArgs(options: UpOptions, data: DataFolder, index: JsonObject): readonly string[] {
  const { host, port, refreshMs } = options.config.proxy;
  return [
    // Not by the public address: what stands in front may start later than we do.
    ...["--index", string(index.get("local") ?? null, "local")],
    ...["--root", firstRootPath(data), "--state", data.proxy],
    ...["--host", host, "--port", String(port), "--refresh", formatDuration(refreshMs)],
  ];
}

/** On a machine with much memory V8 gives young objects 134 MB, which a small service has no use for. */
const nodeFlags: readonly string[] = ["--max-semi-space-size=8"];

function appScript(name: string): string {
  return join(import.meta.dirname, "..", name, "main.ts");
}
