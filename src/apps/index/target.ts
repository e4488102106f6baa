/**
 * A request's target, read strictly: origin form only, each segment decoded once, and nothing left in it that some
 * other program could take for a separator, a parent folder or an end.
 */
import { RefusedError } from "#core/errors.ts";
import { indexLimits } from "./limits.ts";

export type Target = {
  /** As sent, without prefix and query. */
  readonly path: string;
  /** Decoded. `/simple/a/` is `["simple", "a", ""]`; `/` is `[""]`. */
  readonly segments: readonly string[];
  readonly query: URLSearchParams;
};

/** What may stand in a decoded segment. */
// oxlint-disable-next-line no-control-regex
const forbidden = /[\u0000-\u001f\u007f/\\]/;

/** Throws RefusedError `request.invalid`. `prefix` is the public address's path, `/` or `/a/b/`. */
export function parseTarget(text: string, prefix: string): Target {
  if (text.length > indexLimits.targetLengthMax) throw invalid("it is too long");
  if (!text.startsWith("/")) throw invalid("expected a path");
  const mark = text.indexOf("?");
  const path = stripPrefix(mark === -1 ? text : text.slice(0, mark), prefix);
  const query = new URLSearchParams(mark === -1 ? "" : text.slice(mark + 1));
  return { path, segments: path.slice(1).split("/").map(decodeSegment), query };
}

/**
 * A reverse proxy may pass the prefix on or take it away. Where both could be meant (a project called like a route) the
 * path without a prefix wins.
 */
export function stripPrefix(path: string, prefix: string): string {
  if (prefix === "/" || !path.startsWith(prefix)) return path;
  const first = path.slice(prefix.length).split("/", 1)[0] ?? "";
  return first === "" || firstSegments.has(first) ? path.slice(prefix.length - 1) : path;
}

const firstSegments: ReadonlySet<string> = new Set([
  ".well-known",
  "api",
  "files",
  "healthz",
  "legacy",
  "metrics",
  "project",
  "projects",
  "pypi",
  "simple",
  "static",
  "targets",
  "trust",
  "tuf",
  "uploads",
]);

function decodeSegment(segment: string): string {
  let text: string;
  try {
    text = decodeURIComponent(segment);
  } catch {
    throw invalid("its percent-encoding is broken");
  }
  if (forbidden.test(text)) throw invalid("it holds a control character, or an encoded slash");
  if (text === "." || text === "..") throw invalid("it climbs");
  return text;
}

function invalid(reason: string): RefusedError {
  return new RefusedError("request.invalid", `Cannot read this request's address: ${reason}`);
}
