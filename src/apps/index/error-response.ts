/**
 * Refusals as HTTP: the one table from code to status, and one sentence said in the ways clients show it: the reason
 * phrase (twine, poetry, pdm, hatch, pip), a JSON body (uv), a plain one (flit, people).
 */
import { STATUS_CODES } from "node:http";
import {
  RefusedError,
  TrustError,
  UnavailableError,
  type RefusedErrorCode,
  type UnavailableErrorCode,
} from "#core/errors.ts";
import type { ChangeRefusedCode } from "#formats/door/change.ts";
import { FormatError } from "#formats/format-error.ts";
import type { ErrorForm } from "./accept.ts";

/** Codes of other programs and of this one's start; none is ever the answer to a request. */
type CodeOfElsewhere =
  | "index.unreachable"
  | "signer.fenced"
  | "signer.not-initialised"
  | `${"agent" | "ceremony" | "claim" | "command" | "data-folder" | "key" | "key-file" | "listen" | "metadata" | "network" | "program" | "proxy" | "ready-file" | "recovery"}.${string}`;

type IndexCode =
  | Exclude<RefusedErrorCode, CodeOfElsewhere>
  | Exclude<UnavailableErrorCode, CodeOfElsewhere>
  | ChangeRefusedCode;

const statusOfCode = {
  "account.exists": 409,
  "account.unknown": 404,
  "auth.forbidden": 403,
  "auth.invalid": 401,
  "auth.missing": 401,
  "auth.rate": 429,
  "change.id-reused": 500,
  "change.malformed": 400,
  "file.damaged": 500,
  "file.unknown": 404,
  "folder.unusable": 400,
  "index.busy": 503,
  "limit.files": 400,
  "page.missing": 503,
  "project.archived": 400,
  "project.name-taken": 400,
  "project.quarantined": 400,
  "project.unknown": 404,
  "request.invalid": 400,
  "request.method": 405,
  "request.not-found": 404,
  "request.range": 416,
  "request.timeout": 408,
  "request.too-large": 413,
  "signer.unreachable": 503,
  "storage.failed": 500,
  "storage.full": 507,
  "token.unknown": 404,
  "upload.digest-mismatch": 400,
  "upload.filename": 400,
  "upload.filename-deleted": 400,
  "upload.filename-reused": 400,
  "upload.form": 400,
  "upload.stored-bytes": 500,
  "upload.too-large": 413,
  "upload.unknown": 404,
} as const satisfies Record<IndexCode, number>;

const statuses: ReadonlyMap<string, number> = new Map(Object.entries(statusOfCode));

export type Refusal = {
  readonly status: number;
  readonly code: string;
  readonly message: string;
};

/** What an error means to the one who asked. An error that is none of ours is ours to mend: 500, without its text. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof FormatError) {
    return { status: 400, code: error.code, message: error.message };
  }
  if (error instanceof RefusedError || error instanceof UnavailableError) {
    const { code, message } = error;
    return { status: statuses.get(code) ?? 500, code, message };
  }
  if (error instanceof TrustError) {
    return { status: 500, code: error.code, message: error.message };
  }
  return { status: 500, code: "internal", message: "Something went wrong here. It was logged." };
}

/** HTTP/1.1's reason phrase: printable Latin-1 on one line. It ends with the code. */
export function reasonPhrase({ message, code }: Refusal): string {
  const text = message.slice(0, reasonLengthMax).replaceAll(/[^\x20-\x7e\xa1-\xff]/g, "?");
  return `${text} [${code}]`;
}

const reasonLengthMax = 500;

/** The body, and its exact `Content-Type`: uv looks for JSON without parameters. */
export function refusalBody(
  refusal: Refusal,
  form: Exclude<ErrorForm, "html">,
): { readonly contentType: string; readonly text: string } {
  const { status, code, message } = refusal;
  const title = STATUS_CODES[status] ?? "Error";
  if (form === "json") {
    const text = JSON.stringify({
      message,
      code: `${status} ${reasonPhrase(refusal)}`,
      title,
      error: code,
    });
    return { contentType: "application/json", text };
  }
  if (form === "problem") {
    const text = JSON.stringify({ type: "about:blank", title, status, detail: message, code });
    return { contentType: "application/problem+json", text };
  }
  return { contentType: "text/plain; charset=utf-8", text: `${message} [${code}]\n` };
}
