/**
 * The current page of each project, ready to be answered. A page's bytes come from what the signer published, and are
 * believed only when their hash is the one this index was told; then they are kept, compressed, until the page changes.
 */
import { sha256Hex } from "#crypto/hash.ts";
import { TrustError, UnavailableError } from "#core/errors.ts";
import type { PagePointer } from "#formats/door/change.ts";
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import { parsePage, renderPageHtml, type Page } from "#formats/python/simple-page.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import type { SimpleForm } from "./accept.ts";
import { ByteCache } from "./byte-cache.ts";
import type { IndexPorts } from "./index-ports.ts";
import { indexLimits } from "./limits.ts";
import { Representation } from "./representation.ts";

export const simpleContentTypes: Readonly<Record<SimpleForm, string>> = {
  json: "application/vnd.pypi.simple.v1+json",
  html: "application/vnd.pypi.simple.v1+html",
  "legacy-html": "text/html; charset=utf-8",
};

export type ReadyPage = {
  readonly project: ProjectName;
  readonly pointer: PagePointer;
  /** The forms made so far; JSON, which the others are made from, is always there. */
  readonly forms: Map<SimpleForm, Representation>;
};

export type ProjectPagesPorts = Pick<IndexPorts, "published" | "releases">;

export class ProjectPages {
  readonly #ports: ProjectPagesPorts;
  readonly #cacheControl: string;
  readonly #cache: ByteCache<ReadyPage>;
  /** Loads under way. One that is forgotten meanwhile is not kept. */
  readonly #loading = new Map<string, Promise<ReadyPage | undefined>>();

  constructor(ports: ProjectPagesPorts, cacheControl: string) {
    this.#ports = ports;
    this.#cacheControl = cacheControl;
    this.#cache = new ByteCache(indexLimits.pageCacheSize);
  }

  get cacheSize(): number {
    return this.#cache.size;
  }

  get cacheCount(): number {
    return this.#cache.count;
  }

  /** What is ready for exactly this path, `/simple/<project>/`. */
  findReady(path: string): ReadyPage | undefined {
    return this.#cache.find(path);
  }

  /** Undefined when the project has no page. TrustError `page.mismatch`, UnavailableError `page.missing`. */
  async load(project: ProjectName): Promise<ReadyPage | undefined> {
    const key = keyOf(project);
    const ready = this.#cache.find(key);
    if (ready !== undefined) return ready;
    const running = this.#loading.get(key);
    if (running !== undefined) return running;
    const loading = this.#make(project);
    this.#loading.set(key, loading);
    try {
      const made = await loading;
      const json = made?.forms.get("json");
      if (made !== undefined && json !== undefined && this.#loading.get(key) === loading) {
        this.#cache.set(key, made, json.size);
      }
      return made;
    } finally {
      if (this.#loading.get(key) === loading) this.#loading.delete(key);
    }
  }

  /** The page in a form, made when it is first asked for. */
  async form(page: ReadyPage, form: SimpleForm): Promise<Representation> {
    const known = page.forms.get(form);
    if (known !== undefined) return known;
    const body = formatUtf8(renderPageHtml(this.parse(page)));
    const made = await this.#represent(page.pointer, form, body);
    page.forms.set(form, made);
    this.#cache.grow(keyOf(page.project), page, made.size);
    return made;
  }

  parse(page: ReadyPage): Page {
    return parsePage(page.forms.get("json")?.plainBody ?? new Uint8Array());
  }

  /** To be called when another page becomes current. */
  forget(project: ProjectName): void {
    this.#cache.delete(keyOf(project));
    this.#loading.delete(keyOf(project));
  }

  async #make(project: ProjectName): Promise<ReadyPage | undefined> {
    const pointer = await this.#ports.releases.findPage(project);
    if (pointer === undefined) return undefined;
    const bytes = await readTruePage(this.#ports.published, pointer);
    if (bytes === undefined) {
      throw new UnavailableError(
        "page.missing",
        `The page of project '${project}' is not in the public tree. The signer can rebuild it.`,
      );
    }
    const json = await this.#represent(pointer, "json", bytes);
    return { project, pointer, forms: new Map([["json", json]]) };
  }

  #represent(pointer: PagePointer, form: SimpleForm, body: Uint8Array): Promise<Representation> {
    const head = {
      contentType: simpleContentTypes[form],
      cacheControl: this.#cacheControl,
      tag: `${form}-${pointer.sha256}`,
      vary: "Accept, Accept-Encoding",
    };
    return Representation.create(head, body);
  }
}

function keyOf(project: ProjectName): string {
  return `/simple/${project}/`;
}

/** The bytes of a page that the signer published: TrustError unless they have the hash, undefined when there are none. */
export async function readTruePage(
  published: IndexPorts["published"],
  { project, sha256 }: Pick<PagePointer, "project" | "sha256">,
): Promise<Uint8Array | undefined> {
  const bytes = await published.readPage(project, sha256);
  if (bytes === undefined) return undefined;
  const found = sha256Hex(bytes);
  if (found === sha256) return bytes;
  throw new TrustError(
    "page.mismatch",
    `The stored page of project '${project}' is not the one that was published: it was changed on disk.`,
    { project, expected: sha256, found },
  );
}
