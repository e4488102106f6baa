/** What a proxy offers, whichever index or indexes stand behind it: the request handler knows no more of them. */
import type { FileWish } from "#core/verdict/file-decision.ts";
import type { Refusal } from "#core/verdict/refusal.ts";
import { formatInstant } from "#formats/bytes/instant.ts";
import type { DenyList } from "#formats/deny/deny-list.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import type { Page } from "#formats/python/simple-page.ts";
import type { ProxyRequest, ProxyResponse } from "./exchange.ts";
import { fileResponse } from "./file-response.ts";
import type { IndexSource } from "./index-source.ts";
import type { Ground } from "./index-view.ts";
import type { RenderedPage } from "./page-response.ts";
import type { KeptPage, PageAnswer } from "./project-pages.ts";

export type PageOutcome =
  | { readonly kind: "page"; readonly page: RenderedPage; readonly ground: string }
  /** Proven: whoever may have the project has not. */
  | { readonly kind: "absent"; readonly sentence: string; readonly ground: string }
  | { readonly kind: "refused"; readonly refusal: Refusal; readonly ground?: string };

export type FileOutcome =
  | { readonly kind: "answer"; readonly response: ProxyResponse; readonly ground: string }
  | { readonly kind: "refused"; readonly refusal: Refusal }
  | { readonly kind: "not-listed"; readonly refusal: Refusal };

/** A project's page as it counts for a file on a disk; undefined where the project is proven absent. */
export type Judgement =
  | { readonly kind: "judged"; readonly page: Page | undefined; readonly denials: DenyList }
  | { readonly kind: "refused"; readonly refusal: Refusal };

export type WantedFile = FileWish & { readonly metadata: boolean };

/** Keeps and tells refusals itself, and remembers which pages were given out. */
export type Offering = {
  /** For people: what stands behind it. */
  readonly title: string;
  readonly answerPage: (project: ProjectName) => Promise<PageOutcome>;
  readonly answerFile: (wanted: WantedFile, request: ProxyRequest) => Promise<FileOutcome>;
  readonly judge: (project: ProjectName) => Promise<Judgement>;
  /** Refreshes what is due; who does not stand, and why. */
  readonly stand: () => Promise<readonly Refusal[]>;
  readonly report: () => object;
};

/** A page answer that nobody's silence decides. */
export type ProvenPage =
  | { readonly kind: "found"; readonly page: KeptPage; readonly ground: Ground }
  | { readonly kind: "absent"; readonly ground: Ground }
  | { readonly kind: "refused"; readonly refusal: Refusal; readonly ground?: Ground };

/** The newest view that was to be had may be an older one: silence must not make a new project seem not to exist. */
export function provenPage(project: ProjectName, answer: PageAnswer): ProvenPage {
  if (answer.kind !== "absent" || answer.ground.offline === undefined) return answer;
  const { ground } = answer;
  const { refusal: why } = answer.ground.offline;
  const sentence = `Cannot say whether there is a project ${project} by now: ${why.sentence}`;
  return { kind: "refused", refusal: { ...why, sentence, subject: `page ${project}` }, ground };
}

/** One index, and nobody else. */
export function offerIndex(source: IndexSource, title: string): Offering {
  const { files, findFile, pages, refuse } = source;
  return {
    title,
    report: source.report,
    stand: async () => {
      const stand = await source.indexView.stand();
      return stand.kind === "refused" ? [stand.refusal] : [];
    },
    judge: async (project) => {
      const answer = await pages.findPage(project);
      if (answer.kind === "refused") return answer;
      const page = answer.kind === "found" ? answer.page.verified.page : undefined;
      return { kind: "judged", page, denials: answer.ground.state.denials };
    },
    answerPage: async (project) => {
      const answer = provenPage(project, await pages.findPage(project));
      const ground = answer.ground === undefined ? {} : { ground: groundWords(answer.ground) };
      switch (answer.kind) {
        case "refused":
          refuse(answer.refusal);
          return { kind: "refused", refusal: answer.refusal, ...ground };
        case "absent": {
          const sentence = `The index has no project ${project}, which its signatures prove`;
          return { kind: "absent", sentence, ground: groundWords(answer.ground) };
        }
        case "found":
          pages.noteServed(answer.page);
          return { kind: "page", page: answer.page, ground: groundWords(answer.ground) };
      }
    },
    answerFile: async (wanted, request) => {
      const answer = await findFile(wanted, wanted.metadata);
      if (answer.kind !== "listed") {
        refuse(answer.refusal);
        return answer;
      }
      const outcome = await fileResponse(files, answer.file, request);
      if (outcome.kind === "refused") refuse(outcome.refusal);
      return outcome.kind === "refused"
        ? outcome
        : { ...outcome, ground: groundWords(answer.file.ground) };
    },
  };
}

/** On which state an answer stands, for its header. */
export function groundWords({ offline, state }: Ground): string {
  const { snapshot, timestamp } = state.view;
  const versions = `timestamp ${timestamp.value.version}, snapshot ${snapshot.value.version}`;
  return offline === undefined
    ? `verified; ${versions}`
    : `offline since ${formatInstant(offline.since)}${offline.prolonged ? ", expired" : ""}; ${versions}`;
}
