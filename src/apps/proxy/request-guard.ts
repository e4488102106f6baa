/**
 * Who may talk to a proxy on loopback: programs, not web pages (design 9). A page of any site can make a browser send
 * requests here; what gives it away is the Host it was tricked into (DNS rebinding), Origin, and Sec-Fetch-Site.
 */
import type { ProxyRequest } from "./exchange.ts";

export type ListenAddress = {
  /** As bound: `127.0.0.1`, `::1`, `0.0.0.0`, a name. */
  readonly host: string;
  readonly port: number;
};

export type GuardCode = "request.cross-site" | "request.host" | "request.method";

export type GuardFinding = { readonly code: GuardCode; readonly sentence: string };

const loopbackNames: ReadonlySet<string> = new Set(["127.0.0.1", "localhost", "[::1]"]);

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(?:\.[0-9]{1,3}){3}$/.test(host);
}

/** Why the request is not for this proxy, or undefined. */
export function guardRequest(
  request: ProxyRequest,
  address: ListenAddress,
): GuardFinding | undefined {
  const { headers, method } = request;
  const { host, origin } = headers;
  if (host === undefined || !isOwnHost(host, address)) {
    const sentence = `This proxy is not ${JSON.stringify((host ?? "").slice(0, 100))}: use the address it printed`;
    return { code: "request.host", sentence };
  }
  const site = headers["sec-fetch-site"];
  const foreignSite = site !== undefined && site !== "none" && site !== "same-origin";
  if (foreignSite || (origin !== undefined && origin !== `http://${host}`)) {
    const sentence = "Web pages of other sites may not use this proxy";
    return { code: "request.cross-site", sentence };
  }
  if (method !== "GET" && method !== "HEAD") {
    return {
      code: "request.method",
      sentence: "Only GET and HEAD are answered: this proxy takes no uploads",
    };
  }
  return undefined;
}

function isOwnHost(value: string, { host, port }: ListenAddress): boolean {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::([0-9]{1,5}))?$/.exec(value.toLowerCase());
  const name = match?.[1];
  if (name === undefined || Number(match?.[2] ?? 80) !== port) return false;
  if (loopbackNames.has(name)) return true;
  if (name === host || name === `[${host}]`) return true;
  // Bound for others on purpose: by address only, because a name can be made to point anywhere.
  return (
    !isLoopback(host) && (name.startsWith("[") || /^[0-9]{1,3}(?:\.[0-9]{1,3}){3}$/.test(name))
  );
}
