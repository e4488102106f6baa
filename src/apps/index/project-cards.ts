/**
 * What is shown of projects beside their pages: their line in the list, the old JSON API, the index's totals. Made of
 * every file's record, so it is kept: under the page it was made for, which is another as soon as anything changes.
 */
import type { Clock } from "#core/ports.ts";
import type { ProjectEntry } from "#core/releases/catalogue.ts";
import type { CatalogueCounts } from "#core/releases/release-store.ts";
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import { compareVersions } from "#formats/python/version.ts";
import { ByteCache } from "./byte-cache.ts";
import type { IndexPorts } from "./index-ports.ts";
import { indexLimits } from "./limits.ts";
import { projectJson } from "./project-json.ts";
import { latestVersion, readProjectView } from "./project-view.ts";
import { Representation } from "./representation.ts";
import type { ListedProject } from "./web/list-page.ts";

type CardPorts = Pick<IndexPorts, "files" | "releases"> & { readonly clock: Clock };

/** Bytes that a line in the list costs to keep, at most and roughly. */
const listedSize = 1_024;

export class ProjectCards {
  readonly #ports: CardPorts;
  readonly #cacheControl: string;
  readonly #listed = new ByteCache<ListedProject>(indexLimits.cardCacheSize);
  readonly #json = new ByteCache<Representation>(indexLimits.cardCacheSize);
  #counts: { readonly untilMs: number; readonly value: CatalogueCounts } | undefined;

  constructor(ports: CardPorts, cacheControl: string) {
    this.#ports = ports;
    this.#cacheControl = cacheControl;
  }

  /** Undefined while nothing of it is published. */
  async listed({ name, status }: ProjectEntry): Promise<ListedProject | undefined> {
    const { releases } = this.#ports;
    const pointer = await releases.findPage(name);
    if (pointer === undefined) return undefined;
    const key = `${name} ${pointer.serial}`;
    const known = this.#listed.find(key);
    if (known !== undefined) return known;
    const files = (await releases.readFiles(name)).filter(({ state }) => state === "published");
    const newestFirst = files.toSorted((a, b) => compareVersions(b.version, a.version));
    const latest = latestVersion(newestFirst) ?? "";
    const summary = newestFirst.find(({ version }) => version === latest)?.summary ?? "";
    const made = { name, status, latest, summary };
    this.#listed.set(key, made, listedSize);
    return made;
  }

  /** Undefined where there is no such project, or no such version of it. */
  async json(
    name: ProjectName,
    version: string | undefined,
    base: string,
  ): Promise<Representation | undefined> {
    const pointer = await this.#ports.releases.findPage(name);
    if (pointer === undefined) return undefined;
    const key = `${name} ${pointer.serial} ${version ?? ""} ${base}`;
    const known = this.#json.find(key);
    if (known !== undefined) return known;
    const view = await readProjectView(this.#ports, name, version);
    if (view === undefined) return undefined;
    if (version !== undefined && !view.versions.includes(version)) return undefined;
    const head = {
      contentType: "application/json",
      cacheControl: this.#cacheControl,
      tag: `old-${pointer.sha256}`,
      vary: "Accept-Encoding",
    };
    const made = await Representation.create(
      head,
      formatUtf8(JSON.stringify(projectJson(view, base))),
    );
    this.#json.set(key, made, made.size);
    return made;
  }

  /** Counted now or a moment ago. */
  async counts(): Promise<CatalogueCounts> {
    const nowMs = this.#ports.clock().getTime();
    if (this.#counts !== undefined && nowMs < this.#counts.untilMs) return this.#counts.value;
    const value = await this.#ports.releases.countCatalogue();
    this.#counts = { untilMs: nowMs + indexLimits.countsMs, value };
    return value;
  }
}
