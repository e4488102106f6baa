/** `holdfast status`: what a proxy knows, since when, and what it refused, from its state folder. */
import { createFolderAnchorStore } from "#stores/folder/anchor-store.ts";
import { folderExists, openProxyState } from "#stores/folder/proxy-state.ts";
import { createFolderRefusalStore } from "#stores/folder/refusal-store.ts";
import { RefusedError } from "#core/errors.ts";
import type { Anchor } from "#core/verdict/anchor.ts";
import type { RefusalRecord } from "#core/verdict/refusal.ts";
import { integer, object, optional, string } from "#formats/json/decode.ts";
import { parseJson } from "#formats/json/parse.ts";
import type { StatusOptions } from "./options.ts";
import { askRunningProxy, simpleUrlOf } from "#stores/host/running-proxy.ts";
import { chooseStateFolder, systemStatePlace } from "./state-folder.ts";

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
  const folder = chooseStateFolder(systemStatePlace(process.env), options.state, options.index);
  if (!(await folderExists(folder))) {
    throw new RefusedError(
      "proxy.state",
      `There is no state folder ${folder}: no proxy ran there yet`,
    );
  }
  const state = await openProxyState(folder);
  const asked = await askRunningProxy(state);
  const report = asked?.status ?? (await state.readReport());
  const status: Status = {
    state: folder,
    running: asked && { pid: asked.running.pid, proxySimple: simpleUrlOf(asked.running) },
    anchor: await createFolderAnchorStore(folder).readAnchor(),
    view: report && decodeReport(parseJson(report), ""),
    refusals: await createFolderRefusalStore(folder).readRefusals(),
  };
  const text = options.json ? JSON.stringify(status, undefined, 2) : statusText(status, now);
  process.stdout.write(`${text}\n`);
  return exitCodeOf(status, now);
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

function statusText({ anchor, refusals, running, state, view }: Status, now: Date): string {
  const lines = [
    `Index    ${view?.index ?? anchor?.index ?? "none yet"}`,
    `Proxy    ${running === undefined ? "does not run" : `${running.proxySimple} (pid ${running.pid})`}`,
    `State    ${state}`,
    anchor === undefined
      ? "Anchor   none: nobody is believed yet"
      : `Anchor   ${anchor.fingerprint} (${anchorWords[anchor.origin]}, ${anchor.time})`,
    ...viewLines(view, now),
    "",
    refusals.length === 0
      ? "Nothing was refused."
      : `Refused (${refusals.length}, the latest first):`,
  ];
  for (const { code, count, evidence, lastAt, sentence, subject } of refusals) {
    lines.push(
      `  ${lastAt}  ${subject}  ${code}${count > 1 ? `  (${count} times)` : ""}`,
      `    ${sentence}`,
    );
    for (const [name, value] of Object.entries(evidence)) {
      if (name !== "answerBase64") lines.push(`      ${name}: ${value}`);
    }
  }
  return lines.join("\n");
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
