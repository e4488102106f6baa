/**
 * A proxy, an index and the network between them, in memory: the honest run and every attack are calls. Clients are
 * `request` with the headers that pip and uv send.
 */
import type { ProxyConfig } from "#apps/proxy/create-proxy.ts";
import { SimIndex, simOrigin } from "./sim-index.ts";
import { createSimClock } from "./sim-clock.ts";
import { createSimNetwork } from "./sim-network.ts";
import { createSimProxy } from "./sim-proxy.ts";
import type { SimProxy, Surroundings } from "./sim-proxy.ts";

export type ProxyWorld = Surroundings & SimProxy & { readonly index: SimIndex };

export async function createProxyWorld(start: Partial<ProxyConfig> = {}): Promise<ProxyWorld> {
  const clock = createSimClock("2026-11-21T08:00:00Z");
  const network = createSimNetwork();
  const index = await new SimIndex().open();
  network.serve(simOrigin, index.answer);
  const anchor = { version: 1, bytes: index.root };
  return { clock, network, index, ...(await createSimProxy({ clock, network }, anchor, start)) };
}
