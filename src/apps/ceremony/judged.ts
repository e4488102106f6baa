/** A ceremony file with all that is wrong with it, and all that it lacks. */
import type { CeremonyFile } from "#formats/ceremony/ceremony-file.ts";
import { RefusedError } from "#core/errors.ts";
import { checkProposal } from "#core/ceremony/check-proposal.ts";
import { describeChanges } from "#core/ceremony/describe-changes.ts";
import type { CeremonyDescription } from "#core/ceremony/describe-changes.ts";
import { openCeremony } from "#core/ceremony/open-ceremony.ts";
import type { Ceremony } from "#core/ceremony/open-ceremony.ts";
import type { CeremonyRefusal } from "#core/ceremony/refusal.ts";
import { missingSignatures } from "#core/ceremony/signatures.ts";
import type { SignatureDemand } from "#core/ceremony/signatures.ts";

export type JudgedCeremony = {
  readonly ceremony: Ceremony;
  readonly description: CeremonyDescription;
  readonly refusals: readonly CeremonyRefusal[];
  readonly missing: readonly SignatureDemand[];
};

export function judgeCeremony(file: CeremonyFile, now: Date): JudgedCeremony {
  const ceremony = openCeremony(file);
  return {
    ceremony,
    description: describeChanges(ceremony),
    refusals: checkProposal(file, now),
    missing: missingSignatures(ceremony),
  };
}

export function refusalLines(refusals: readonly CeremonyRefusal[]): readonly string[] {
  return refusals.map(({ code, message }) => `  ${code}: ${message}`);
}

/** Throws RefusedError with the first code and every sentence. `doing` completes "Cannot …". */
export function checkNotRefused(refusals: readonly CeremonyRefusal[], doing: string): void {
  const [first] = refusals;
  if (first === undefined) return;
  // Of one alone the code stands at the end of what is printed.
  const isAlone = refusals.length === 1;
  const sentences = refusals.map(({ code, message }) =>
    isAlone ? message : `${message} [${code}]`,
  );
  throw new RefusedError(first.code, `Cannot ${doing}: ${sentences.join("; ")}`);
}

/** Throws RefusedError `ceremony.incomplete` where nothing is proposed. */
export function checkProposed({ next }: CeremonyFile, doing: string): void {
  if (Object.keys(next).length > 0) return;
  throw new RefusedError(
    "ceremony.incomplete",
    `Cannot ${doing}: nothing is proposed in this file; \`holdfast ceremony propose\` does that`,
  );
}
