/** Who signs what, for how long, and what somebody has to do about it. */
import { html } from "hono/html";
import { describeSpan } from "#core/watch/time-span.ts";
import { watchRoles, type RoleWarning } from "#core/watch/watch-roles.ts";
import type { KeyStatus, RoleStatus, SignerStatus } from "#formats/door/signer-status.ts";
import { parseInstant } from "#formats/bytes/instant.ts";
import { terminalText } from "#formats/bytes/terminal-text.ts";
import { renderLayout, type Markup, type Site } from "./layout.ts";

/** `status` is undefined while the signer does not answer. */
export function renderTrustPage(site: Site, status: SignerStatus | undefined, now: Date): Markup {
  const title = "Keys and signatures";
  const body = html`<h1>${title}</h1>
    <p class="lead">
      Which keys sign this index, who holds them, and how long each signature is good. A proxy
      checks all of it by itself; this page is for people.
    </p>
    ${
      status === undefined
        ? html`<p class="notice">
            The signer does not answer just now. What is published stays good until it expires.
          </p>`
        : renderStatus(status, now)
    }`;
  return renderLayout(site, `${title} · ${site.name}`, body);
}

function renderStatus(status: SignerStatus, now: Date): Markup {
  const warnings = watchRoles(status, now);
  const keys = new Map(status.keys.map((key) => [key.keyId, key]));
  return html`${warnings.map(renderWarning)}
    ${warnings.length === 0 ? html`<p>Nothing needs doing.</p>` : ""}
    <h2>The first root</h2>
    <p>
      Compare this fingerprint with one that you have from somebody you trust, and by another way:
      this page cannot vouch for itself.
    </p>
    <p><code class="hash">${status.rootFingerprint}</code></p>
    ${renderNewestRoot(status)}
    <h2>Roles</h2>
    <div class="columns">${status.roles.map((role) => renderRole(role, keys, now))}</div>`;
}

/** From the first root whoever has its lost keys can continue as well as we. */
function renderNewestRoot({ newestRootFingerprint, roles }: SignerStatus): Markup | "" {
  if (newestRootFingerprint === undefined) return "";
  const version = roles.find(({ role }) => role === "root")?.version;
  return html`<h2>Root ${version ?? ""}, which is in force</h2>
    <p>
      After keys of root were lost to somebody, hand out this fingerprint only, and no longer that
      of the first root.
    </p>
    <p><code class="hash">${newestRootFingerprint}</code></p>`;
}

function renderWarning({ code, level, message }: RoleWarning): Markup {
  return level === "note"
    ? html`<p class="quiet">${message}. <code>${code}</code></p>`
    : html`<p class="notice">
        <strong>${words[level]}:</strong> ${message}. <code>${code}</code>
      </p>`;
}

const words = { warning: "Plan this", fault: "Mend this now" } as const;

function renderRole(status: RoleStatus, keys: ReadonlyMap<string, KeyStatus>, now: Date): Markup {
  const { expires, keyIds, offline, role, signedAt, threshold, version } = status;
  const leftMs = parseInstant(expires).at.getTime() - now.getTime();
  const left = leftMs > 0 ? `in ${describeSpan(leftMs)}` : "expired";
  const signers = keyIds.length === 1 ? "" : `${threshold} of these ${keyIds.length}:`;
  return html`<section class="panel">
    <h3>
      ${role} <span class="tag ${leftMs > 0 ? "" : "warn"}">${offline ? "offline" : "online"}</span>
    </h3>
    <p>${meanings.get(role) ?? ""}</p>
    <dl>
      <dt>Version</dt>
      <dd>${version}</dd>
      <dt>Signed</dt>
      <dd><time datetime="${signedAt}">${readable(signedAt)}</time></dd>
      <dt>Expires</dt>
      <dd><time datetime="${expires}">${readable(expires)}</time>, ${left}</dd>
      <dt>Signed by</dt>
      <dd>${signers} ${keyIds.map((keyId) => renderKey(keyId, keys.get(keyId), offline))}</dd>
    </dl>
  </section>`;
}

function renderKey(keyId: string, key: KeyStatus | undefined, isOffline: boolean): Markup {
  const holder = key?.holder;
  const unnamed = isOffline ? "a holder without a name" : "this index's signer";
  const name = holder === undefined ? unnamed : `${terminalText(holder.name)} (${holder.kind})`;
  return html`<div>
    ${name}, ${key?.scheme ?? "unknown"}
    <code class="hash">sha256:${keyId}</code>
  </div>`;
}

function readable(instant: string): string {
  return `${instant.slice(0, 10)} ${instant.slice(11, 16)} UTC`;
}

const meanings: ReadonlyMap<string, string> = new Map([
  ["root", "Says which keys sign the rest."],
  ["timestamp", "Says what is newest."],
  ["snapshot", "Says which versions belong together."],
  ["targets", "Says which roles sign for projects."],
  ["claimed", "Projects that have keys of their own."],
  ["recently-claimed", "Projects claimed since."],
  ["unclaimed", "All other projects, shared among the bins."],
  ["bins", "The pages of those projects; the one that expires first counts."],
  ["deny", "What was taken back."],
]);
