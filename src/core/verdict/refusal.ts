/**
 * A refusal: what a person is told when something is not served. It has a code, a sentence and the evidence; it is
 * answered to the client, logged, and kept for `holdfast status` (design 9).
 */
import { TrustError, UnavailableError } from "#core/errors.ts";
import type { Evidence, TrustErrorCode, UnavailableErrorCode } from "#core/errors.ts";
import { formatInstant } from "#formats/bytes/instant.ts";
import { FormatError } from "#formats/format-error.ts";
import type { FormatErrorCode } from "#formats/format-error.ts";

export type RefusalCode = FormatErrorCode | TrustErrorCode | UnavailableErrorCode;

export type Refusal = {
  readonly code: RefusalCode;
  /** "unreachable": the index was not there. "wrong": it, or whoever answers for it, said what cannot be believed. */
  readonly kind: "unreachable" | "wrong";
  /** One sentence for people, without secrets. */
  readonly sentence: string;
  /** What was asked for: `index`, `page demo`, `file demo-1.0.tar.gz`. */
  readonly subject: string;
  readonly evidence: Evidence;
};

/** A refusal as it is kept: how often, and when. */
export type RefusalRecord = {
  readonly code: string;
  readonly sentence: string;
  readonly subject: string;
  readonly evidence: Readonly<Record<string, string | number | boolean>>;
  readonly firstAt: string;
  readonly lastAt: string;
  readonly count: number;
};

/** The record after one more of the same. */
export function countRefusal(
  refusal: Refusal,
  earlier: RefusalRecord | undefined,
  now: Date,
): RefusalRecord {
  const { code, sentence, subject } = refusal;
  const evidence: Record<string, string | number | boolean> = {};
  for (const [name, value] of Object.entries(refusal.evidence)) {
    evidence[name] = typeof value === "object" ? value.text : value;
  }
  const lastAt = formatInstant(now);
  const count = (earlier?.count ?? 0) + 1;
  return { code, sentence, subject, evidence, firstAt: earlier?.firstAt ?? lastAt, lastAt, count };
}

/** Keeps at most `verdictLimits.refusalsMax` records; the same code for the same subject is one record. */
export type RefusalStore = {
  readonly recordRefusal: (refusal: Refusal, at: Date) => Promise<void>;
  /** The latest first. */
  readonly readRefusals: () => Promise<readonly RefusalRecord[]>;
};

/** No connection, no first byte, or a server that says itself that it cannot answer. */
const unreachableCodes: ReadonlySet<string> = new Set<UnavailableErrorCode>([
  "network.connect",
  "network.silent",
  "network.status",
]);

/** The refusal that `error` means for `subject`; an error that no one foresaw is thrown on. */
export function refusalOf(error: unknown, subject: string, details: Evidence = {}): Refusal {
  if (error instanceof TrustError) {
    const evidence = { ...details, ...error.evidence };
    return { code: error.code, kind: "wrong", sentence: error.message, subject, evidence };
  }
  if (error instanceof FormatError) {
    const evidence = { ...details, ...(error.at !== "" && { at: error.at }) };
    return { code: error.code, kind: "wrong", sentence: error.message, subject, evidence };
  }
  if (error instanceof UnavailableError) {
    const kind = unreachableCodes.has(error.code) ? "unreachable" : "wrong";
    return { code: error.code, kind, sentence: error.message, subject, evidence: details };
  }
  throw error;
}
