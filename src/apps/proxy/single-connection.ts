/** The connection of a command that works with one index, which its options or its state folder name. */
import { join } from "node:path";
import { RefusedError } from "#core/errors.ts";
import type { AnchorWish } from "#core/verdict/anchor.ts";
import type { ProxyConfig } from "#formats/config/proxy-config.ts";
import { createFolderAnchorStore } from "#stores/folder/anchor-store.ts";
import { readMapState } from "#stores/folder/map-state.ts";
import { folderExists, openProxyState } from "#stores/folder/proxy-state.ts";
import type { ProxyState } from "#stores/folder/proxy-state.ts";
import { openFolderCache } from "#stores/folder/verified-cache.ts";
import { systemClock } from "#stores/host/clock.ts";
import type { Connection, Say } from "./connection.ts";
import { createProxy } from "./create-proxy.ts";
import type { ProxyEvent } from "./create-proxy.ts";
import {
  createClient,
  openIndexConnection,
  readRootFile,
  systemPorts,
} from "./index-connection.ts";
import { fetchIndexName, hostName } from "./index-name.ts";
import type { ConnectionOptions } from "./options.ts";
import { chooseStateFolder, systemStatePlace } from "./state-folder.ts";

/** Throws what `openAnchor` throws, RefusedError `proxy.*` and UnavailableError `storage.*`. */
export async function openSingleConnection(
  options: ConnectionOptions,
  config: ProxyConfig,
  say: Say,
): Promise<Connection> {
  const folder = chooseStateFolder(systemStatePlace(process.env), options.state, options.index);
  await checkNoMap(folder);
  const existed = await folderExists(folder);
  const remembered = await createFolderAnchorStore(folder).readAnchor();
  const index = options.index ?? parseIndex(remembered?.index, folder);
  const address = { index, ...(options.mirror && { mirror: options.mirror }) };
  const client = createClient();
  const wish = await readWish(options, existed);
  const place = { folder, address, wish, credentials: options.credentials };
  const opened = await openIndexConnection(client, place, say);
  // Only now: a first use that nobody saw must not leave a folder that would count as a witness of the next.
  const state = await openProxyState(folder);
  const name = await chooseName(
    options.name,
    state,
    () => fetchIndexName(opened.fetchDocument, index),
    index,
  );
  const { anchor, credentials, refusals, trustedStore } = opened;
  const refreshMs = options.refreshMs ?? config.refreshMs;
  return {
    ...{ state, name, title: index.href },
    facts: { index: index.href, rootFingerprint: anchor.fingerprint },
    close: client.close,
    makeProxy: async (how) => {
      const cache = await openFolderCache(join(folder, "cache"), {
        sizeMax: options.cacheSizeMax,
        clock: systemClock,
      });
      const onEvent = (event: ProxyEvent): void => {
        how.onEvent(event);
        if (event.event !== "refresh") return;
        // For `holdfast status`; what cannot be written there is told by the events all the same.
        state.writeReport(event.report).catch(() => undefined);
      };
      return createProxy(
        {
          ...systemPorts(client),
          ...{ trustedStore, cache, refusals, onEvent },
        },
        { ...how, address, name, credentials, refreshMs, offlineForMs: options.offlineForMs },
      );
    },
  };
}

async function checkNoMap(folder: string): Promise<void> {
  const map = await readMapState(folder);
  if (map === undefined) return;
  throw new RefusedError(
    "proxy.state",
    `${folder} belongs to the map ${map.name} of several indexes: give --config with its configuration, or another --state`,
  );
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
      return { kind: "root", bytes: await readRootFile(anchor.path, "--root") };
    case "first-use": {
      const atTerminal = process.stdin.isTTY && process.stderr.isTTY;
      return { kind: "first-use", witnessed: atTerminal || folderExisted };
    }
    case "fingerprint":
    case "remembered":
      return anchor;
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
