/**
 * A proxy over its own memory: what it trusts, what it has cached, what it refused. Its clients are `ask` with the
 * headers that pip and uv send; clock, network and the first root are the world's.
 */
import { sha256Hex } from "#crypto/hash.ts";
import { createMemoryCache } from "#stores/memory/verified-cache.ts";
import type { MemoryCache } from "#stores/memory/verified-cache.ts";
import { createMemoryRefusalStore } from "#stores/memory/refusal-store.ts";
import { createMemoryTrustedStore } from "#stores/memory/trusted-store.ts";
import type { MemoryTrustedStore } from "#stores/memory/trusted-store.ts";
import { createProxy } from "#apps/proxy/create-proxy.ts";
import type { IndexProxy, ProxyConfig, ProxyEvent } from "#apps/proxy/create-proxy.ts";
import type { ProxyResponse } from "#apps/proxy/exchange.ts";
import type { RefusalStore } from "#core/verdict/refusal.ts";
import { simOrigin } from "./sim-index.ts";
import type { SimFile } from "./sim-index.ts";
import type { SimClock } from "./sim-clock.ts";
import type { SimNetwork } from "./sim-network.ts";

export type Answered = {
  readonly status: number;
  readonly reason: string;
  readonly headers: Readonly<Record<string, string>>;
  /** What came before the connection broke, if it did. */
  readonly bytes: Uint8Array;
  readonly text: string;
  /** The stream threw: a client sees a broken connection. */
  readonly broken: unknown;
  /** The code of a problem document, or of a pip refusal. */
  readonly code: string | undefined;
};

export type Ask = {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly agent?: "pip" | "uv";
};

export type SimProxy = {
  readonly trusted: MemoryTrustedStore;
  readonly cache: MemoryCache;
  readonly refusals: RefusalStore;
  readonly events: ProxyEvent[];
  /** The one that runs; `restart` makes the next over the same state. */
  readonly proxy: () => IndexProxy;
  readonly restart: (config?: Partial<ProxyConfig>) => void;
  readonly ask: (path: string, ask?: Ask) => Promise<Answered>;
  readonly page: (project: string, ask?: Ask) => Promise<Answered>;
  readonly file: (file: SimFile, ask?: Ask) => Promise<Answered>;
  readonly metadata: (file: SimFile, ask?: Ask) => Promise<Answered>;
  /** Everything the proxy trusts: one line for each role, its name and its hash. */
  readonly trustedState: () => string;
};

/** What a proxy finds around it. */
export type Surroundings = { readonly clock: SimClock; readonly network: SimNetwork };

const port = 8471;
export const simName = "index.example";

export const simAgents = {
  pip: {
    "user-agent": 'pip/26.3 {"ci":null}',
    accept:
      "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01",
  },
  uv: {
    "user-agent": "uv/0.13.8 {}",
    accept:
      "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01",
  },
} as const;

/** A proxy that was given its first root out of band, at the version that root has. */
export async function createSimProxy(
  { clock, network }: Surroundings,
  anchor: { readonly version: number; readonly bytes: Uint8Array },
  start: Partial<ProxyConfig> = {},
): Promise<SimProxy> {
  const trusted = createMemoryTrustedStore();
  await trusted.writeRoot(anchor.version, anchor.bytes);
  const cache = createMemoryCache();
  const refusals = createMemoryRefusalStore();
  const events: ProxyEvent[] = [];
  const make = (config: Partial<ProxyConfig>): IndexProxy =>
    createProxy(
      {
        clock: clock.now,
        sleep: async (ms) => clock.advance(ms),
        fetch: network.fetch,
        fetchStream: network.fetchStream,
        trustedStore: trusted,
        cache,
        refusals,
        onEvent: (event) => void events.push(event),
      },
      {
        address: { index: new URL(`${simOrigin}/`) },
        name: simName,
        listen: { host: "127.0.0.1", port },
        refreshMs: 10_000,
        offlineForMs: 0,
        pinned: false,
        instance: "test",
        ...config,
      },
    );
  let proxy = make(start);
  const ask = async (path: string, { agent = "uv", headers, method = "GET" }: Ask = {}) => {
    const request = {
      method,
      path,
      headers: { host: `127.0.0.1:${port}`, ...simAgents[agent], ...headers },
    };
    return await readAnswer(await proxy.handle(request));
  };
  const filePath = ({ filename, project, sha256 }: SimFile): string =>
    `/${simName}/files/${project}/${sha256}/${filename}`;
  return {
    trusted,
    cache,
    refusals,
    events,
    proxy: () => proxy,
    restart: (config = {}) => {
      proxy = make({ ...start, ...config });
    },
    ask,
    page: (project, more) => ask(`/${simName}/simple/${project}/`, more),
    file: (file, more) => ask(filePath(file), more),
    metadata: (file, more) => ask(`${filePath(file)}.metadata`, more),
    trustedState: () =>
      [...trusted.roots, ...trusted.roles]
        .map(([name, bytes]) => `${name} ${sha256Hex(bytes).slice(0, 12)}`)
        .toSorted()
        .join("\n"),
  };
}

export async function readAnswer(response: ProxyResponse): Promise<Answered> {
  const parts: Uint8Array[] = [];
  let broken: unknown;
  if (response.body instanceof Uint8Array) parts.push(response.body);
  else {
    try {
      for await (const part of response.body) parts.push(part);
    } catch (error) {
      broken = error;
    }
  }
  const bytes = new Uint8Array(Buffer.concat(parts));
  const { headers, reason, status } = response;
  const text = new TextDecoder().decode(bytes);
  return {
    status,
    reason,
    headers,
    bytes,
    text,
    broken,
    code: codeIn(headers["content-type"], text),
  };
}

function codeIn(contentType: string | undefined, text: string): string | undefined {
  if (contentType?.startsWith("application/problem+json") !== true) return undefined;
  return /"code":"([a-z0-9.-]+)"/.exec(text)?.[1];
}
