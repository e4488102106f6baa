/** The connection of a command that works with a map of several indexes: each with its own anchor and state folder. */
import { dirname, join, resolve } from "node:path";
import { sha256Hex } from "#crypto/hash.ts";
import { RefusedError } from "#core/errors.ts";
import { fingerprintOf } from "#core/verdict/anchor.ts";
import type { AnchorWish } from "#core/verdict/anchor.ts";
import { mapWarnings } from "#core/verdict/map-warnings.ts";
import { refusalOf } from "#core/verdict/refusal.ts";
import type { VerifiedCache } from "#core/verdict/verified-cache.ts";
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import type { MapConfig, MappedIndex, ProxyConfig } from "#formats/config/proxy-config.ts";
import { FormatError } from "#formats/format-error.ts";
import { indexStateFolder, readMapState, writeMapState } from "#stores/folder/map-state.ts";
import type { MapState } from "#stores/folder/map-state.ts";
import { openProxyState } from "#stores/folder/proxy-state.ts";
import type { ProxyState } from "#stores/folder/proxy-state.ts";
import { createFolderRefusalStore } from "#stores/folder/refusal-store.ts";
import { openFolderCache } from "#stores/folder/verified-cache.ts";
import { systemClock } from "#stores/host/clock.ts";
import type { HttpClient } from "#stores/host/http-fetch.ts";
import { findRunningProxy } from "#stores/host/running-proxy.ts";
import { createByteBudget } from "./byte-budget.ts";
import type { Connection, MakeProxy, Say } from "./connection.ts";
import { createMapProxy } from "./create-proxy.ts";
import type { Proxy } from "./create-proxy.ts";
import {
  createClient,
  openIndexConnection,
  readRootFile,
  systemPorts,
} from "./index-connection.ts";
import type { IndexConnection, IndexPlace } from "./index-connection.ts";
import { createIndexSource, heldSizeMax } from "./index-source.ts";
import type { IndexSource, SourceConfig, SourceEvent } from "./index-source.ts";
import type { OpenSource } from "./map-offering.ts";
import { openLater } from "./open-later.ts";
import type { ConnectionOptions } from "./options.ts";
import { chooseMapFolder, systemStatePlace } from "./state-folder.ts";

/** An index of the map, opened as soon as that is possible. */
type MapMember = {
  readonly name: string;
  readonly place: IndexPlace;
  readonly state: ProxyState;
  readonly open: () => Promise<IndexConnection>;
};

/**
 * Throws FormatError `options.invalid` and `config.map`, RefusedError `proxy.state`, and what `openAnchor` throws, but for
 * an index that nobody answers for: that one is opened when it comes, and until then nothing is said in its place.
 */
export async function openMapConnection(
  options: ConnectionOptions,
  config: ProxyConfig,
  map: MapConfig,
  say: Say,
): Promise<Connection> {
  checkOptions(options);
  const name = options.name ?? map.name;
  const folder = chooseMapFolder(systemStatePlace(process.env), options.state, map.name);
  const state = await openProxyState(folder);
  await keepMap(folder, state, map);
  for (const { code, sentence } of warningsOf(map)) say(`warning: ${code}: ${sentence}`);
  const configFolder = dirname(resolve(options.config ?? ""));
  const client = createClient();
  const members = await openMembers(client, { folder, configFolder, map }, say);
  const indexes = Object.fromEntries(
    members.map(({ name: index, place }) => [index, place.address.index.href]),
  );
  return {
    ...{ state, name, title: `the map ${name} (${Object.keys(indexes).join(", ")})` },
    facts: { map: name, indexes },
    close: client.close,
    makeProxy: async (how) => {
      const cache = await openFolderCache(join(folder, "cache"), {
        sizeMax: options.cacheSizeMax,
        clock: systemClock,
      });
      const common = {
        refreshMs: options.refreshMs ?? config.refreshMs,
        offlineForMs: options.offlineForMs,
        pinned: how.pinned,
        budget: createByteBudget(heldSizeMax),
      };
      const sources = new Map(
        members.map((member) => [member.name, sourceOf(member, client, cache, common, how)]),
      );
      return proxyOf({ map, folder, name, sources }, how);
    },
  };
}

function proxyOf(
  about: {
    readonly map: MapConfig;
    readonly folder: string;
    readonly name: string;
    readonly sources: ReadonlyMap<string, OpenSource>;
  },
  how: MakeProxy,
): Proxy {
  const { folder, map, name, sources } = about;
  const refusals = createFolderRefusalStore(folder);
  return createMapProxy(
    { clock: systemClock, refusals, onEvent: how.onEvent },
    { ...how, name, mappings: map.mappings, sources },
  );
}

/** The options of one index have no meaning here, and whoever gives them believes that they do. */
function checkOptions({ anchor, credentials, index, mirror }: ConnectionOptions): void {
  const given = [
    index !== undefined && "--index",
    mirror !== undefined && "--mirror",
    credentials !== undefined && "--credentials",
    anchor.kind === "root" && "--root",
    anchor.kind === "fingerprint" && "--fingerprint",
    anchor.kind === "first-use" && "--tofu",
  ].find((option) => option !== false);
  if (given === undefined) return;
  throw new FormatError(
    "options.invalid",
    `Cannot read the options: the configuration has a map of several indexes, which says what ${given} would: leave one of them out`,
  );
}

/** Remembers the map for `holdfast status`. A proxy that still answers by another map must not be used for this one. */
async function keepMap(folder: string, state: ProxyState, map: MapConfig): Promise<void> {
  const kept = await readMapState(folder);
  const digest = sha256Hex(formatUtf8(JSON.stringify([...map.indexes, map.mappings])));
  if (kept !== undefined && kept.digest !== digest && (await findRunningProxy(state))) {
    throw new RefusedError(
      "proxy.state",
      `A proxy runs on ${folder} that has another map: stop it first, so that nobody is answered by the old one`,
    );
  }
  const indexes = [...map.indexes].map(([name, { url }]) => ({ name, url }));
  const next: MapState = { name: map.name, digest, indexes, warnings: warningsOf(map) };
  await writeMapState(folder, next);
}

function warningsOf(map: MapConfig): MapState["warnings"] {
  return mapWarnings(map.mappings, [...map.indexes.keys()]);
}

async function openMembers(
  client: HttpClient,
  about: { readonly folder: string; readonly configFolder: string; readonly map: MapConfig },
  say: Say,
): Promise<readonly MapMember[]> {
  const members: MapMember[] = [];
  const seen = new Map<string, string>();
  for (const [name, index] of about.map.indexes) {
    const place = await placeOf(name, index, about);
    checkAnchorIsNew(name, place.wish, seen);
    const state = await openProxyState(place.folder);
    const open = openLater(() => openIndexConnection(client, place, say), systemClock);
    members.push({ name, place, state, open });
  }
  await Promise.all(members.map((member) => openNowOrLater(member, say)));
  return members;
}

/** Who cannot be believed ends the start; who is not there may come. */
async function openNowOrLater({ name, open }: MapMember, say: Say): Promise<void> {
  try {
    await open();
  } catch (error) {
    const isKnown = error instanceof Error && "code" in error && !(error instanceof RefusedError);
    if (!isKnown || refusalOf(error, "index").kind === "wrong") throw error;
    say(`${name}: ${error.message}. Until it is there, its projects are refused`);
  }
}

/** Paths are those of the configuration's folder: it means the same wherever a command is started. */
async function placeOf(
  name: string,
  index: MappedIndex,
  { configFolder, folder }: { readonly folder: string; readonly configFolder: string },
): Promise<IndexPlace> {
  const { anchor, credentials, mirror, url } = index;
  const named = `proxy.indexes.${name}.root`;
  return {
    folder: indexStateFolder(folder, name),
    address: { index: new URL(url), ...(mirror !== undefined && { mirror: new URL(mirror) }) },
    wish:
      anchor.kind === "fingerprint"
        ? anchor
        : { kind: "root", bytes: await readRootFile(resolve(configFolder, anchor.path), named) },
    credentials: credentials === undefined ? undefined : resolve(configFolder, credentials),
  };
}

/**
 * Agreement counts whom one believes, not addresses: one root under two names would agree with itself. Different roots of
 * one index are told apart only once both are open (`checkVoices`).
 */
function checkAnchorIsNew(name: string, wish: AnchorWish, seen: Map<string, string>): void {
  if (wish.kind !== "root" && wish.kind !== "fingerprint") return;
  const fingerprint = wish.kind === "root" ? fingerprintOf(wish.bytes) : wish.fingerprint;
  const other = seen.get(fingerprint);
  if (other !== undefined) {
    throw new FormatError(
      "config.map",
      `Cannot take the map of indexes: ${other} and ${name} are one index: both begin with the root ${fingerprint}`,
      "proxy.indexes",
    );
  }
  seen.set(fingerprint, name);
}

function sourceOf(
  { name, open, state }: MapMember,
  client: HttpClient,
  cache: VerifiedCache,
  common: Pick<SourceConfig, "budget" | "offlineForMs" | "pinned" | "refreshMs">,
  how: MakeProxy,
): OpenSource {
  const onEvent = (event: SourceEvent): void => {
    how.onEvent({ ...event, index: name });
    if (event.event === "refresh") state.writeReport(event.report).catch(() => undefined);
  };
  let source: IndexSource | undefined;
  return async () => {
    if (source !== undefined) return source;
    const { address, credentials, refusals, trustedStore } = await open();
    const ports = { ...systemPorts(client), trustedStore, cache, refusals, onEvent };
    source ??= createIndexSource(ports, { ...common, address, name, credentials });
    return source;
  };
}
