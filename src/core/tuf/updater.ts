/**
 * Drives the rules of trusted-set.ts with a network and a store (specification 5.1 to 5.6): one refresh asks for root
 * N+1 until there is none, for timestamp, and for snapshot and targets where they changed, and keeps every accepted
 * file before it goes on. Lookups ask for the delegated roles they pass.
 */
import type { Root } from "#formats/tuf/root.ts";
import type { TargetFile } from "#formats/tuf/targets.ts";
import { TrustError } from "#core/errors.ts";
import type { Clock, Fetch } from "#core/ports.ts";
import { topTargetsRole } from "./delegated-role.ts";
import type { TrustedRole } from "./delegated-role.ts";
import { searchDelegations } from "./delegation-search.ts";
import { clientLimits } from "./limits.ts";
import type { ClientLimits } from "./limits.ts";
import { unlessRefused } from "./refusal.ts";
import { createRoleDownload, sizeMaxOf } from "./role-download.ts";
import type { RoleDownload } from "./role-download.ts";
import { RoleLoader } from "./role-loader.ts";
import {
  acceptRoot,
  acceptSnapshot,
  acceptStored,
  acceptTargets,
  acceptTime,
  acceptTimestamp,
  beginUpdate,
  checkRootInForce,
  endsRollbackProtection,
  listedSnapshot,
  listedTargets,
  openView,
  reuseSnapshot,
  reuseTargets,
  reuseTimestamp,
  trustRoot,
} from "./trusted-set.ts";
import type { Past, TrustedSet, TrustedView } from "./trusted-set.ts";
import type { TrustedStore } from "./trusted-store.ts";

export type UpdaterPorts = {
  readonly clock: Clock;
  readonly fetch: Fetch;
  readonly store: TrustedStore;
};

export type UpdaterConfig = {
  /** The folder of the role files. */
  readonly metadataUrl: URL;
  readonly limits?: Partial<ClientLimits>;
};

export type FoundTarget = {
  readonly target: TargetFile;
  /** The view it was found in. */
  readonly set: TrustedView;
  /** The role that lists it. */
  readonly role: TrustedRole;
};

export type Updater = {
  /**
   * The newest view. Throws TrustError or FormatError when an answer cannot be believed, UnavailableError when there
   * is none; views handed out before stay what they were. Calls run one after the other.
   */
  refresh(): Promise<TrustedView>;
  /** The last complete view, from memory or disk, without a request. Throws TrustError when none is in force. */
  openStored(): Promise<TrustedView>;
  /** Expiry is judged at `set.at`. Throws as `refresh` does; only verified roles can say "absent". */
  findTarget(set: TrustedView, path: string): Promise<FoundTarget | "absent">;
};

export function createUpdater(ports: UpdaterPorts, config: UpdaterConfig): Updater {
  const driver = new UpdaterDriver(ports, config);
  return {
    refresh: () => driver.refresh(),
    openStored: () => driver.openStored(),
    findTarget: (set, path) => driver.findTarget(set, path),
  };
}

const storedRoles: readonly (keyof Past)[] = ["timestamp", "snapshot", "targets"];

class UpdaterDriver {
  readonly #clock: Clock;
  readonly #store: TrustedStore;
  readonly #download: RoleDownload;
  readonly #limits: ClientLimits;
  readonly #roles: RoleLoader;
  /** All that was accepted and kept so far, also by a refresh that failed later on. */
  #held: TrustedSet | undefined;
  /** The root that last ended rollback protection; see trusted-store.ts. */
  #since = 0;
  /** The last complete one. */
  #view: TrustedView | undefined;
  /** The refresh that is under way, or the last one; it never fails. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(ports: UpdaterPorts, config: UpdaterConfig) {
    this.#clock = ports.clock;
    this.#store = ports.store;
    this.#limits = { ...clientLimits, ...config.limits };
    this.#download = createRoleDownload(ports.fetch, config.metadataUrl, this.#limits);
    this.#roles = new RoleLoader(this.#store, this.#download, this.#limits);
  }

  refresh(): Promise<TrustedView> {
    const run = this.#turn.then(() => this.#refresh());
    this.#turn = run.catch(() => undefined);
    return run;
  }

  async openStored(): Promise<TrustedView> {
    const now = this.#clock();
    if (this.#view === undefined) {
      let set = reuseTimestamp(await this.#openHeld(), now);
      set = reuseTargets(reuseSnapshot(set, now), now);
      this.#view ??= openView(set, now);
    }
    return acceptTime(this.#view, now);
  }

  async findTarget(set: TrustedView, path: string): Promise<FoundTarget | "absent"> {
    const found = await searchDelegations(
      topTargetsRole(set),
      path,
      this.#limits.delegationsMax,
      (delegator, delegation) => this.#roles.loadRole(set, delegator, delegation),
    );
    return found === "absent" ? found : { ...found, set };
  }

  async #refresh(): Promise<TrustedView> {
    const now = this.#clock();
    let set = beginUpdate(await this.#openHeld());
    set = await this.#updateRoot(set);
    checkRootInForce(set, now);
    set = await this.#updateTimestamp(set, now);
    if (this.#view?.root === set.root && this.#view.timestamp === set.timestamp) {
      this.#view = acceptTime(this.#view, now);
      return this.#view;
    }
    set = await this.#updateSnapshot(set, now);
    set = await this.#updateTargets(set, now);
    this.#view = openView(set, now);
    return this.#view;
  }

  /** 5.2, and what earlier runs have kept. */
  async #openHeld(): Promise<TrustedSet> {
    if (this.#held !== undefined) return this.#held;
    const root = await this.#store.readRoot();
    if (root === undefined) {
      throw new TrustError("anchor.missing", "Cannot trust any metadata: there is no trust anchor");
    }
    let set = trustRoot(root);
    const since = await this.#lastEndOfProtection(set.root.value);
    for (const role of storedRoles) {
      const stored = await this.#store.readRole(role, role === "targets" ? 0 : since);
      if (stored !== undefined) set = unlessRefused(() => acceptStored(set, role, stored)) ?? set;
    }
    if (this.#held === undefined) {
      this.#held = set;
      this.#since = since;
    }
    return this.#held;
  }

  /** 5.3.11 again, from the roots that are kept: it must not matter which run of the process saw the change. */
  async #lastEndOfProtection(newest: Root): Promise<number> {
    let next = newest;
    for (let version = newest.version; version > 1; version--) {
      const bytes = await this.#store.readRootAt(version - 1);
      if (bytes === undefined) return 0;
      const { value } = trustRoot(bytes).root;
      if (endsRollbackProtection(value, next)) return version;
      next = value;
    }
    return 0;
  }

  /** 5.3.2 to 5.3.9, and 5.3.11. After the largest allowed number of steps the next refresh goes on. */
  async #updateRoot(start: TrustedSet): Promise<TrustedSet> {
    let set = start;
    for (let count = 0; count < this.#limits.rootRotationsMax; count++) {
      const trusted = set.root.value;
      const bytes = await this.#download.fetchRoot(trusted.version + 1);
      if (bytes === undefined) break;
      const next = acceptRoot(set, bytes);
      const { version } = next.root.value;
      // Before this write timestamp and snapshot protect, after it they are not read again unless they are kept below.
      await this.#store.writeRoot(version, bytes);
      set = next;
      this.#held = next;
      if (endsRollbackProtection(trusted, next.root.value)) {
        this.#since = version;
        await this.#keepPast(next.past, version);
        await this.#store.deleteRole("timestamp", version);
        await this.#store.deleteRole("snapshot", version);
      }
    }
    return set;
  }

  /** What the keys of the new root vouch for protects from then on too, also the next process. */
  async #keepPast(past: Past, since: number): Promise<void> {
    for (const role of ["timestamp", "snapshot"] as const) {
      const file = past[role];
      if (file === undefined) continue;
      await this.#store.writeRole(role, file.bytes, since, file.value.version);
    }
  }

  /** 5.4. */
  async #updateTimestamp(set: TrustedSet, now: Date): Promise<TrustedSet> {
    const { timestampSizeMax } = this.#limits;
    const bytes = await this.#download.fetchRole("timestamp", undefined, timestampSizeMax);
    const next = acceptTimestamp(set, bytes, now);
    // The version trusted before: what came is discarded.
    if (next.timestamp?.bytes !== bytes) return next;
    return this.#keep("timestamp", bytes, next);
  }

  /** 5.5. */
  async #updateSnapshot(set: TrustedSet, now: Date): Promise<TrustedSet> {
    const reused = unlessRefused(() => reuseSnapshot(set, now));
    if (reused !== undefined) return reused;
    const listed = listedSnapshot(set);
    const sizeMax = sizeMaxOf(listed, this.#limits.snapshotSizeMax, this.#limits);
    const bytes = await this.#download.fetchRole("snapshot", versionInName(set, listed), sizeMax);
    return this.#keep("snapshot", bytes, acceptSnapshot(set, bytes, now));
  }

  /** 5.6.1 to 5.6.6. */
  async #updateTargets(set: TrustedSet, now: Date): Promise<TrustedSet> {
    const listed = listedTargets(set);
    const reused = unlessRefused(() => reuseTargets(set, now));
    if (reused !== undefined) return reused;
    const sizeMax = sizeMaxOf(listed, this.#limits.targetsSizeMax, this.#limits);
    const bytes = await this.#download.fetchRole("targets", versionInName(set, listed), sizeMax);
    return this.#keep("targets", bytes, acceptTargets(set, bytes, now));
  }

  async #keep(role: keyof Past, bytes: Uint8Array, set: TrustedSet): Promise<TrustedSet> {
    const since = role === "targets" ? 0 : this.#since;
    await this.#store.writeRole(role, bytes, since, set[role]?.value.version);
    this.#held = set;
    return set;
  }
}

/** 5.3.12: with consistent snapshots, file names carry versions. */
function versionInName(set: TrustedSet, listed: { readonly version: number }): number | undefined {
  return set.root.value.consistentSnapshot ? listed.version : undefined;
}
