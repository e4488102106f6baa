/**
 * Delegated roles for lookups, from memory, else from the store, else from the network. Each file is parsed and
 * verified once per process and version; lookups that run at the same time share the work.
 */
import type { Delegation } from "#formats/tuf/targets.ts";
import { acceptDelegated, delegationText, listedRole, reuseDelegated } from "./delegated-role.ts";
import type { TrustedRole } from "./delegated-role.ts";
import type { ClientLimits } from "./limits.ts";
import { unlessRefused } from "./refusal.ts";
import type { RoleDownload } from "./role-download.ts";
import { sizeMaxOf } from "./role-download.ts";
import type { TrustedView } from "./trusted-set.ts";
import type { TrustedStore } from "./trusted-store.ts";

export class RoleLoader {
  readonly #store: TrustedStore;
  readonly #download: RoleDownload;
  readonly #limits: ClientLimits;
  /** By delegation text; least recently used first. */
  readonly #kept = new Map<string, TrustedRole>();
  /** By delegation text and version. */
  readonly #loading = new Map<string, Promise<TrustedRole>>();

  constructor(store: TrustedStore, download: RoleDownload, limits: ClientLimits) {
    this.#store = store;
    this.#download = download;
    this.#limits = limits;
  }

  /** Throws TrustError, FormatError or UnavailableError; what was kept stays kept. */
  async loadRole(
    view: TrustedView,
    delegator: TrustedRole,
    delegation: Delegation,
  ): Promise<TrustedRole> {
    const { version } = listedRole(view, delegation.name);
    const text = delegationText(delegator, delegation);
    const kept = this.#kept.get(text);
    const reused = kept && unlessRefused(() => reuseDelegated(view, kept));
    if (reused !== undefined) {
      this.#keep(text, reused);
      return reused;
    }
    const shared = `${text} ${version}`;
    const loading =
      this.#loading.get(shared) ??
      this.#load(view, delegator, delegation).finally(() => this.#loading.delete(shared));
    this.#loading.set(shared, loading);
    const role = reuseDelegated(view, await loading);
    this.#keep(text, role);
    return role;
  }

  async #load(
    view: TrustedView,
    delegator: TrustedRole,
    delegation: Delegation,
  ): Promise<TrustedRole> {
    const { name } = delegation;
    const stored = await this.#store.readRole(name);
    const kept =
      stored && unlessRefused(() => acceptDelegated(view, delegator, delegation, stored));
    if (kept !== undefined) return kept;
    const listed = listedRole(view, name);
    const version = view.root.value.consistentSnapshot ? listed.version : undefined;
    const sizeMax = sizeMaxOf(listed, this.#limits.targetsSizeMax, this.#limits);
    const bytes = await this.#download.fetchRole(name, version, sizeMax);
    const role = acceptDelegated(view, delegator, delegation, bytes);
    await this.#store.writeRole(name, bytes);
    return role;
  }

  #keep(text: string, role: TrustedRole): void {
    this.#kept.delete(text);
    this.#kept.set(text, role);
    if (this.#kept.size <= this.#limits.rolesKeptMax) return;
    for (const oldest of this.#kept.keys()) {
      this.#kept.delete(oldest);
      return;
    }
  }
}
