/**
 * Refusals as clients show them (README.md has the table): a code and a sentence in the reason phrase and in a problem
 * document (RFC 9457). Nothing that was not verified is ever "not found": a client would look elsewhere.
 *
 * pip shows nothing of a project page's error but the content type of an answer it cannot read, so that is where it
 * finds the reason. Everybody else gets 451 for what cannot be believed (it is final: 5xx is tried again, 401 and 403
 * are taken for "not here" by some) and 503 when nobody is there.
 */
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import type { Refusal, RefusalCode } from "#core/verdict/refusal.ts";
import type { ProxyResponse } from "./exchange.ts";
import type { GuardCode } from "./request-guard.ts";

export type OwnCode =
  | GuardCode
  | "project.unknown"
  | "request.path"
  | "request.range"
  | "server.failed";

/** What the proxy itself answers, not the index. */
const ownStatus = {
  "project.unknown": 404,
  "request.cross-site": 403,
  "request.host": 421,
  "request.method": 405,
  "request.path": 404,
  "request.range": 416,
  "server.failed": 500,
} as const satisfies Record<OwnCode, number>;

export type Problem = {
  readonly code: OwnCode | RefusalCode;
  readonly sentence: string;
  readonly subject?: string;
};

const reasonLengthMax = 400;

/** A problem of the request or the proxy. */
export function ownProblem(code: OwnCode, sentence: string): ProxyResponse {
  return problemResponse(ownStatus[code], { code, sentence });
}

/** A project page that is not served. */
export function pageRefusal(refusal: Refusal, agent: string | undefined): ProxyResponse {
  if (agent?.startsWith("pip/") === true) {
    const { body, headers } = problemResponse(200, refusal);
    const title = reasonText(refusal).replaceAll(/["\\]/g, "'");
    const type = `application/problem+json; title="${title}"`;
    return { status: 200, reason: "OK", headers: { ...headers, "content-type": type }, body };
  }
  return problemResponse(refusal.kind === "unreachable" ? 503 : 451, refusal);
}

/** A file or `.metadata` that is not served. */
export function fileRefusal(refusal: Refusal): ProxyResponse {
  return problemResponse(refusal.kind === "unreachable" ? 503 : 403, refusal);
}

/** A file that no verified page lists: this is known, so it may be said. */
export function fileNotListed(refusal: Refusal): ProxyResponse {
  return problemResponse(404, refusal);
}

function problemResponse(status: number, problem: Problem): ProxyResponse {
  const { code, sentence, subject } = problem;
  const title = `Holdfast refuses: ${code}`;
  const document = { type: "about:blank", title, status, detail: sentence, code, subject };
  return {
    status,
    reason: reasonText(problem),
    headers: { "content-type": "application/problem+json", "cache-control": "no-store" },
    body: formatUtf8(JSON.stringify(document)),
  };
}

/** For a status line: printable ASCII, bounded. */
function reasonText({ code, sentence }: Problem): string {
  return `${code}: ${sentence}`.replaceAll(/[^\x20-\x7e]/g, "?").slice(0, reasonLengthMax);
}
