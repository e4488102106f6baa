/** The first page: how to install, how to publish, what is verified. */
import { html } from "hono/html";
import type { CatalogueCounts } from "#core/releases/release-store.ts";
import { formatSize, renderCommand, renderLayout, type Markup, type Site } from "./layout.ts";

/** `counts` are of all projects: undefined for who may not read all. */
export function renderStartPage(site: Site, counts: CatalogueCounts | undefined): Markup {
  const { base, proxySimpleUrl } = site;
  const simple = `${base}simple/`;
  const body = html`<h1>${site.name}</h1>
    <p class="lead">
      A Python package index whose packages are verified on your own machine: a mirror or CDN that
      lies, or a file changed on the server, gets nowhere.
    </p>
    <p>
      ${counts === undefined ? "" : renderCounts(counts)}
      ${site.isPrivate ? html`<span class="tag warn">private</span>` : ""}
    </p>

    <h2>Install</h2>
    <div class="columns">
      <section class="panel">
        <h3>Verified, through your own proxy</h3>
        <p>Run the proxy once on your machine. It checks every signature and hash, then serves.</p>
        ${renderCommand(`holdfast proxy --index ${base} --fingerprint sha256:…`)}
        <p>
          Ask the index's owner for the fingerprint: this page cannot vouch for itself. At a
          terminal, <code>--tofu</code> trusts the first answer and remembers it.
        </p>
        ${renderCommand(`pip install --index-url ${proxySimpleUrl} NAME`)}
        ${renderCommand(`uv pip install --index-url ${proxySimpleUrl} NAME`)}
        <p>Or for one command:</p>
        ${renderCommand(`holdfast run --index ${base} --tofu -- pip install NAME`)}
      </section>
      <section class="panel">
        <h3>Directly, without verification</h3>
        <p>
          Works with every client, and trusts this server and everything between you and it.
          ${site.isPrivate ? "Needs a token with read access." : ""}
        </p>
        ${renderCommand(`pip install --index-url ${simple} NAME`)}
        ${renderCommand(`uv pip install --index-url ${simple} NAME`)}
      </section>
    </div>

    <h2>Publish</h2>
    <p>With the tools you have. The user name is <code>__token__</code>, the password a token.</p>
    ${renderCommand(`twine upload --repository-url ${base}legacy/ -u __token__ dist/*`)}
    ${renderCommand(`uv publish --publish-url ${base}legacy/ --username __token__ --password TOKEN dist/*`)}

    <h2>What is verified, and what is not</h2>
    ${renderPromises()}`;
  return renderLayout(site, site.name, body);
}

function renderCounts({ projects, files, size }: CatalogueCounts): Markup {
  return html`<span class="tag">${projects} ${projects === 1 ? "project" : "projects"}</span>
    <span class="tag">${files} ${files === 1 ? "file" : "files"}</span>
    <span class="tag">${formatSize(size)}</span>`;
}

export function renderPromises(): Markup {
  return html`<div class="columns">
    <section class="panel">
      <h3>A proxy or another TUF client verifies</h3>
      <ul>
        <li>that each project's page is the newest this index signed, complete and unexpired;</li>
        <li>that each file and its metadata have exactly the hashes on that page;</li>
        <li>that neither was rolled back, mixed or frozen on the way.</li>
      </ul>
    </section>
    <section class="panel">
      <h3>Nobody verifies for you</h3>
      <ul>
        <li>that a publisher is honest, or that its code is good;</li>
        <li>this web page, and the list of projects;</li>
        <li>anything, when pip or uv talk to this index directly.</li>
      </ul>
    </section>
  </div>`;
}
