/** A listed file as an answer: whole, a part of it, or its head; every byte from what verified. */
import { refusalOf } from "#core/verdict/refusal.ts";
import type { Refusal } from "#core/verdict/refusal.ts";
import { parseRange } from "./byte-range.ts";
import type { WantedRange } from "./byte-range.ts";
import type { ProxyRequest, ProxyResponse } from "./exchange.ts";
import type { ListedFile } from "./file-lookup.ts";
import { matchesEtag } from "./page-response.ts";
import type { FileBytes, ProjectFiles } from "./project-files.ts";
import { ownProblem } from "./refusal-response.ts";
import { verdictLimits } from "#core/verdict/limits.ts";

export type FileOutcome =
  | { readonly kind: "answer"; readonly response: ProxyResponse }
  | { readonly kind: "refused"; readonly refusal: Refusal };

const nothing: Uint8Array = new Uint8Array(0);

export async function fileResponse(
  files: ProjectFiles,
  file: ListedFile,
  request: ProxyRequest,
): Promise<FileOutcome> {
  const standing = files.standingRefusal(file);
  if (standing !== undefined) return { kind: "refused", refusal: standing };
  try {
    return { kind: "answer", response: await answerFile(files, file, request) };
  } catch (error) {
    // What was remembered says also until when.
    const refusal =
      files.standingRefusal(file) ??
      refusalOf(error, `file ${file.filename}`, { url: file.url.href });
    return { kind: "refused", refusal };
  }
}

async function answerFile(
  files: ProjectFiles,
  file: ListedFile,
  request: ProxyRequest,
): Promise<ProxyResponse> {
  const { headers: asked, method } = request;
  const etag = `"${file.sha256}"`;
  const head = {
    "content-type": "application/octet-stream",
    "cache-control": "max-age=31536000, immutable",
    etag,
  };
  if (matchesEtag(asked["if-none-match"], etag)) {
    return { status: 304, reason: "Not Modified", headers: head, body: nothing };
  }
  const { size } = file;
  const isLarge = size !== undefined && size > verdictLimits.wholeSizeMax;
  if (method === "HEAD" && size !== undefined) {
    // Of a large file parts can be had only once all of it has been verified, which may not have happened yet.
    const ranges = isLarge ? {} : { "accept-ranges": "bytes" };
    const headers = { ...head, ...ranges, "content-length": String(size) };
    return { status: 200, reason: "OK", headers, body: nothing };
  }
  const rangeHeaders = { range: asked["range"], ifRange: asked["if-range"] };
  if (isLarge) {
    const range = parseRange(rangeHeaders, size, etag);
    if (range.kind === "unsatisfiable") return unsatisfiable(size);
    const span = range.kind === "range" ? await files.openSpan(file, range) : undefined;
    if (span !== undefined && range.kind === "range") return partOf(head, range, size, span);
  }
  const opened = await files.openFile(file);
  if (opened.kind === "stream") return wholeOf(head, opened);
  const { bytes } = opened;
  const range = parseRange(rangeHeaders, bytes.length, etag);
  if (range.kind === "unsatisfiable") return unsatisfiable(bytes.length);
  const ranged = { ...head, "accept-ranges": "bytes" };
  if (range.kind === "whole") return wholeOf(ranged, opened);
  return partOf(ranged, range, bytes.length, bytes.subarray(range.start, range.end));
}

type Head = Readonly<Record<string, string>>;

function wholeOf(head: Head, opened: FileBytes): ProxyResponse {
  const size = opened.kind === "whole" ? opened.bytes.length : opened.size;
  const body = opened.kind === "whole" ? opened.bytes : opened.chunks;
  return { status: 200, reason: "OK", headers: { ...head, "content-length": String(size) }, body };
}

function partOf(
  head: Head,
  { start, end }: WantedRange & { readonly kind: "range" },
  size: number,
  body: Uint8Array,
): ProxyResponse {
  const headers = {
    ...head,
    "content-length": String(body.length),
    "content-range": `bytes ${start}-${end - 1}/${size}`,
  };
  return { status: 206, reason: "Partial Content", headers, body };
}

function unsatisfiable(size: number): ProxyResponse {
  const response = ownProblem("request.range", `The file has ${size} bytes`);
  return { ...response, headers: { ...response.headers, "content-range": `bytes */${size}` } };
}
