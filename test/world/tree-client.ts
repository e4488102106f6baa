/** A verifying client of a public tree in memory: what it says of a page is what a user would get. */
import { sha256Hex } from "#crypto/hash.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import { parsePage } from "#formats/python/simple-page.ts";
import type { Page } from "#formats/python/simple-page.ts";
import type { Clock, Fetch } from "#core/ports.ts";
import { pageTarget, publicPagePath } from "#core/tuf/layout.ts";
import { checkListedFile } from "#core/tuf/listed-file.ts";
import type { TrustedView } from "#core/tuf/trusted-set.ts";
import { createUpdater } from "#core/tuf/updater.ts";
import type { Updater } from "#core/tuf/updater.ts";
import { createMemoryTrustedStore } from "#stores/memory/trusted-store.ts";
import type { MemoryTrustedStore } from "#stores/memory/trusted-store.ts";

const origin = "https://index.example/";

export class TreeClient {
  readonly #tree: ReadonlyMap<string, Uint8Array>;
  readonly #updater: Updater;
  readonly store: MemoryTrustedStore;

  /** `store`: what the same client trusted before, elsewhere. */
  constructor(
    tree: ReadonlyMap<string, Uint8Array>,
    clock: Clock,
    store: MemoryTrustedStore = createMemoryTrustedStore(),
  ) {
    this.#tree = tree;
    this.store = store;
    const fetch: Fetch = async ({ url }) => {
      const body = tree.get(url.pathname.slice(1));
      return { status: body ? 200 : 404, headers: {}, body: body ?? new Uint8Array() };
    };
    const ports = { clock, fetch, store: this.store };
    this.#updater = createUpdater(ports, { metadataUrl: new URL("tuf/", origin) });
  }

  /** With this root as its trust anchor. */
  async init(root: Uint8Array): Promise<this> {
    await this.store.writeRoot(1, root);
    return this;
  }

  async refresh(): Promise<TrustedView> {
    return await this.#updater.refresh();
  }

  /** The page as verified now, after a refresh. */
  async readPage(project: ProjectName): Promise<Page | "absent"> {
    return await this.findPage(await this.refresh(), project);
  }

  async findPage(view: TrustedView, project: ProjectName): Promise<Page | "absent"> {
    const found = await this.#updater.findTarget(view, pageTarget(project));
    if (found === "absent") return found;
    const { hashes } = found.target;
    const path = publicPagePath(project, hashes.get("sha256") ?? "");
    const bytes = this.#tree.get(path);
    if (bytes === undefined) throw new Error(`The public tree lacks ${path}`);
    checkListedFile(path, bytes, found.target);
    return parsePage(bytes);
  }
}

/**
 * Watches everything that ever becomes public: a name that was given once keeps its content for ever, the pointer's
 * versions go up, and one version of it has one content.
 */
export class TreeAuditor extends Map<string, Uint8Array> {
  readonly #seen = new Map<string, string>();
  readonly faults: string[] = [];
  #pointerVersion = 0;

  override set(path: string, bytes: Uint8Array): this {
    const name = path === "tuf/timestamp.json" ? this.#pointerName(bytes) : path;
    const sha256 = sha256Hex(bytes);
    const before = this.#seen.get(name) ?? sha256;
    if (before !== sha256) this.faults.push(`${name} had other bytes before`);
    this.#seen.set(name, sha256);
    return super.set(path, bytes);
  }

  /** Files that ever were there. */
  get names(): ReadonlySet<string> {
    return new Set(this.#seen.keys());
  }

  #pointerName(bytes: Uint8Array): string {
    const { signed } = JSON.parse(new TextDecoder().decode(bytes));
    const version = Number(signed.version);
    if (version < this.#pointerVersion) this.faults.push(`timestamp went back to ${version}`);
    this.#pointerVersion = version;
    return `timestamp ${version}`;
  }
}
