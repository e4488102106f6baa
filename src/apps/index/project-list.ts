/** `/simple/`: every project's name (PEP 503, 691). Not a target, so no client can verify it; made again when it changes. */
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import { simpleApiVersion } from "#formats/python/simple-page.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import type { ReleaseStore } from "#core/releases/release-store.ts";
import { sha256Hex } from "#crypto/hash.ts";
import type { SimpleForm } from "./accept.ts";
import { simpleContentTypes } from "./project-pages.ts";
import { Representation } from "./representation.ts";

export class ProjectList {
  readonly #releases: Pick<ReleaseStore, "readOfferedNames">;
  readonly #cacheControl: string;
  #names: ReadonlySet<ProjectName> | undefined;
  readonly #forms = new Map<SimpleForm, Promise<Representation>>();

  constructor(releases: Pick<ReleaseStore, "readOfferedNames">, cacheControl: string) {
    this.#releases = releases;
    this.#cacheControl = cacheControl;
  }

  /** To be called when a project's page changed; `isStatusChange` when its status may have. */
  forget(project: ProjectName, isStatusChange: boolean): void {
    if (this.#names?.has(project) === true && !isStatusChange) return;
    this.#names = undefined;
    this.#forms.clear();
  }

  /** The list of all, or of those that `mayRead` lets through. */
  async form(
    form: SimpleForm,
    mayRead?: (project: ProjectName) => boolean,
  ): Promise<Representation> {
    if (mayRead !== undefined) {
      const names = await this.#releases.readOfferedNames();
      return this.#represent(form, names.filter(mayRead));
    }
    const known = this.#forms.get(form);
    if (known !== undefined) return known;
    const making = this.#make(form);
    this.#forms.set(form, making);
    making.catch(() => this.#forms.delete(form));
    return making;
  }

  async #make(form: SimpleForm): Promise<Representation> {
    const names = await this.#releases.readOfferedNames();
    this.#names = new Set(names);
    return this.#represent(form, names);
  }

  #represent(form: SimpleForm, names: readonly ProjectName[]): Promise<Representation> {
    const body = formatUtf8(form === "json" ? listJson(names) : listHtml(names));
    const head = {
      contentType: simpleContentTypes[form],
      cacheControl: this.#cacheControl,
      tag: `${form}-${sha256Hex(body)}`,
      vary: "Accept, Accept-Encoding",
    };
    return Representation.create(head, body);
  }
}

function listJson(names: readonly ProjectName[]): string {
  const meta = { "api-version": simpleApiVersion };
  return JSON.stringify({ meta, projects: names.map((name) => ({ name })) });
}

/** Names need no escaping: letters, digits and dashes. */
function listHtml(names: readonly ProjectName[]): string {
  return [
    "<!DOCTYPE html>",
    "<html>",
    "  <head>",
    `    <meta name="pypi:repository-version" content="${simpleApiVersion}">`,
    "    <title>Simple index</title>",
    "  </head>",
    "  <body>",
    ...names.map((name) => `    <a href="${name}/">${name}</a><br>`),
    "  </body>",
    "</html>",
    "",
  ].join("\n");
}
