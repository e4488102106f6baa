/** The list of projects, in pages, searched by a part of the name. */
import { html } from "hono/html";
import type { ProjectStatus } from "#formats/python/project-status.ts";
import { renderLayout, type Markup, type Site } from "./layout.ts";

export type ListedProject = {
  readonly name: string;
  readonly status: ProjectStatus;
  readonly latest: string;
  readonly summary: string;
};

export type ProjectListing = {
  readonly search: string;
  readonly after: string;
  readonly projects: readonly ListedProject[];
  readonly hasMore: boolean;
};

export function renderListPage(site: Site, listing: ProjectListing): Markup {
  const { search, projects, hasMore } = listing;
  const last = projects.at(-1)?.name ?? "";
  const next = new URLSearchParams({ ...(search !== "" && { q: search }), after: last });
  const first = new URLSearchParams(search === "" ? {} : { q: search });
  const body = html`<h1>Projects</h1>
    ${search === "" ? "" : html`<p class="lead">with “${search}” in their name</p>`}
    ${
      projects.length === 0
        ? html`<p>None here.</p>`
        : html`<ul class="plain projects">
            ${projects.map((project) => renderItem(site, project))}
          </ul>`
    }
    <nav class="pages" aria-label="Pages">
      ${listing.after === "" ? "" : html`<a href="?${first}" rel="first">First page</a>`}
      ${hasMore ? html`<a href="?${next}" rel="next">Next page</a>` : ""}
    </nav>`;
  return renderLayout(site, `Projects · ${site.name}`, body, search);
}

function renderItem(site: Site, { name, status, latest, summary }: ListedProject): Markup {
  return html`<li>
    <a href="${site.path}project/${name}/">
      <strong>${name}</strong>
      <span class="quiet">${latest}</span>
      ${status === "active" ? "" : html`<span class="tag warn">${status}</span>`}<br />
      <span class="quiet">${summary}</span>
    </a>
  </li>`;
}
