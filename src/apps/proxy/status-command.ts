/** `holdfast status`: what a proxy knows, since when, and what it refused, from its state folder. */
import { createFolderAnchorStore } from "#stores/folder/anchor-store.ts";
import { indexStateFolder, readMapState } from "#stores/folder/map-state.ts";
import type { MapState } from "#stores/folder/map-state.ts";
import { folderExists, openProxyState } from "#stores/folder/proxy-state.ts";
import { createFolderRefusalStore } from "#stores/folder/refusal-store.ts";
import { RefusedError } from "#core/errors.ts";
import type { Anchor } from "#core/verdict/anchor.ts";
import type { RefusalRecord } from "#core/verdict/refusal.ts";
import { integer, object, optional, string } from "#formats/json/decode.ts";
import { parseJson } from "#formats/json/parse.ts";
import { readProxyConfig } from "./open-connection.ts";
import type { StatusOptions } from "./options.ts";
import { askRunningProxy, simpleUrlOf } from "#stores/host/running-proxy.ts";
import { chooseMapFolder, chooseStateFolder, systemStatePlace } from "./state-folder.ts";

const decodeReport = object({
  index: string,
  kind: string,
  reportedAt: string,
  since: optional(string),
  expiresAt: optional(string),
  versions: optional(
    object({ root: integer, timestamp: integer, snapshot: integer, targets: integer }),
  ),
  denied: optional(integer),
  code: optional(string),
  sentence: optional(string),
});

type Report = ReturnType<typeof decodeReport>;

type Status = {
  readonly state: string;
  readonly running: { readonly pid: number; readonly proxySimple: string } | undefined;
  readonly anchor: Anchor | undefined;
  /** As the proxy last said it; judged again by the clock of whoever asks. */
  readonly view: Report | undefined;
  readonly refusals: readonly RefusalRecord[];
};

const exitCodeAlive = 0;
const exitCodeRefused = 1;
const exitCodeNothing = 2;

export async function showStatus(options: StatusOptions, now: Date): Promise<number> {
  const folder = await chooseFolder(options);
  if (!(await folderExists(folder))) {
    throw new RefusedError(
      "proxy.state",
      `There is no state folder ${folder}: no proxy ran there yet`,
    );
  }
  const state = await openProxyState(folder);
  const asked = await askRunningProxy(state);
  const running = asked && { pid: asked.running.pid, proxySimple: simpleUrlOf(asked.running) };
  const map = await readMapState(folder);
  if (map !== undefined) return await showMap(folder, map, running, { ...options, now });
  const status = await readStatus(folder, running, asked?.status ?? (await state.readReport()));
  const text = options.json ? JSON.stringify(status, undefined, 2) : statusText(status, now);
  process.stdout.write(`${text}\n`);
  return exitCodeOf(status, now);
}

async function chooseFolder({ config, index, state }: StatusOptions): Promise<string> {
  const place = systemStatePlace(process.env);
  const { map } = await readProxyConfig(config);
  return map === undefined || index !== undefined
    ? chooseStateFolder(place, state, index)
    : chooseMapFolder(place, state, map.name);
}

async function readStatus(
  folder: string,
  running: Status["running"],
  report: Uint8Array | undefined,
): Promise<Status> {
  return {
    state: folder,
    running,
    anchor: await createFolderAnchorStore(folder).readAnchor(),
    view: report && decodeReport(parseJson(report), ""),
    refusals: await createFolderRefusalStore(folder).readRefusals(),
  };
}

/** The map, then each of its indexes as one alone; ends as the worst of them. */
async function showMap(
  folder: string,
  map: MapState,
  running: Status["running"],
  { json, now }: { readonly json: boolean; readonly now: Date },
): Promise<number> {
  const refusals = await createFolderRefusalStore(folder).readRefusals();
  const indexes: { readonly name: string; readonly url: string; readonly status: Status }[] = [];
  for (const { name, url } of map.indexes) {
    const own = indexStateFolder(folder, name);
    const report = await (await openProxyState(own)).readReport();
    indexes.push({ name, url, status: await readStatus(own, running, report) });
  }
  const { name, warnings } = map;
  if (json) {
    const members = indexes.map((index) => ({ name: index.name, url: index.url, ...index.status }));
    const whole = { map: name, state: folder, running, warnings, refusals, indexes: members };
    process.stdout.write(`${JSON.stringify(whole, undefined, 2)}\n`);
  } else {
    const head = [
      `Map      ${name} (${indexes.map((index) => index.name).join(", ")})`,
      runningLine(running),
      `State    ${folder}`,
      ...warnings.map(({ code, sentence }) => `Warning  ${code}: ${sentence}`),
      "",
      ...refusalLines(refusals),
    ].join("\n");
    const texts = indexes.map((index) => `[${index.name}]\n${statusText(index.status, now)}`);
    process.stdout.write(`${[head, ...texts].join("\n\n")}\n`);
  }
  return Math.max(...indexes.map(({ status }) => exitCodeOf(status, now)));
}

function exitCodeOf({ view }: Status, now: Date): number {
  if (view === undefined || view.kind === "empty" || view.kind === "expired")
    return exitCodeNothing;
  if (view.kind === "refused") {
    return view.code?.startsWith("network.") === true ? exitCodeNothing : exitCodeRefused;
  }
  // What was verified when the proxy last ran may have expired since.
  const expired = view.expiresAt !== undefined && new Date(view.expiresAt) <= now;
  return expired && view.kind === "verified" ? exitCodeNothing : exitCodeAlive;
}

function runningLine(running: Status["running"]): string {
  return `Proxy    ${running === undefined ? "does not run" : `${running.proxySimple} (pid ${running.pid})`}`;
}

function refusalLines(refusals: readonly RefusalRecord[]): readonly string[] {
  if (refusals.length === 0) return ["Nothing was refused."];
  const lines = [`Refused (${refusals.length}, the latest first):`];
  for (const { code, count, evidence, lastAt, sentence, subject } of refusals) {
    lines.push(
      `  ${lastAt}  ${subject}  ${code}${count > 1 ? `  (${count} times)` : ""}`,
      `    ${sentence}`,
    );
    for (const [name, value] of Object.entries(evidence)) {
      if (name !== "answerBase64") lines.push(`      ${name}: ${value}`);
    }
  }
  return lines;
}

function statusText({ anchor, refusals, running, state, view }: Status, now: Date): string {
  return [
    `Index    ${view?.index ?? anchor?.index ?? "none yet"}`,
    runningLine(running),
    `State    ${state}`,
    anchor === undefined
      ? "Anchor   none: nobody is believed yet"
      : `Anchor   ${anchor.fingerprint} (${anchorWords[anchor.origin]}, ${anchor.time})`,
    ...viewLines(view, now),
    "",
    ...refusalLines(refusals),
  ].join("\n");
}

const anchorWords = {
  root: "shipped root",
  fingerprint: "pinned fingerprint",
  "first-use": "trusted on first use",
} as const;

function viewLines(view: Report | undefined, now: Date): readonly string[] {
  if (view === undefined) return ["View     nothing was verified yet"];
  const { expiresAt, kind, sentence, since, versions } = view;
  const lines = [
    `View     ${kind}${since === undefined ? "" : ` since ${since}`} (said ${view.reportedAt})`,
  ];
  if (sentence !== undefined) lines.push(`         ${view.code}: ${sentence}`);
  if (versions !== undefined) {
    const { root, snapshot, targets, timestamp } = versions;
    lines.push(
      `         root ${root}, timestamp ${timestamp}, snapshot ${snapshot}, targets ${targets}`,
    );
  }
  if (expiresAt !== undefined) {
    const tense = new Date(expiresAt) <= now ? "expired" : "lives until";
    lines.push(`         ${tense} ${expiresAt}`);
  }
  if (view.denied !== undefined && view.denied > 0) lines.push(`         ${view.denied} denied`);
  return lines;
}
