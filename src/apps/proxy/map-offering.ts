/**
 * Several indexes behind one address (core/verdict/index-map.ts decides, this asks): each project comes from the indexes
 * that the map names for it, and a file only from the ones on whose verified pages it is.
 */
import { TrustError } from "#core/errors.ts";
import type { Clock } from "#core/ports.ts";
import { agreePages, agreementTag } from "#core/verdict/agreed-page.ts";
import type { IndexPage } from "#core/verdict/agreed-page.ts";
import { decideStep, refusalAfter, stepsFor } from "#core/verdict/index-map.ts";
import type { Step } from "#core/verdict/index-map.ts";
import { verdictLimits } from "#core/verdict/limits.ts";
import { refusalOf } from "#core/verdict/refusal.ts";
import type { Refusal, RefusalStore } from "#core/verdict/refusal.ts";
import type { Mapping } from "#formats/config/proxy-config.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import type { Page } from "#formats/python/simple-page.ts";
import type { ProxyRequest } from "./exchange.ts";
import type { FileAnswer, ListedFile } from "./file-lookup.ts";
import { fileResponse } from "./file-response.ts";
import { createRefuser } from "./index-source.ts";
import type { IndexSource, SourceEvent } from "./index-source.ts";
import type { Ground } from "./index-view.ts";
import { findOneVoice } from "./kept-roots.ts";
import type { Answered } from "./kept-roots.ts";
import { groundWords, provenPage } from "./offering.ts";
import type {
  FileOutcome,
  Judgement,
  Offering,
  PageOutcome,
  ProvenPage,
  WantedFile,
} from "./offering.ts";
import type { RenderedPage } from "./page-response.ts";
import { createRecentMap } from "./recent-map.ts";

/** Throws what keeps an index from being opened yet: no anchor, or nobody there. */
export type OpenSource = () => Promise<IndexSource>;

export type MapPorts = {
  readonly clock: Clock;
  /** Of the map itself; each index keeps its own. */
  readonly refusals: RefusalStore;
  readonly onEvent: (event: SourceEvent) => void;
  /** So many files of a project are listed by too few. */
  readonly onHeldBack: (project: string, files: number) => void;
};

export type MapOfferingConfig = {
  readonly name: string;
  readonly mappings: readonly Mapping[];
  readonly sources: ReadonlyMap<string, OpenSource>;
};

/** What one index says of a project. */
type IndexAnswer = ProvenPage & { readonly index: string; readonly source?: IndexSource };
type FoundAnswer = Extract<ProvenPage, { kind: "found" }> & {
  readonly index: string;
  readonly source: IndexSource;
};

type Decision =
  /** One index decides alone: its page is the project's. */
  | { readonly kind: "one"; readonly found: FoundAnswer }
  | {
      readonly kind: "agreed";
      readonly step: Step;
      readonly found: readonly FoundAnswer[];
      readonly merged: MergedPage;
    }
  | { readonly kind: "absent"; readonly asked: readonly IndexAnswer[] }
  | { readonly kind: "refused"; readonly refusal: Refusal };

type MergedPage = RenderedPage & { readonly heldBack: number };
type Listed = { readonly index: string; readonly source: IndexSource; readonly file: ListedFile };

/** Files of merged pages that are kept, at some 1 KiB each. */
const mergedFilesMax = 50_000;
const mergedOverhead = 10;

export class MapOffering implements Offering {
  readonly title: string;
  readonly #config: MapOfferingConfig;
  readonly #ports: MapPorts;
  readonly #refuse: (refusal: Refusal) => void;
  /** By project. */
  readonly #merged = createRecentMap<MergedPage>(mergedFilesMax);
  readonly #opened = new Map<string, IndexSource>();

  constructor(ports: MapPorts, config: MapOfferingConfig) {
    this.#ports = ports;
    this.#config = config;
    this.#refuse = createRefuser(ports);
    this.title = `the map ${config.name} (${[...config.sources.keys()].join(", ")})`;
  }

  async answerPage(project: ProjectName): Promise<PageOutcome> {
    const decision = await this.#decide(project);
    switch (decision.kind) {
      case "refused":
        return decision;
      case "absent": {
        const names = decision.asked.map(({ index }) => index).join(", ");
        const sentence = `There is no project ${project}, which the signatures of ${names} prove`;
        return { kind: "absent", sentence, ground: wordsOf(decision.asked) };
      }
      case "one": {
        const { page, source } = decision.found;
        source.pages.noteServed(page);
        return { kind: "page", page, ground: wordsOf([decision.found]) };
      }
      case "agreed": {
        const { found, merged, step } = decision;
        for (const { page, source } of found) source.pages.noteServed(page);
        const held = merged.heldBack === 0 ? "" : `, ${merged.heldBack} files held back`;
        const ground = `${wordsOf(found)} | agreed by ${step.agree}${held}`;
        return { kind: "page", page: merged, ground };
      }
    }
  }

  async answerFile(wanted: WantedFile, request: ProxyRequest): Promise<FileOutcome> {
    const decision = await this.#decide(wanted.project);
    switch (decision.kind) {
      case "refused":
        return { kind: "refused", refusal: decision.refusal };
      case "absent":
        return this.#notListed(wanted, "no index of its map has the project");
      case "one": {
        const { index, source } = decision.found;
        const answer = await source.findFile(wanted, wanted.metadata);
        if (answer.kind === "listed") {
          return await this.#fetchFile([{ index, source, file: answer.file }], request);
        }
        source.refuse(answer.refusal);
        return { kind: answer.kind, refusal: namedFor(index, answer.refusal) };
      }
      case "agreed":
        return await this.#answerAgreedFile(wanted, request, decision);
    }
  }

  async judge(project: ProjectName): Promise<Judgement> {
    const decision = await this.#decide(project);
    switch (decision.kind) {
      case "refused":
        return decision;
      case "absent":
        return { kind: "judged", page: undefined, denials: [] };
      case "one": {
        const { ground, page } = decision.found;
        return { kind: "judged", page: page.verified.page, denials: ground.state.denials };
      }
      case "agreed":
        return { kind: "judged", page: decision.merged.offered.page, denials: [] };
    }
  }

  async stand(): Promise<readonly Refusal[]> {
    const answered: Answered[] = [];
    const refusals = await Promise.all(
      [...this.#config.sources.keys()].map(async (index) => {
        const source = await this.#open(index);
        if ("code" in source) return namedFor(index, source);
        const stand = await source.indexView.stand();
        if (stand.kind === "refused") return namedFor(index, stand.refusal);
        answered.push({ index, source, ground: stand.ground });
        return undefined;
      }),
    );
    const oneVoice = await findOneVoice(answered, "index");
    return [...refusals, oneVoice].filter((refusal) => refusal !== undefined);
  }

  report(): object {
    const indexes: Record<string, object> = {};
    for (const index of this.#config.sources.keys()) {
      const source = this.#opened.get(index);
      if (source !== undefined) indexes[index] = source.report();
    }
    return { map: this.#config.name, indexes };
  }

  /**
   * First from views as they stand, absence from ones a few seconds old at most; only before anybody is told that there is
   * no such project are all asked anew. Otherwise every project of a second index would cost a refresh of the first.
   */
  async #decide(project: ProjectName): Promise<Decision> {
    const decision = await this.#walk(project, false);
    const isFinal = decision.kind !== "absent" && !isShort(decision);
    const final = isFinal ? decision : await this.#walk(project, true);
    if (final.kind === "refused" && final.refusal.code.startsWith("map.")) {
      this.#refuse(final.refusal);
    }
    return final;
  }

  async #walk(project: ProjectName, anew: boolean): Promise<Decision> {
    const steps = stepsFor(this.#config.mappings, project);
    const passedBy: (readonly string[])[] = [];
    const asked: IndexAnswer[] = [];
    for (const step of steps) {
      const answers = await Promise.all(
        step.indexes.map((index) => this.#ask(index, project, anew)),
      );
      asked.push(...answers);
      const oneVoice = await findOneVoice(asked, `page ${project}`);
      if (oneVoice !== undefined) return { kind: "refused", refusal: oneVoice };
      const decision = decideStep(step, answers);
      if (decision.kind === "taken") return this.#take(project, step, answers);
      if (decision.kind === "refused") return this.#refusedBy(decision.index, answers);
      passedBy.push(decision.by);
    }
    const refusal = refusalAfter(project, steps, passedBy);
    return refusal === undefined ? { kind: "absent", asked } : { kind: "refused", refusal };
  }

  #refusedBy(index: string, answers: readonly IndexAnswer[]): Decision {
    const answer = answers.find((one) => one.index === index);
    if (answer?.kind !== "refused") throw new Error(`Invariant broken: ${index} did not refuse`);
    answer.source?.refuse(answer.refusal);
    return { kind: "refused", refusal: namedFor(index, answer.refusal) };
  }

  #take(project: ProjectName, step: Step, answers: readonly IndexAnswer[]): Decision {
    // Enough have it without these; that one of them lies is for people to know.
    for (const answer of answers) {
      const isNews = answer.kind === "refused" && answer.refusal.subject !== "index";
      if (isNews && answer.refusal.kind === "wrong") answer.source?.refuse(answer.refusal);
    }
    const found = answers.filter(isFound);
    const [first] = found;
    if (step.agree === 1 && first !== undefined) return { kind: "one", found: first };
    try {
      return { kind: "agreed", step, found, merged: this.#merge(project, step, found) };
    } catch (error) {
      return { kind: "refused", refusal: refusalOf(error, `page ${project}`) };
    }
  }

  #merge(project: ProjectName, { agree }: Step, found: readonly FoundAnswer[]): MergedPage {
    const pages = found.map(({ index, page }): IndexPage => ({ index, offered: page.offered }));
    const tag = agreementTag(pages, agree);
    const kept = this.#merged.get(project);
    if (kept?.offered.tag === tag) return kept;
    const { heldBack, outvoted, page } = agreePages(project, pages, agree);
    for (const { error, filename } of outvoted) this.#refuse(refusalOf(error, `file ${filename}`));
    if (heldBack > 0) this.#ports.onHeldBack(project, heldBack);
    const merged = { offered: { tag, page }, bodies: new Map(), heldBack };
    this.#merged.set(project, merged, page.files.length + mergedOverhead);
    return merged;
  }

  async #ask(index: string, project: ProjectName, anew: boolean): Promise<IndexAnswer> {
    const source = await this.#open(index);
    if ("code" in source) return { index, kind: "refused", refusal: source };
    const { pages } = source;
    const peeked = anew ? undefined : await pages.peekPage(project);
    const isTold = peeked?.kind !== "absent" || this.#isFresh(source, peeked.ground);
    const answer = peeked !== undefined && isTold ? peeked : await pages.findPage(project);
    return { index, source, ...provenPage(project, answer) };
  }

  /**
   * However seldom views are refreshed: what leads on to another index is proven by a young one. The view may have been
   * refreshed while the answer from the state before was on its way.
   */
  #isFresh({ indexView }: IndexSource, { state }: Ground): boolean {
    const view = indexView.current();
    if (view.kind !== "verified" || view.state !== state) return false;
    const ageMs = this.#ports.clock().getTime() - view.refreshedAt.getTime();
    return ageMs >= 0 && ageMs <= verdictLimits.refreshMs;
  }

  async #open(index: string): Promise<IndexSource | Refusal> {
    const open = this.#config.sources.get(index);
    if (open === undefined) throw new Error(`Invariant broken: no index ${index} in the map`);
    try {
      const source = await open();
      this.#opened.set(index, source);
      return source;
    } catch (error) {
      return refusalOf(error, "index");
    }
  }

  /** So many must list it now, or on a page that was served a short while ago, and not deny it. */
  async #answerAgreedFile(
    wanted: WantedFile,
    request: ProxyRequest,
    { found, merged, step }: Decision & { kind: "agreed" },
  ): Promise<FileOutcome> {
    if (isShut(merged.offered.page)) return this.#notListed(wanted, "it is quarantined");
    for (const anew of [false, true]) {
      const answers = await Promise.all(
        found.map(async ({ index, source }) => {
          const answer = anew
            ? await source.findFile(wanted, wanted.metadata)
            : await source.peekFile(wanted, wanted.metadata);
          return { index, source, answer };
        }),
      );
      const listed = agreedListing(answers, step.agree);
      if (listed !== undefined) return await this.#fetchFile(listed, request);
      const silent = answers.find(({ answer }) => answer.kind === "refused");
      const others = answers.filter(({ answer }) => answer.kind !== "not-listed").length;
      if (anew && silent?.answer.kind === "refused" && others >= step.agree) {
        silent.source.refuse(silent.answer.refusal);
        return { kind: "refused", refusal: namedFor(silent.index, silent.answer.refusal) };
      }
    }
    return this.#notListed(wanted, `fewer than ${step.agree} of its indexes list it`);
  }

  /** Whoever lists it may give the bytes: they are the same, or refused. */
  async #fetchFile(listed: readonly Listed[], request: ProxyRequest): Promise<FileOutcome> {
    let first: Refusal | undefined;
    for (const { file, index, source } of listed) {
      const outcome = await fileResponse(source.files, file, request);
      if (outcome.kind === "answer") {
        return { ...outcome, ground: `${index}: ${groundWords(file.ground)}` };
      }
      source.refuse(outcome.refusal);
      first ??= namedFor(index, outcome.refusal);
    }
    if (first === undefined) throw new Error("Invariant broken: a file that nobody lists");
    return { kind: "refused", refusal: first };
  }

  #notListed({ filename, metadata, project, sha256 }: WantedFile, why: string): FileOutcome {
    const name = `${filename}${metadata ? ".metadata" : ""}`;
    const sentence = `${name} with sha256 ${sha256} is not offered for ${project}: ${why}`;
    const error = new TrustError("file.not-listed", sentence, { project, filename, sha256 });
    const refusal = refusalOf(error, `file ${name}`);
    this.#refuse(refusal);
    return { kind: "not-listed", refusal };
  }
}

/** Those who list it with one hash and size, when they are enough. */
function agreedListing(
  answers: readonly {
    readonly index: string;
    readonly source: IndexSource;
    readonly answer: FileAnswer;
  }[],
  agree: number,
): readonly Listed[] | undefined {
  const byContent = new Map<string, Listed[]>();
  for (const { answer, index, source } of answers) {
    if (answer.kind !== "listed") continue;
    const key = `${answer.file.sha256} ${answer.file.size}`;
    const same = byContent.get(key) ?? [];
    byContent.set(key, same);
    same.push({ index, source, file: answer.file });
  }
  const enough = [...byContent.values()].filter((same) => same.length >= agree);
  // Of two such contents, which differ in size, neither is believed.
  return enough.length === 1 ? enough[0] : undefined;
}

function isFound(answer: IndexAnswer): answer is FoundAnswer {
  return answer.kind === "found" && answer.source !== undefined;
}

function isShort(decision: Decision): boolean {
  return decision.kind === "refused" && decision.refusal.code === "map.agreement";
}

function isShut({ status }: Page): boolean {
  return status === "quarantined";
}

function wordsOf(answers: readonly IndexAnswer[]): string {
  return answers
    .flatMap(({ ground, index }) =>
      ground === undefined ? [index] : [`${index}: ${groundWords(ground)}`],
    )
    .join(" | ");
}

/** Which of several indexes it is about, as a client is told. */
function namedFor(index: string, refusal: Refusal): Refusal {
  const sentence = `${index}: ${refusal.sentence}`;
  return { ...refusal, sentence, evidence: { ...refusal.evidence, index } };
}
