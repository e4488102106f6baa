/** An index as a command reaches it: state folder, anchor, name and the real network put together. */
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Secret } from "#crypto/secret.ts";
import { RefusedError } from "#core/errors.ts";
import { clientLimits } from "#core/tuf/limits.ts";
import type { Anchor, AnchorWish } from "#core/verdict/anchor.ts";
import type { RefusalStore } from "#core/verdict/refusal.ts";
import { formatBase64 } from "#formats/bytes/base64.ts";
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import { proxyDefaults } from "#formats/config/proxy-config.ts";
import type { ProxyConfig } from "#formats/config/proxy-config.ts";
import { createFolderAnchorStore } from "#stores/folder/anchor-store.ts";
import { folderExists, openProxyState, readCredentials } from "#stores/folder/proxy-state.ts";
import type { ProxyState } from "#stores/folder/proxy-state.ts";
import { createFolderRefusalStore } from "#stores/folder/refusal-store.ts";
import { createFolderTrustedStore } from "#stores/folder/trusted-store.ts";
import { openFolderCache } from "#stores/folder/verified-cache.ts";
import { systemClock } from "#stores/host/clock.ts";
import { readConfigFile } from "#stores/host/config-file.ts";
import { createHttpClient } from "#stores/host/http-fetch.ts";
import { createProxy } from "./create-proxy.ts";
import type { Proxy, ProxyEvent } from "./create-proxy.ts";
import { createIndexFetch } from "./index-fetch.ts";
import { fetchIndexName, hostName } from "./index-name.ts";
import { openAnchor } from "./open-anchor.ts";
import type { ConnectionOptions, ListenOptions } from "./options.ts";
import type { ListenAddress } from "./request-guard.ts";
import { chooseStateFolder, systemStatePlace } from "./state-folder.ts";

export type Connection = {
  readonly folder: string;
  readonly state: ProxyState;
  readonly refusals: RefusalStore;
  readonly index: URL;
  readonly anchor: Anchor;
  readonly name: string;
  readonly makeProxy: (how: MakeProxy) => Promise<Proxy>;
  /** Closes kept connections. */
  readonly close: () => void;
};

export type MakeProxy = {
  readonly listen: ListenAddress;
  readonly pinned: boolean;
  readonly instance: string;
  readonly onEvent: (event: ProxyEvent) => void;
};

/** Tells a person at a terminal. */
export type Say = (sentence: string) => void;

const userAgent = "holdfast-proxy";

/** Throws what `openAnchor` throws, RefusedError `proxy.*` and UnavailableError `storage.*`. */
export async function openConnection(options: ConnectionOptions, say: Say): Promise<Connection> {
  const folder = chooseStateFolder(systemStatePlace(process.env), options.state, options.index);
  const existed = await folderExists(folder);
  const anchors = createFolderAnchorStore(folder);
  const index = options.index ?? parseIndex((await anchors.readAnchor())?.index, folder);
  const address = { index, ...(options.mirror && { mirror: options.mirror }) };
  const client = createHttpClient({ userAgent });
  const credentials = credentialsFrom(options.credentials ?? join(folder, "credentials.json"));
  // Read now, so that a file that others can read is complained about at once.
  await credentials();
  const { fetchDocument } = createIndexFetch(client, {
    address,
    credentials,
    patienceMs: () => clientLimits.idleMs,
  });
  const trustedStore = createFolderTrustedStore(folder);
  const wish = await readWish(options, existed);
  const ports = { clock: systemClock, fetchDocument, anchors, trustedStore };
  const { anchor, isNew } = await openAnchor(ports, address, wish);
  if (isNew && anchor.origin === "first-use") {
    say(
      `Trusting ${index.href} on first use. Its root has the fingerprint ${anchor.fingerprint}: compare it with what the owner says. It is remembered in ${folder}`,
    );
  }
  // Only now: a first use that nobody saw must not leave a folder that would count as a witness of the next.
  const state = await openProxyState(folder);
  const name = await chooseName(
    options.name,
    state,
    () => fetchIndexName(fetchDocument, index),
    index,
  );
  const refusals = createFolderRefusalStore(folder);
  const refreshMs = options.refreshMs ?? (await readConfig(options.config)).refreshMs;
  return {
    ...{ folder, state, refusals, index, anchor, name },
    close: client.close,
    makeProxy: async (how) => {
      const cache = await openFolderCache(join(folder, "cache"), {
        sizeMax: options.cacheSizeMax,
        clock: systemClock,
      });
      const sleep = async (ms: number): Promise<void> => void (await delay(ms));
      const { fetch, fetchStream } = client;
      const onEvent = (event: ProxyEvent): void => {
        how.onEvent(event);
        if (event.event !== "refresh") return;
        // For `holdfast status`; what cannot be written there is told by the events all the same.
        state.writeReport(event.report).catch(() => undefined);
      };
      return createProxy(
        {
          clock: systemClock,
          sleep,
          fetch,
          fetchStream,
          trustedStore,
          cache,
          refusals,
          onEvent,
        },
        { ...how, address, name, credentials, refreshMs, offlineForMs: options.offlineForMs },
      );
    },
  };
}

/** Options win over the configuration file, which wins over the defaults. */
export async function readListenAddress(
  options: ListenOptions & Pick<ConnectionOptions, "config">,
): Promise<ListenAddress> {
  const { host, port } = await readConfig(options.config);
  return { host: options.host ?? host, port: options.port ?? port };
}

async function readConfig(path: string | undefined): Promise<ProxyConfig> {
  if (path === undefined) return proxyDefaults;
  // Only whoever names a file has its parser in the process that is to be trusted.
  const { parseConfig } = await import("#formats/config/config.ts");
  return parseConfig(readConfigFile(path)).proxy;
}

function parseIndex(href: string | undefined, folder: string): URL {
  const url = URL.parse(href ?? "");
  if (url !== null) return url;
  throw new RefusedError(
    "proxy.state",
    `${folder} belongs to no index yet: give --index URL with --root, --fingerprint or --tofu`,
  );
}

async function readWish(options: ConnectionOptions, folderExisted: boolean): Promise<AnchorWish> {
  const { anchor } = options;
  switch (anchor.kind) {
    case "root":
      return { kind: "root", bytes: await readRootFile(anchor.path) };
    case "first-use": {
      const atTerminal = process.stdin.isTTY && process.stderr.isTTY;
      return { kind: "first-use", witnessed: atTerminal || folderExisted };
    }
    case "fingerprint":
    case "remembered":
      return anchor;
  }
}

async function readRootFile(path: string): Promise<Uint8Array> {
  try {
    return await readFile(resolve(path));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new RefusedError("proxy.state", `Cannot read the root that --root names: ${reason}`);
  }
}

/** Said by a person, else remembered, else what the index calls itself; its host where nothing better is to be had. */
async function chooseName(
  given: string | undefined,
  state: ProxyState,
  fetchName: () => Promise<string | undefined>,
  index: URL,
): Promise<string> {
  const remembered = await state.readName();
  const name = given ?? remembered ?? (await fetchName());
  if (name === undefined) return hostName(index);
  if (name !== remembered) await state.writeName(name);
  return name;
}

/** Read anew each time, so that new credentials need no restart. */
function credentialsFrom(path: string): () => Promise<Secret | undefined> {
  return async () => {
    const read = await readCredentials(path);
    if (read === undefined) return undefined;
    const { password, username } = read;
    return new Secret(formatUtf8(`Basic ${formatBase64(formatUtf8(`${username}:${password}`))}`));
  };
}
