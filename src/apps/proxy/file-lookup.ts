/**
 * Which file a request is about: the one on a verified page (core/verdict/file-decision.ts), with the address it is
 * fetched from. Nothing is read here.
 */
import { TrustError } from "#core/errors.ts";
import type { Clock } from "#core/ports.ts";
import { decideFile } from "#core/verdict/file-decision.ts";
import type { FileDecision, FileWish } from "#core/verdict/file-decision.ts";
import { refusalOf } from "#core/verdict/refusal.ts";
import type { Refusal } from "#core/verdict/refusal.ts";
import { addressOf } from "./index-fetch.ts";
import type { Ground, IndexView } from "./index-view.ts";
import type { ProjectPages } from "./project-pages.ts";

/** A file that may be answered: what it must be, and where it lies. */
export type ListedFile = {
  readonly ground: Ground;
  readonly filename: string;
  readonly sha256: string;
  /** undefined for a `.metadata`, whose size no page says. */
  readonly size: number | undefined;
  readonly url: URL;
};

export type FileAnswer =
  | { readonly kind: "listed"; readonly file: ListedFile }
  | { readonly kind: "refused"; readonly refusal: Refusal }
  /** Verified pages prove that there is no such file. */
  | { readonly kind: "not-listed"; readonly refusal: Refusal };

export type FileLookupPorts = {
  readonly clock: Clock;
  readonly indexView: IndexView;
  readonly pages: ProjectPages;
  /** The folder of `files/`. */
  readonly base: URL;
};

/**
 * `metadata`: the `.metadata` beside it is what is asked for. `anew`: the view is refreshed before a file is called not
 * listed.
 */
export async function findFile(
  ports: FileLookupPorts,
  wish: FileWish,
  metadata: boolean,
  anew: boolean,
): Promise<FileAnswer> {
  const subject = `file ${wish.filename}${metadata ? ".metadata" : ""}`;
  const mark = ports.indexView.mark();
  const stand = await ports.indexView.stand();
  if (stand.kind === "refused") return stand;
  let { ground } = stand;
  const decide = (): FileDecision =>
    decideFile(wish, ports.pages.servedPages(wish.project), ground.state.denials, ports.clock());
  let decision = decide();
  // Not on a page that was served lately: a lock file, or a proxy that was started anew.
  for (const after of anew ? [undefined, mark] : [undefined]) {
    if (decision.kind !== "not-listed") break;
    const answer = await (anew
      ? ports.pages.findPage(wish.project, after)
      : ports.pages.peekPage(wish.project));
    if (answer.kind === "refused") return answer;
    ({ ground } = answer);
    if (answer.kind === "found") ports.pages.noteServed(answer.page);
    decision = decide();
  }
  if (decision.kind !== "serve") {
    const kind = decision.kind === "denied" ? "refused" : "not-listed";
    return { kind, refusal: refusalOf(decision.error, subject) };
  }
  const { file, elsewhere } = decision.file;
  const name = `${wish.filename}${metadata ? ".metadata" : ""}`;
  const sha256 = metadata ? file.coreMetadata : file.sha256;
  if (sha256 === undefined) {
    const sentence = `The verified page of ${wish.project} lists no metadata for ${wish.filename}`;
    const error = new TrustError("file.not-listed", sentence, { ...wish });
    return { kind: "not-listed", refusal: refusalOf(error, subject) };
  }
  const url =
    elsewhere === undefined
      ? addressOf(ports.base, wish.project, wish.sha256, name)
      : new URL(metadata ? `${elsewhere}.metadata` : elsewhere);
  const size = metadata ? undefined : file.size;
  return { kind: "listed", file: { ground, filename: name, sha256, size, url } };
}
