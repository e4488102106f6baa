/** Where this index is, as the one who asks sees it. */
import type { IncomingMessage } from "node:http";
import type { IndexSettings } from "./index-ports.ts";
import type { Site } from "./web/layout.ts";

const plainHost = /^(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?$/;

/** Only configuration says what a reverse proxy in front is called; without it, the address that was asked. */
export function siteOf(settings: IndexSettings, request: IncomingMessage, styleTag: string): Site {
  const host = request.headers.host ?? "";
  const base = settings.publicUrl ?? `http://${plainHost.test(host) ? host : "localhost"}/`;
  const { pathname } = new URL(base);
  return {
    name: settings.name,
    base,
    path: pathname,
    isPrivate: settings.isPrivate,
    proxySimpleUrl: `http://127.0.0.1:${settings.proxyPort}/${settings.name}/simple/`,
    styleTag,
  };
}

/** The path that a reverse proxy puts in front: `/` without one. */
export function prefixOf(settings: IndexSettings): string {
  return settings.publicUrl === undefined ? "/" : new URL(settings.publicUrl).pathname;
}
