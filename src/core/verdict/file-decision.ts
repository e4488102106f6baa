/**
 * Whether a file may be answered (design 9): it is on the project's verified page, or was on one served a short while
 * ago (a client that resolved a minute ago must be able to finish), and is not denied now.
 */
import { TrustError } from "#core/errors.ts";
import type { Denial, DenyList } from "#formats/deny/deny-list.ts";
import { verdictLimits } from "./limits.ts";
import { deniedError, fileKey, projectDenial } from "./offered-page.ts";
import type { OfferedFile, OfferedPage } from "./offered-page.ts";
import type { ProjectName } from "#formats/python/project-name.ts";

export type FileWish = {
  readonly project: ProjectName;
  readonly sha256: string;
  readonly filename: string;
};

/** A page that was answered to a client. */
export type ServedPage = { readonly offered: OfferedPage; readonly servedAt: Date };

export type FileDecision =
  | { readonly kind: "serve"; readonly file: OfferedFile }
  | { readonly kind: "denied"; readonly error: TrustError }
  | { readonly kind: "not-listed"; readonly error: TrustError };

/** From pages that were served lately; "not-listed" only says that these do not tell. */
export function decideFile(
  wish: FileWish,
  served: readonly ServedPage[],
  denials: DenyList,
  now: Date,
): FileDecision {
  const key = fileKey(wish.sha256, wish.filename);
  const denial = projectDenial(wish.project, denials) ?? fileDenial(wish, denials);
  if (denial !== undefined) return { kind: "denied", error: deniedError(wish.filename, denial) };
  for (const { offered, servedAt } of served) {
    const ageMs = now.getTime() - servedAt.getTime();
    if (ageMs > verdictLimits.servedMs) continue;
    const file = offered.files.get(key);
    if (file !== undefined) return { kind: "serve", file };
  }
  const sentence = `${wish.filename} with sha256 ${wish.sha256} is not on the verified page of ${wish.project}`;
  return { kind: "not-listed", error: new TrustError("file.not-listed", sentence, { ...wish }) };
}

function fileDenial({ project, filename }: FileWish, denials: DenyList): Denial | undefined {
  return denials.find((denial) => denial.project === project && denial.filename === filename);
}
