/** One project: how to install it, its files with their hashes, what it says of itself. */
import { html } from "hono/html";
import type { FileEntry } from "#core/releases/catalogue.ts";
import { fileUrl } from "#formats/python/simple-page.ts";
import type { ProjectView } from "#apps/index/project-view.ts";
import { formatSize, renderCommand, renderLayout, type Markup, type Site } from "./layout.ts";
import { renderPromises } from "./start-page.ts";

/** Files listed at first; the rest is behind a line to open. */
const openVersionsMax = 5;
const descriptionLengthMax = 262_144;
const linksMax = 20;

export function renderProjectPage(site: Site, view: ProjectView): Markup {
  const { core, files, latest, project } = view;
  const name = project.name;
  const summary = core?.summary ?? files[0]?.summary ?? "";
  const body = html`<h1>${core?.name ?? name} <span class="quiet">${latest}</span></h1>
    <p class="lead">${summary}</p>
    ${renderStatus(view)}

    <h2>Install</h2>
    ${renderInstall(site, name)}

    <h2>About</h2>
    ${renderFacts(view)}

    <h2>Files</h2>
    ${renderFiles(site, view)}

    <h2>What is verified, and what is not</h2>
    ${renderPromises()}
    ${
      core?.description === undefined
        ? ""
        : html`<h2>Description</h2>
            <p class="quiet">As ${core.name} ${latest} describes itself.</p>
            <pre class="description">${core.description.slice(0, descriptionLengthMax)}</pre>`
    }`;
  return renderLayout(site, `${name} · ${site.name}`, body);
}

function renderStatus({ project, files, latest }: ProjectView): Markup {
  const reason = project.statusReason === undefined ? "" : `: ${project.statusReason}`;
  const yanked = files.filter((file) => file.version === latest && file.yanked !== false);
  return html`${
    project.status === "active"
      ? ""
      : html`<p class="notice">This project is <strong>${project.status}</strong>${reason}</p>`
  }
  ${
    yanked.length > 0
      ? html`<p class="notice">
          Version ${latest} is yanked: installers take it only when asked for it.
        </p>`
      : ""
  }`;
}

function renderInstall(site: Site, name: string): Markup {
  const simple = `${site.base}simple/`;
  return html`<div class="columns">
    <section class="panel">
      <h3>Verified, through your own proxy</h3>
      ${renderCommand(`pip install --index-url ${site.proxySimpleUrl} ${name}`)}
      ${renderCommand(`uv pip install --index-url ${site.proxySimpleUrl} ${name}`)}
      <p class="quiet">The proxy runs on your machine:</p>
      ${renderCommand(`holdfast proxy --index ${site.base} --fingerprint sha256:…`)}
    </section>
    <section class="panel">
      <h3>Directly, without verification</h3>
      ${renderCommand(`pip install --index-url ${simple} ${name}`)}
      ${renderCommand(`uv pip install --index-url ${simple} ${name}`)}
    </section>
  </div>`;
}

function renderFacts({ core, members, versions }: ProjectView): Markup {
  const author = core?.author ?? core?.authorEmail;
  const license = core?.licenseExpression ?? core?.license?.split("\n", 1)[0]?.slice(0, 200);
  const links = [
    ...(core?.homePage === undefined ? [] : [["Homepage", core.homePage] as const]),
    ...(core?.projectUrls ?? []),
  ].slice(0, linksMax);
  const fact = (label: string, value: string | undefined): Markup =>
    value === undefined || value === ""
      ? html``
      : html`<dt>${label}</dt>
          <dd>${value}</dd>`;
  return html`<dl>
    ${fact("Versions", String(versions.length))} ${fact("Python", core?.requiresPython)}
    ${fact("License", license)} ${fact("Author", author)}
    ${fact("Needs", core?.requiresDist.slice(0, linksMax).join(", "))}
    ${fact("Published here by", members.join(", "))}
    ${links.map(([label, url]) => renderLink(label, url))}
  </dl>`;
}

/** Only the web's own addresses become links: anything may stand in metadata. */
function renderLink(label: string, url: string): Markup {
  const isWeb = /^https?:\/\//i.test(url) && URL.canParse(url);
  const value = isWeb ? html`<a href="${url}" rel="nofollow noreferrer">${url}</a>` : url;
  return html`<dt>${label}</dt>
    <dd>${value}</dd>`;
}

function renderFiles(site: Site, { files, versions }: ProjectView): Markup {
  const newest = versions.toReversed();
  const open = new Set(newest.slice(0, openVersionsMax));
  const older = files.filter((file) => !open.has(file.version));
  const item = (file: FileEntry): Markup => renderFile(site, file);
  return html`<ul class="plain files">
      ${files.filter((file) => open.has(file.version)).map(item)}
    </ul>
    ${
      older.length === 0
        ? ""
        : html`<details>
            <summary>${older.length} files of ${newest.length - open.size} older versions</summary>
            <ul class="plain files">
              ${older.map(item)}
            </ul>
          </details>`
    }`;
}

function renderFile(site: Site, file: FileEntry): Markup {
  const { filename, project, sha256, size, uploadTime, yanked } = file;
  const url = `${site.path}${fileUrl(project, sha256, filename).slice("../../".length)}`;
  const reason = typeof yanked === "string" ? `: ${yanked}` : "";
  return html`<li>
    <a class="file" href="${url}">${filename}</a>
    ${yanked === false ? "" : html`<span class="tag warn">yanked${reason}</span>`}
    <p class="quiet">
      ${file.kind} · ${formatSize(size)} ·
      <time datetime="${uploadTime}">${uploadTime.slice(0, 16).replace("T", " ")} UTC</time>
      ${file.requiresPython === undefined ? "" : `· Python ${file.requiresPython}`}
    </p>
    <code class="hash">sha256:${sha256}</code>
  </li>`;
}
