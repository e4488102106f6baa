/** Range requests (RFC 9110, 14): one range of bytes, or the whole. */

export type WantedRange =
  | { readonly kind: "whole" }
  /** `end` is the byte after the last. */
  | { readonly kind: "range"; readonly start: number; readonly end: number }
  | { readonly kind: "unsatisfiable" };

export type RangeHeaders = {
  readonly range: string | undefined;
  readonly ifRange: string | undefined;
};

const one = /^bytes=(?:([0-9]{1,15})-([0-9]{0,15})|-([0-9]{1,15}))$/;

/** Several ranges, other units and a foreign If-Range mean the whole, as the RFC allows. */
export function parseRange(headers: RangeHeaders, size: number, etag: string): WantedRange {
  const match = one.exec(headers.range ?? "");
  if (match === null) return { kind: "whole" };
  if (headers.ifRange !== undefined && headers.ifRange !== etag) return { kind: "whole" };
  const [, first, last, suffix] = match;
  if (first === undefined) {
    const length = Math.min(Number(suffix), size);
    return length === 0
      ? { kind: "unsatisfiable" }
      : { kind: "range", start: size - length, end: size };
  }
  const start = Number(first);
  const end = last === "" || last === undefined ? size : Math.min(Number(last) + 1, size);
  if (last !== "" && last !== undefined && Number(last) < start) return { kind: "whole" };
  return start >= size ? { kind: "unsatisfiable" } : { kind: "range", start, end };
}
