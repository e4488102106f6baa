/**
 * The verifying proxy (design 9): a Simple API on loopback that answers only what it verified. This file puts the parts
 * together, for one index or for a map of several.
 */
import type { Mapping } from "#formats/config/proxy-config.ts";
import type { ProxyHandler, ProxyResponse } from "./exchange.ts";
import { createIndexSource } from "./index-source.ts";
import type { SourceConfig, SourceEvent, SourcePorts } from "./index-source.ts";
import { MapOffering } from "./map-offering.ts";
import type { MapPorts, OpenSource } from "./map-offering.ts";
import { offerIndex } from "./offering.ts";
import type { Offering } from "./offering.ts";
import { ownProblem } from "./refusal-response.ts";
import { RequestHandler } from "./request-handler.ts";
import type { HandlerParts } from "./request-handler.ts";
import type { ViewReport } from "./view-report.ts";

export type ProxyEvent =
  /** `index`: which of several it is about; without it the map. */
  | (SourceEvent & { readonly index?: string })
  /** Files of a project that too few indexes list. */
  | { readonly event: "held-back"; readonly project: string; readonly files: number }
  | { readonly event: "failure"; readonly error: unknown; readonly path: string };

/** Must not throw. */
export type OnEvent = (event: ProxyEvent) => void;

export type ProxyPorts = Omit<SourcePorts, "onEvent"> & { readonly onEvent: OnEvent };

/** Where and as what a proxy listens. */
export type ProxyPlace = Pick<HandlerParts, "instance" | "listen" | "name">;

export type ProxyConfig = SourceConfig & ProxyPlace;

export type MapProxyPorts = Omit<MapPorts, "onHeldBack"> & { readonly onEvent: OnEvent };

export type MapProxyConfig = ProxyPlace & {
  readonly mappings: readonly Mapping[];
  readonly sources: ReadonlyMap<string, OpenSource>;
};

export type Proxy = Pick<Offering, "judge" | "report" | "stand"> & {
  readonly handle: ProxyHandler;
};

/** Of one index. */
export type IndexProxy = Omit<Proxy, "report"> & { readonly report: () => ViewReport };

export function createProxy(ports: ProxyPorts, config: ProxyConfig): IndexProxy {
  const source = createIndexSource(ports, config);
  const offering = offerIndex(source, config.address.index.href);
  return { ...serveOffering(offering, config, ports.onEvent), report: source.report };
}

/** Several indexes behind one address. */
export function createMapProxy(ports: MapProxyPorts, config: MapProxyConfig): Proxy {
  const { onEvent } = ports;
  const onHeldBack = (project: string, files: number): void =>
    onEvent({ event: "held-back", project, files });
  return serveOffering(new MapOffering({ ...ports, onHeldBack }, config), config, onEvent);
}

function serveOffering(offering: Offering, place: ProxyPlace, onEvent: OnEvent): Proxy {
  const handler = new RequestHandler({ ...place, offering });
  return {
    judge: (project) => offering.judge(project),
    report: () => offering.report(),
    stand: () => offering.stand(),
    handle: async (request) => {
      try {
        return withCommonHeaders(await handler.answer(request));
      } catch (error) {
        onEvent({ event: "failure", error, path: request.path.slice(0, 300) });
        return withCommonHeaders(ownProblem("server.failed", "The proxy failed: its log says why"));
      }
    },
  };
}

function withCommonHeaders(response: ProxyResponse): ProxyResponse {
  const { body, headers } = response;
  const length =
    body instanceof Uint8Array && headers["content-length"] === undefined && response.status !== 304
      ? { "content-length": String(body.length) }
      : {};
  return {
    ...response,
    headers: { ...headers, ...length, "x-content-type-options": "nosniff" },
  };
}
