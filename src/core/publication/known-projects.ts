/**
 * Projects as their newest pages say them. Those changed lately stay in memory, so that an upload into a project with
 * thousands of files reads none of them again; how many is bounded by their bytes.
 */
import type { PagePointer } from "#formats/door/change.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import { publicationLimits } from "./limits.ts";
import type { ProjectRecord } from "./project-record.ts";
import type { SignerStore } from "./signer-store.ts";

export type KnownProject = { readonly record: ProjectRecord; readonly page: PagePointer };

export class KnownProjects {
  readonly #store: SignerStore;
  readonly #lengthMax: number;
  /** The one used longest ago comes first. */
  readonly #kept = new Map<ProjectName, KnownProject>();
  #length = 0;

  constructor(store: SignerStore, lengthMax: number = publicationLimits.cachedEntriesLengthMax) {
    this.#store = store;
    this.#lengthMax = lengthMax;
  }

  /** Those of the projects that have a page. */
  async read(projects: ReadonlySet<ProjectName>): Promise<ReadonlyMap<ProjectName, KnownProject>> {
    const known = new Map<ProjectName, KnownProject>();
    for (const project of projects) {
      const kept = this.#kept.get(project) ?? (await this.#readStored(project));
      if (kept === undefined) continue;
      known.set(project, kept);
      this.keep(kept);
    }
    return known;
  }

  /** Call only with what is committed. */
  keep(known: KnownProject): void {
    const { project } = known.record;
    this.#drop(project);
    this.#kept.set(project, known);
    this.#length += lengthOf(known);
    for (const oldest of this.#kept.keys()) {
      if (this.#length <= this.#lengthMax || oldest === project) return;
      this.#drop(oldest);
    }
  }

  /** When it is not known what was committed. */
  forgetAll(): void {
    this.#kept.clear();
    this.#length = 0;
  }

  #drop(project: ProjectName): void {
    const kept = this.#kept.get(project);
    if (kept === undefined) return;
    this.#kept.delete(project);
    this.#length -= lengthOf(kept);
  }

  async #readStored(project: ProjectName): Promise<KnownProject | undefined> {
    const page = await this.#store.readPage(project);
    if (page === undefined) return undefined;
    const record = await this.#store.readProjectAt(project, page.serial);
    return record === undefined ? undefined : { record, page };
  }
}

/** Entries are there twice, one by one and joined. Counts a small project too, so that many of them are bounded as well. */
function lengthOf({ record }: KnownProject): number {
  return 2 * record.entriesLength + 3_000;
}
