/**
 * Project pages: TUF's word on which bytes a page has, the bytes from memory, disk or the index, and the page as it may
 * be offered (core/verdict/offered-page.ts). Also remembers which pages were served, for the files on them.
 */
import { TrustError } from "#core/errors.ts";
import type { Clock } from "#core/ports.ts";
import { pageTarget } from "#core/tuf/layout.ts";
import { fetchTarget } from "#core/tuf/target-download.ts";
import type { ServedPage } from "#core/verdict/file-decision.ts";
import { documentLimits } from "#core/verdict/limits.ts";
import {
  deniedError,
  offerPage,
  openPage,
  pageSha256,
  projectDenial,
} from "#core/verdict/offered-page.ts";
import type { OfferedPage, VerifiedPage } from "#core/verdict/offered-page.ts";
import { refusalOf } from "#core/verdict/refusal.ts";
import type { Refusal } from "#core/verdict/refusal.ts";
import type { DenyList } from "#formats/deny/deny-list.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import { pageLimits } from "#formats/python/limits.ts";
import type { TargetFile } from "#formats/tuf/targets.ts";
import type { CheckedCache } from "./checked-cache.ts";
import type { IndexFetch } from "./index-fetch.ts";
import type { Ground, IndexState, IndexView, Mark } from "./index-view.ts";
import type { RenderedPage } from "./page-response.ts";
import { createRecentMap } from "./recent-map.ts";

/** A page and everything made of it. */
export type KeptPage = RenderedPage & {
  readonly verified: VerifiedPage;
  readonly offered: OfferedPage;
};

export type PageAnswer =
  | { readonly kind: "found"; readonly page: KeptPage; readonly ground: Ground }
  /** TUF proves that there is no such project, in a view that was refreshed for this. */
  | { readonly kind: "absent"; readonly ground: Ground }
  | { readonly kind: "refused"; readonly refusal: Refusal };

export type ProjectPages = {
  /** With a mark, from a view that was refreshed after it. */
  readonly findPage: (project: ProjectName, after?: Mark) => Promise<PageAnswer>;
  /** From the view as it stands: a project that is a few seconds old may still be absent. */
  readonly peekPage: (project: ProjectName) => Promise<PageAnswer>;
  /** The page was given to a client. */
  readonly noteServed: (page: KeptPage) => void;
  readonly servedPages: (project: ProjectName) => readonly ServedPage[];
};

export type ProjectPagesPorts = {
  readonly clock: Clock;
  readonly indexView: IndexView;
  readonly indexFetch: IndexFetch;
  readonly cache: CheckedCache;
  readonly targetsUrl: URL;
};

/** Bytes of pages whose parsed form is kept in memory; the parsed form is a few times larger. */
const pagesKeptMax = 32 * 1_024 * 1_024;
/**
 * Files of pages that were served, all together, at some 1 KiB of memory each. What is forgotten is looked up again; one
 * project's pages always fit (formats/python/limits.ts).
 */
const servedFilesMax = 250_000;
/** What a page without files weighs. */
const servedOverhead = 10;
const servedPagesMax = 4;
/** How long TUF's word on a path in one state is taken as said; roles on the way could expire meanwhile. */
const lookupMs = 10_000;

type Lookup = { readonly at: number; readonly result: Promise<KeptPage | "absent"> };

export function createProjectPages(ports: ProjectPagesPorts): ProjectPages {
  const pages = new PageSource(ports);
  const served = createRecentMap<readonly ServedPage[]>(servedFilesMax);
  return {
    findPage: (project, after) => pages.find(project, after),
    peekPage: (project) => pages.peek(project),
    noteServed: ({ offered }) => {
      const { name } = offered.page;
      const earlier = (served.get(name) ?? []).filter((page) => page.offered.tag !== offered.tag);
      const latest = { offered, servedAt: ports.clock() };
      const kept = [latest, ...earlier].slice(0, servedPagesMax);
      const files = kept.reduce((sum, page) => sum + page.offered.files.size, 0);
      served.set(name, kept, files + servedOverhead);
    },
    servedPages: (project) => served.get(project) ?? [],
  };
}

class PageSource {
  readonly #ports: ProjectPagesPorts;
  /** By the page's hash. */
  readonly #kept = createRecentMap<KeptPage & { readonly denials: DenyList }>(pagesKeptMax);
  readonly #fetching = new Map<string, Promise<VerifiedPage>>();
  /** Goes with its state. */
  readonly #lookups = new WeakMap<IndexState, Map<ProjectName, Lookup>>();

  constructor(ports: ProjectPagesPorts) {
    this.#ports = ports;
  }

  async find(project: ProjectName, after?: Mark): Promise<PageAnswer> {
    if (after !== undefined) return await this.#findIn(project, after);
    const mark = this.#ports.indexView.mark();
    const answer = await this.#findIn(project);
    if (answer.kind === "found") return answer;
    // Also after a refusal: a state that is older than what the index sweeps cannot be looked up in any more.
    if (answer.kind === "refused" && !isWorthAnotherLook(answer.refusal)) return answer;
    return await this.#findIn(project, mark);
  }

  async peek(project: ProjectName): Promise<PageAnswer> {
    const answer = await this.#findIn(project);
    const isTold = answer.kind !== "refused" || !isWorthAnotherLook(answer.refusal);
    return isTold ? answer : await this.find(project);
  }

  async #findIn(project: ProjectName, after?: Mark): Promise<PageAnswer> {
    const stand = await this.#ports.indexView.stand(after);
    if (stand.kind === "refused") return stand;
    const { ground } = stand;
    try {
      const denial = projectDenial(project, ground.state.denials);
      if (denial !== undefined) throw deniedError(project, denial);
      const page = await this.#lookUp(project, ground);
      return page === "absent" ? { kind: "absent", ground } : { kind: "found", page, ground };
    } catch (error) {
      return { kind: "refused", refusal: refusalOf(error, `page ${project}`, { project }) };
    }
  }

  #lookUp(project: ProjectName, ground: Ground): Promise<KeptPage | "absent"> {
    const lookups = this.#lookups.get(ground.state) ?? new Map<ProjectName, Lookup>();
    this.#lookups.set(ground.state, lookups);
    const now = this.#ports.clock().getTime();
    const earlier = lookups.get(project);
    if (earlier !== undefined && Math.abs(now - earlier.at) < lookupMs) return earlier.result;
    const result = this.#open(project, ground);
    lookups.set(project, { at: now, result });
    // A failure is told to those who waited for it, and tried again by the next. Names that nobody has are not kept:
    // there is no end of them.
    result.then(
      (page) => void (page === "absent" && lookups.delete(project)),
      () => lookups.delete(project),
    );
    return result;
  }

  async #open(project: ProjectName, ground: Ground): Promise<KeptPage | "absent"> {
    const found = await ground.findTarget(pageTarget(project));
    if (found === "absent") return "absent";
    const { denials } = ground.state;
    const sha256 = pageSha256(project, found.target);
    const key = `${project} ${sha256}`;
    const kept = this.#kept.get(key);
    if (kept?.denials === denials) return kept;
    const verified = kept?.verified ?? (await this.#openVerified(project, found.target, sha256));
    const offered = offerPage(verified, denials);
    const bodies = kept?.offered.tag === offered.tag ? kept.bodies : new Map();
    const page = { verified, offered, bodies, denials };
    this.#kept.set(key, page, found.target.length);
    return page;
  }

  async #openVerified(
    project: ProjectName,
    target: TargetFile,
    sha256: string,
  ): Promise<VerifiedPage> {
    const key = `${project} ${sha256}`;
    let fetching = this.#fetching.get(key);
    if (fetching === undefined) {
      fetching = this.#readOrFetch(project, target, sha256).finally(() =>
        this.#fetching.delete(key),
      );
      this.#fetching.set(key, fetching);
    }
    return await fetching;
  }

  async #readOrFetch(
    project: ProjectName,
    target: TargetFile,
    sha256: string,
  ): Promise<VerifiedPage> {
    const { cache, indexFetch, targetsUrl } = this.#ports;
    const cached = await cache.readChecked(sha256, (bytes) => openPage(project, target, bytes));
    if (cached !== undefined) return cached;
    if (target.length > pageLimits.sizeMax) {
      const evidence = { project, listed: target.length, sizeMax: pageLimits.sizeMax };
      throw new TrustError(
        "tuf.length",
        `The signed page of ${project} is too long to be read`,
        evidence,
      );
    }
    const path = pageTarget(project);
    const limits = documentLimits(target.length);
    const bytes = await fetchTarget(
      indexFetch.fetchDocument,
      targetsUrl,
      path,
      target,
      true,
      limits,
    );
    const page = openPage(project, target, bytes);
    // Nobody waits for it, and it never fails.
    void cache.keep(sha256, bytes);
    return page;
  }
}

/**
 * Not when nothing is served at all, which has just been tried, nor when the index means it; nor for what came too slowly
 * or too long, which no newer view cures: pip gives up after 15 s and would not hear the reason of a second try.
 */
function isWorthAnotherLook({ code, kind, subject }: Refusal): boolean {
  if (code === "file.denied" || code.startsWith("network.")) return false;
  return kind === "wrong" && subject !== "index";
}
