/** A verified page as an answer: JSON 1.4 or the frozen HTML, made once for each page and kept as bytes. */
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import { formatPage, renderPageHtml } from "#formats/python/simple-page.ts";
import { acceptsGzip, choosePageType, jsonType } from "./content-type.ts";
import type { PageType } from "./content-type.ts";
import type { ProxyRequest, ProxyResponse } from "./exchange.ts";
import type { OfferedPage } from "#core/verdict/offered-page.ts";

/** A page and its forms as bytes, so that a request that has been answered before costs a look-up. */
export type RenderedPage = {
  readonly offered: Pick<OfferedPage, "page" | "tag">;
  /** Answer bodies by name, filled in by who makes them. */
  readonly bodies: Map<string, Promise<Uint8Array>>;
};

/** Smaller bodies are not worth it. */
const gzipSizeMin = 1_024;

/** `compress`: on loopback, packing and unpacking costs more than the bytes. */
export async function pageResponse(
  page: RenderedPage,
  request: ProxyRequest,
  compress: boolean,
): Promise<ProxyResponse> {
  const type = choosePageType(request.headers["accept"]);
  const form = type === jsonType ? "json" : "html";
  const etag = `"${page.offered.tag}-${form}"`;
  const headers = {
    // The proxy knows at once what is new, so clients ask it each time; an answer of 304 costs nothing.
    "cache-control": "no-cache",
    vary: "accept, accept-encoding",
    etag,
  };
  if (matchesEtag(request.headers["if-none-match"], etag)) {
    return { status: 304, reason: "Not Modified", headers, body: new Uint8Array(0) };
  }
  const plain = await bodyOf(page, form, async () => renderPage(page, type));
  const typed = {
    ...headers,
    "content-type": type,
    ...(form === "html" && { "content-security-policy": "default-src 'none'" }),
  };
  if (!compress || plain.length < gzipSizeMin || !acceptsGzip(request.headers["accept-encoding"])) {
    return { status: 200, reason: "OK", headers: typed, body: plain };
  }
  const body = await bodyOf(page, `${form}.gz`, () => promisify(gzip)(plain));
  return { status: 200, reason: "OK", headers: { ...typed, "content-encoding": "gzip" }, body };
}

export function matchesEtag(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(",").some((part) => part.trim().replace(/^W\//, "") === etag);
}

function renderPage({ offered }: RenderedPage, type: PageType): Uint8Array {
  return type === jsonType ? formatPage(offered.page) : formatUtf8(renderPageHtml(offered.page));
}

function bodyOf(
  { bodies }: RenderedPage,
  name: string,
  make: () => Promise<Uint8Array>,
): Promise<Uint8Array> {
  const kept = bodies.get(name);
  if (kept !== undefined) return kept;
  const made = make();
  bodies.set(name, made);
  return made;
}
