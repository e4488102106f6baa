/** A proxy with a map of several indexes, in memory: each index has its own owner, keys, trusted state and refusals. */
import { fingerprintOf } from "#core/verdict/anchor.ts";
import type { RefusalStore } from "#core/verdict/refusal.ts";
import type { Mapping } from "#formats/config/proxy-config.ts";
import { createMemoryCache } from "#stores/memory/verified-cache.ts";
import type { MemoryCache } from "#stores/memory/verified-cache.ts";
import { createMemoryRefusalStore } from "#stores/memory/refusal-store.ts";
import { createMemoryTrustedStore } from "#stores/memory/trusted-store.ts";
import type { MemoryTrustedStore } from "#stores/memory/trusted-store.ts";
import { createMapProxy } from "#apps/proxy/create-proxy.ts";
import type { Proxy, ProxyEvent } from "#apps/proxy/create-proxy.ts";
import { createIndexSource } from "#apps/proxy/index-source.ts";
import type { IndexSource } from "#apps/proxy/index-source.ts";
import type { OpenSource } from "#apps/proxy/map-offering.ts";
import { sha256Hex } from "#crypto/hash.ts";
import { createSimClock } from "./sim-clock.ts";
import type { SimClock } from "./sim-clock.ts";
import { SimIndex } from "./sim-index.ts";
import { createSimNetwork } from "./sim-network.ts";
import type { SimNetwork } from "./sim-network.ts";
import { readAnswer, simAgents } from "./sim-proxy.ts";
import type { Answered, Ask } from "./sim-proxy.ts";

export type MapMember = {
  readonly index: SimIndex;
  readonly origin: string;
  readonly trusted: MemoryTrustedStore;
  readonly refusals: RefusalStore;
};

export type MapWorld = {
  readonly clock: SimClock;
  readonly network: SimNetwork;
  readonly cache: MemoryCache;
  readonly events: ProxyEvent[];
  /** Of the map itself. */
  readonly refusals: RefusalStore;
  readonly proxy: () => Proxy;
  /** Another process over the same state. */
  readonly restart: () => void;
  readonly member: (name: string) => MapMember;
  readonly ask: (path: string, ask?: Ask) => Promise<Answered>;
  readonly page: (project: string, ask?: Ask) => Promise<Answered>;
  /** Everything that is trusted, of all indexes. */
  readonly trustedState: () => string;
  /** The codes of what was refused: the map's, then each index's, as `index code`. */
  readonly refused: () => Promise<readonly string[]>;
};

const port = 8471;
export const mapName = "everything";

export type MapWorldOptions = {
  readonly refreshMs?: number;
  /** Indexes that are there already, and the version of the root by which each is believed. */
  readonly given?: ReadonlyMap<string, { readonly index: SimIndex; readonly rootVersion: number }>;
};

export async function createMapWorld(
  names: readonly string[],
  mappings: readonly Mapping[],
  { refreshMs = 10_000, given = new Map() }: MapWorldOptions = {},
): Promise<MapWorld> {
  const clock = createSimClock("2026-11-21T08:00:00Z");
  const network = createSimNetwork();
  const cache = createMemoryCache();
  const refusals = createMemoryRefusalStore();
  const events: ProxyEvent[] = [];
  const members = new Map<string, MapMember>();
  for (const name of names) {
    const { index, rootVersion } = given.get(name) ?? {
      index: await new SimIndex(`${name} `).open(),
      rootVersion: 1,
    };
    const origin = `https://${name}.example`;
    network.serve(origin, index.answer);
    const trusted = createMemoryTrustedStore();
    const root = index.tuf.files.get(`${rootVersion}.root.json`);
    if (root === undefined) throw new Error(`${name} has no root ${rootVersion}`);
    await trusted.writeRoot(rootVersion, root);
    members.set(name, { index, origin, trusted, refusals: createMemoryRefusalStore() });
  }
  const sourceOf = (name: string, { origin, refusals: own, trusted }: MapMember): IndexSource =>
    createIndexSource(
      {
        clock: clock.now,
        sleep: async (ms) => clock.advance(ms),
        fetch: network.fetch,
        fetchStream: network.fetchStream,
        trustedStore: trusted,
        cache,
        refusals: own,
        onEvent: (event) => void events.push({ ...event, index: name }),
      },
      {
        address: { index: new URL(`${origin}/`) },
        name,
        refreshMs,
        offlineForMs: 0,
        pinned: false,
      },
    );
  const make = (): Proxy => {
    const sources = new Map<string, OpenSource>();
    for (const [name, member] of members) {
      const source = sourceOf(name, member);
      sources.set(name, async () => source);
    }
    return createMapProxy(
      { clock: clock.now, refusals, onEvent: (event) => void events.push(event) },
      {
        ...{ name: mapName, mappings, sources, instance: "test" },
        listen: { host: "127.0.0.1", port },
      },
    );
  };
  let proxy = make();
  const ask = async (path: string, { agent = "uv", headers, method = "GET" }: Ask = {}) => {
    const sent = { host: `127.0.0.1:${port}`, ...simAgents[agent], ...headers };
    return await readAnswer(await proxy.handle({ method, path, headers: sent }));
  };
  return {
    ...{ clock, network, cache, events, refusals, ask },
    proxy: () => proxy,
    restart: () => {
      proxy = make();
    },
    member: (name) => memberOf(members, name),
    page: (project, more) => ask(`/${mapName}/simple/${project}/`, more),
    trustedState: () => [...members].map(([name, one]) => stateOf(name, one)).join("\n"),
    refused: async () => {
      const own = (await refusals.readRefusals()).map(({ code }) => code);
      const theirs = [...members].map(async ([name, member]) => {
        const records = await member.refusals.readRefusals();
        return records.map(({ code }) => `${name} ${code}`);
      });
      return [...own, ...(await Promise.all(theirs)).flat()];
    },
  };
}

function memberOf(members: ReadonlyMap<string, MapMember>, name: string): MapMember {
  const member = members.get(name);
  if (member === undefined) throw new Error(`There is no index ${name}`);
  return member;
}

/** One line for each role, its name and its hash. */
function stateOf(name: string, { index, trusted }: MapMember): string {
  const lines = [...trusted.roots, ...trusted.roles].map(
    ([role, bytes]) => `${name} ${role} ${sha256Hex(bytes).slice(0, 12)}`,
  );
  return [`${name} ${fingerprintOf(index.root)}`, ...lines.toSorted()].join("\n");
}
