/**
 * The proxy that keeps its state in this data folder: whom it believes, what it last verified, and whether it is the one
 * that answers where clients look for it. Only reads.
 */
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { TrustError, UnavailableError } from "#core/errors.ts";
import type { Clock } from "#core/ports.ts";
import type { TrustedStore } from "#core/tuf/trusted-store.ts";
import { createUpdater } from "#core/tuf/updater.ts";
import { fingerprintOf } from "#core/verdict/anchor.ts";
import type { Anchor } from "#core/verdict/anchor.ts";
import type { ProxyConfig } from "#formats/config/proxy-config.ts";
import { FormatError } from "#formats/format-error.ts";
import { integer, object } from "#formats/json/decode.ts";
import { parseJson } from "#formats/json/parse.ts";
import { createFolderAnchorStore } from "#stores/folder/anchor-store.ts";
import type { DataFolder } from "#stores/folder/data-folder.ts";
import { fetchFile } from "#stores/folder/file-fetch.ts";
import { readRunningProxy } from "#stores/folder/proxy-state.ts";
import { createFolderTrustedStore, readNewestRole } from "#stores/folder/trusted-store.ts";
import { askRunningProxy, simpleUrlOf } from "#stores/host/running-proxy.ts";
import type { Finding } from "./finding.ts";

const answerMsMax = 2_000;

export async function examineProxy(
  data: DataFolder,
  listen: Pick<ProxyConfig, "host" | "port">,
  clock: Clock,
): Promise<readonly Finding[]> {
  if (!existsSync(data.proxy)) return [];
  if (!isReadable(data.proxy)) {
    const message = "This user cannot look into the proxy's state; run this as its owner too";
    return [{ level: "note", code: "proxy.out-of-reach", subject: data.proxy, message }];
  }
  const port = await examinePort(data, listen);
  try {
    const anchor = await createFolderAnchorStore(data.proxy).readAnchor();
    if (anchor === undefined) {
      const message = "The proxy here believes nobody yet: it was never started";
      return [{ level: "note", code: "proxy.anchor", subject: data.proxy, message }, port];
    }
    return [examineAnchor(data, anchor), await examineTrust(data, clock), port];
  } catch (error) {
    const isKnown = error instanceof TrustError || error instanceof UnavailableError;
    if (!isKnown) throw error;
    const { message } = error;
    return [{ level: "fault", code: "proxy.anchor", subject: data.proxy, message }, port];
  }
}

function isReadable(folder: string): boolean {
  try {
    accessSync(folder, constants.R_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Against the roots of the index on this data folder and of the proxy itself. */
function examineAnchor(data: DataFolder, anchor: Anchor): Finding {
  const about = { code: "proxy.anchor", subject: data.proxy } as const;
  const { fingerprint, index, rootVersion } = anchor;
  for (const [where, folder] of [
    ["the index here publishes", data.publicTree],
    ["lies in the proxy's own state", data.proxy],
  ] as const) {
    const path = join(folder, "tuf", `${rootVersion}.root.json`);
    if (!existsSync(path)) continue;
    const found = fingerprintOf(readFileSync(path));
    if (found === fingerprint) continue;
    const message = `The proxy believes the root ${fingerprint}, and another one ${where}: ${found}. It serves nothing that the other one signed: find out who replaced which, then remove this folder to begin anew`;
    return { ...about, level: "fault", message };
  }
  const message = `The proxy believes the root ${fingerprint} of ${index}`;
  return { ...about, level: "good", message };
}

async function examineTrust(data: DataFolder, clock: Clock): Promise<Finding> {
  const about = { code: "proxy.metadata", subject: data.proxy } as const;
  const kept = join(data.proxy, "tuf");
  const store = createFolderTrustedStore(data.proxy);
  if (!existsSync(kept) || (await readNewestRole(data.proxy, "timestamp")) === undefined) {
    return { ...about, level: "note", message: "The proxy has verified nothing yet" };
  }
  const metadataUrl = pathToFileURL(`${kept}/`);
  const updater = createUpdater(
    { clock, fetch: fetchFile, store: onlyRead(store) },
    { metadataUrl },
  );
  try {
    const { timestamp } = await updater.openStored();
    const { version } = timestamp.value;
    const published = publishedTimestamp(data);
    if (published !== undefined && published < version) {
      const message = `The proxy has verified timestamp ${version}, and the index here publishes the older ${published}: proxies refuse that as a rollback`;
      return { ...about, level: "fault", message };
    }
    const message = `What the proxy verified last is alive (timestamp ${version})`;
    return { ...about, level: "good", message };
  } catch (error) {
    if (!(error instanceof TrustError)) throw error;
    const what = `What the proxy verified last does not count any more: ${error.message}`;
    if (error.code !== "tuf.expired") return { ...about, level: "warning", message: what };
    const message = `${what}. It serves again once it reaches the index`;
    return { ...about, level: "note", message };
  }
}

function onlyRead(store: TrustedStore): TrustedStore {
  const nothing = async (): Promise<void> => {};
  return { ...store, writeRoot: nothing, writeRole: nothing, deleteRole: nothing };
}

const decodeVersion = object({ signed: object({ version: integer }) });

/** Read after the proxy's, so that an index at work is only ever newer. */
function publishedTimestamp(data: DataFolder): number | undefined {
  const path = join(data.publicTree, "tuf", "timestamp.json");
  if (!existsSync(path)) return undefined;
  try {
    return decodeVersion(parseJson(readFileSync(path)), path).signed.version;
  } catch (error) {
    // That it cannot be read is what was found when the metadata itself was looked at.
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

async function examinePort(
  data: DataFolder,
  { host, port }: Pick<ProxyConfig, "host" | "port">,
): Promise<Finding> {
  const about = { code: "proxy.port", subject: "proxy" } as const;
  const asked = await askRunningProxy({ readRunning: () => readRunningProxy(data.proxy) });
  if (asked !== undefined) {
    const { running } = asked;
    const answers = `The proxy runs and answers at ${simpleUrlOf(running)}`;
    if (port === 0 || running.port === port) return { ...about, level: "good", message: answers };
    const message = `${answers}, not on port ${port}: lock files made with one port do not hold with another`;
    return { ...about, level: "note", message };
  }
  const address = `${host}:${port}`;
  if (port !== 0 && (await isListening(host, port))) {
    const message = `The proxy of this folder does not run, and another program listens on ${address}: clients that look for the proxy there talk to that program`;
    return { ...about, level: "warning", message };
  }
  return { ...about, level: "note", message: "The proxy is not running on this data folder" };
}

async function isListening(host: string, port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect({ host, port });
    const settle = (isThere: boolean): void => {
      socket.destroy();
      resolve(isThere);
    };
    socket.setTimeout(answerMsMax, () => settle(false));
    socket.once("connect", () => settle(true));
    socket.once("error", () => settle(false));
  });
}
