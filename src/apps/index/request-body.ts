/** Bodies of requests that are not uploads: small JSON, read within bounds and checked against what is expected. */
import type { IncomingMessage } from "node:http";
import * as v from "valibot";
import { RefusedError } from "#core/errors.ts";
import { parseUtf8 } from "#formats/bytes/utf8.ts";
import { indexLimits } from "./limits.ts";

/** RefusedError `request.too-large`, `request.timeout`, `request.invalid`. An empty body is an empty object. */
export async function readJsonBody(request: IncomingMessage): Promise<unknown> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), indexLimits.bodyMs);
  const chunks: Uint8Array[] = [];
  let size = 0;
  late.signal.addEventListener("abort", () => request.destroy(tooSlow()));
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      if (!(chunk instanceof Uint8Array)) continue;
      size += chunk.byteLength;
      if (size > indexLimits.bodySizeMax) {
        throw new RefusedError("request.too-large", "This request is too large.");
      }
      chunks.push(chunk);
    }
  } finally {
    clearTimeout(timer);
  }
  if (size === 0) return {};
  try {
    return JSON.parse(parseUtf8(Buffer.concat(chunks)));
  } catch {
    throw new RefusedError("request.invalid", "This request's body is not JSON.");
  }
}

/** RefusedError `request.invalid` with the place and what was expected there. */
export function readBody<S extends v.GenericSchema>(schema: S, input: unknown): v.InferOutput<S> {
  const result = v.safeParse(schema, input);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const at = v.getDotPath(issue) ?? "body";
  throw new RefusedError("request.invalid", `Cannot read this request: ${at}: ${issue.message}`);
}

function tooSlow(): RefusedError {
  return new RefusedError("request.timeout", "This request stopped arriving.");
}
