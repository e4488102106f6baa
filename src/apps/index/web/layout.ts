/** What every page of the web shares: head, bar, foot. Server-rendered, without scripts. */
import { html } from "hono/html";
import type { HtmlEscapedString } from "hono/utils/html";

/** A piece of markup in which everything from outside is escaped. */
export type Markup = HtmlEscapedString | Promise<HtmlEscapedString>;

export type Site = {
  /** The index's name. */
  readonly name: string;
  /** The index's own address as the reader sees it, with a slash at the end. */
  readonly base: string;
  /** The path of `base`. */
  readonly path: string;
  readonly isPrivate: boolean;
  /** The Simple API of a verifying proxy on the reader's machine. */
  readonly proxySimpleUrl: string;
  readonly styleTag: string;
};

export function renderLayout(site: Site, title: string, body: Markup, search = ""): Markup {
  const { name, path } = site;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        <link rel="stylesheet" href="${path}static/${site.styleTag}.css" />
        <link rel="icon" href="${path}static/icon.svg" type="image/svg+xml" />
      </head>
      <body>
        <a class="skip" href="#main">Skip to the content</a>
        <header class="bar">
          <div>
            <a class="name" href="${path}">${mark()} ${name}</a>
            <form class="search" role="search" action="${path}projects/" method="get">
              <input
                type="search"
                name="q"
                value="${search}"
                aria-label="Search projects"
                placeholder="Search projects"
                maxlength="100"
              />
              <button>Search</button>
            </form>
          </div>
        </header>
        <main id="main">${body}</main>
        <footer>
          ${name} is a package index served by Holdfast.
          <a href="${path}projects/">All projects</a> · <a href="${path}simple/">Simple API</a> ·
          <a href="${path}trust/">Keys and signatures</a>
        </footer>
      </body>
    </html> `;
}

/** A holdfast: the root by which seaweed keeps its place. */
export const iconSvg: string =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="#2b8a6b" ' +
  'stroke-width="2.2" stroke-linecap="round"><path d="M12 2v11M12 13c-1 4-5 4-7 8M12 13c1 4 5 4 7 8' +
  'M12 13v8M12 6c3 0 4-2 4-4M12 9c-3 0-4-2-4-4"/></svg>';

function mark(): Markup {
  return html`<svg
    aria-hidden="true"
    viewBox="0 0 24 24"
    fill="none"
    stroke="currentColor"
    stroke-width="2.2"
    stroke-linecap="round"
  >
    <path
      d="M12 2v11M12 13c-1 4-5 4-7 8M12 13c1 4 5 4 7 8M12 13v8M12 6c3 0 4-2 4-4M12 9c-3 0-4-2-4-4"
    />
  </svg>`;
}

/** To copy: its lines break between words only, as an option or address in two halves is hard to read. */
export function renderCommand(command: string): Markup {
  const words = command.split(" ");
  return html`<pre class="command" tabindex="0">${words.map(renderWord)}</pre>`;
}

function renderWord(word: string, place: number): Markup {
  return html`${place === 0 ? "" : " "}<span>${word}</span>`;
}

export function renderError(
  site: Site,
  refusal: { readonly status: number; readonly code: string; readonly message: string },
): Markup {
  const title = refusal.status === 404 ? "Not here" : `Error ${refusal.status}`;
  const body = html`<h1>${title}</h1>
    <p class="lead">${refusal.message}</p>
    <p class="quiet"><code>${refusal.code}</code></p>`;
  return renderLayout(site, `${title} · ${site.name}`, body);
}

const sizeUnits = ["bytes", "KiB", "MiB", "GiB", "TiB"] as const;

export function formatSize(size: number): string {
  const power = size < 1 ? 0 : Math.min(Math.floor(Math.log2(size) / 10), sizeUnits.length - 1);
  const value = size / 1024 ** power;
  const digits = power === 0 || value >= 100 ? 0 : 1;
  return `${value.toFixed(digits)} ${sizeUnits[power] ?? ""}`;
}
