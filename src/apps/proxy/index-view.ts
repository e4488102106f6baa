/**
 * Keeps the view of one index (core/verdict/view.ts decides, this drives): asks when it is due, once at a time, and
 * hands out what stands. Everything served to a client comes from a `Ground` that was handed out here.
 */
import { TrustError } from "#core/errors.ts";
import type { Clock } from "#core/ports.ts";
import { checkListedFile } from "#core/tuf/listed-file.ts";
import { denyPath } from "#core/tuf/layout.ts";
import { fetchTarget } from "#core/tuf/target-download.ts";
import { acceptTime } from "#core/tuf/trusted-set.ts";
import type { TrustedView } from "#core/tuf/trusted-set.ts";
import type { FoundTarget, Updater } from "#core/tuf/updater.ts";
import { documentLimits } from "#core/verdict/limits.ts";
import { refusalOf } from "#core/verdict/refusal.ts";
import type { Refusal } from "#core/verdict/refusal.ts";
import {
  acceptRefresh,
  forcedRefreshWaitMs,
  isRefreshDue,
  standingOf,
} from "#core/verdict/view.ts";
import type { Offline, RefreshOutcome, View } from "#core/verdict/view.ts";
import { denyListLimits, parseDenyList } from "#formats/deny/deny-list.ts";
import type { DenyList } from "#formats/deny/deny-list.ts";
import type { CheckedCache } from "./checked-cache.ts";
import type { IndexFetch } from "./index-fetch.ts";

/** A verified state of the index. */
export type IndexState = {
  readonly view: TrustedView;
  readonly denials: DenyList;
  readonly denySha256: string;
  readonly expiresAt: Date;
};

/** What a request is answered from. */
export type Ground = {
  readonly state: IndexState;
  readonly offline: Offline | undefined;
  /** TUF's word on a path, judged now. */
  readonly findTarget: (path: string) => Promise<FoundTarget | "absent">;
};

export type Stand = { readonly kind: "stands"; readonly ground: Ground } | RefusedStand;
export type RefusedStand = { readonly kind: "refused"; readonly refusal: Refusal };

/** How many refreshes had begun. */
export type Mark = number;

export type IndexView = {
  /** A moment, to be given to `stand`: take it when a client asks. */
  readonly mark: () => Mark;
  /**
   * Refreshes first when it is due. With a mark, the answer stands on a refresh that began after it, if need be after
   * waiting for its turn: before anything is called "not found".
   */
  readonly stand: (after?: Mark) => Promise<Stand>;
  readonly current: () => View<IndexState>;
};

export type IndexViewPorts = {
  readonly clock: Clock;
  readonly sleep: (ms: number) => Promise<void>;
  readonly updater: Updater;
  /** The last complete view that was kept, judged as of `offlineForMs` ago. */
  readonly openStored: () => Promise<TrustedView>;
  readonly indexFetch: IndexFetch;
  readonly cache: CheckedCache;
  /** Called after each refresh with what it led to. */
  readonly onRefresh: (view: View<IndexState>, failed: Refusal | undefined) => void;
};

export type IndexViewConfig = {
  readonly targetsUrl: URL;
  readonly refreshMs: number;
  readonly offlineForMs: number;
  /** One view for as long as it lives (`holdfast run`). */
  readonly pinned: boolean;
};

export function createIndexView(ports: IndexViewPorts, config: IndexViewConfig): IndexView {
  const keeper = new ViewKeeper(ports, config);
  return {
    mark: () => keeper.begun,
    stand: (after) => keeper.stand(after),
    current: () => keeper.view,
  };
}

class ViewKeeper {
  view: View<IndexState> = { kind: "empty" };
  readonly #ports: IndexViewPorts;
  readonly #config: IndexViewConfig;
  begun: Mark = 0;
  #attemptedAt: Date | undefined;
  #forcedAt: Date | undefined;
  #refreshing: Promise<void> | undefined;
  #denied: { readonly sha256: string; readonly denials: DenyList } | undefined;

  constructor(ports: IndexViewPorts, config: IndexViewConfig) {
    this.#ports = ports;
    this.#config = config;
  }

  async stand(after?: Mark): Promise<Stand> {
    if (after !== undefined && this.begun <= after) await this.#refreshAfter(after);
    // Who comes while a refresh is under way waits for it: the view before may be hours old.
    else if (this.#refreshing !== undefined || this.#isDue()) await this.#refreshOnce();
    const standing = standingOf(this.view, this.#ports.clock(), this.#config.offlineForMs);
    if (standing.kind === "refused") return standing;
    const { state, offline } = standing;
    return { kind: "stands", ground: { state, offline, findTarget: this.#finder(state, offline) } };
  }

  /** A pinned view that stands is not moved; one that does not stand is nothing to hold on to. */
  #isHeld(): boolean {
    return this.#config.pinned && this.view.kind === "verified";
  }

  #isDue(): boolean {
    if (this.#isHeld()) return false;
    return isRefreshDue(this.view, this.#attemptedAt, this.#config.refreshMs, this.#ports.clock());
  }

  async #refreshAfter(after: Mark): Promise<void> {
    if (this.#refreshing !== undefined) await this.#refreshing;
    if (this.begun > after || this.#isHeld()) return;
    const { clock, sleep } = this.#ports;
    const waitMs = forcedRefreshWaitMs(this.#forcedAt, clock());
    if (waitMs > 0) await sleep(waitMs);
    // Somebody else's, meanwhile, is as good.
    if (this.begun <= after) this.#forcedAt = clock();
    if (this.begun <= after || this.#refreshing !== undefined) await this.#refreshOnce();
  }

  #refreshOnce(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #refresh(): Promise<void> {
    const { clock, indexFetch, onRefresh, updater } = this.#ports;
    this.#attemptedAt = clock();
    this.begun += 1;
    let outcome: RefreshOutcome<IndexState>;
    try {
      outcome = { kind: "verified", state: await this.#openState(await updater.refresh()) };
    } catch (error) {
      const details = error instanceof TrustError ? indexFetch.lastMetadataAnswer() : {};
      outcome = { kind: "failed", refusal: refusalOf(error, "index", details) };
    }
    const failed = outcome.kind === "failed" ? outcome.refusal : undefined;
    const stored = failed?.kind === "unreachable" ? await this.#openStored() : undefined;
    this.view = acceptRefresh(this.view, outcome, clock(), stored);
    onRefresh(this.view, failed);
  }

  /** What an earlier process verified, for when nobody is there; undefined when there is nothing that stands. */
  async #openStored(): Promise<IndexState | undefined> {
    const { view } = this;
    const hasState = view.kind === "verified" || view.kind === "offline";
    if (hasState || (view.kind === "refused" && view.refusal.kind === "wrong")) return undefined;
    try {
      return await this.#openState(await this.#ports.openStored());
    } catch (error) {
      // Nothing usable stored, or no deny list to go with it. That nobody is there is what the person is told.
      refusalOf(error, "index");
      return undefined;
    }
  }

  async #openState(view: TrustedView): Promise<IndexState> {
    const found = await this.#ports.updater.findTarget(view, denyPath);
    const { denials, sha256 } = await this.#openDenials(found);
    const metadata = [view.root, view.timestamp, view.snapshot, view.targets];
    const expiresMs = Math.min(...metadata.map(({ value }) => value.expires.at.getTime()));
    // Kept as one object while the list is the same, so that pages need not be looked through again.
    return { view, denials, denySha256: sha256, expiresAt: new Date(expiresMs) };
  }

  async #openDenials(
    found: FoundTarget | "absent",
  ): Promise<{ readonly sha256: string; readonly denials: DenyList }> {
    const sha256 = found === "absent" ? "" : (found.target.hashes.get("sha256") ?? "");
    if (this.#denied?.sha256 === sha256) return this.#denied;
    this.#denied = {
      sha256,
      denials: found === "absent" ? [] : await this.#fetchDenials(found, sha256),
    };
    return this.#denied;
  }

  async #fetchDenials({ target }: FoundTarget, sha256: string): Promise<DenyList> {
    const { cache, indexFetch } = this.#ports;
    const check = (bytes: Uint8Array): DenyList => {
      checkListedFile("the deny list", bytes, target);
      return parseDenyList(bytes);
    };
    const cached = await cache.readChecked(sha256, check);
    if (cached !== undefined) return cached;
    if (target.length > denyListLimits.sizeMax) {
      const evidence = { listed: target.length, sizeMax: denyListLimits.sizeMax };
      throw new TrustError("tuf.length", "The signed deny list is too long to be read", evidence);
    }
    const { targetsUrl } = this.#config;
    const limits = documentLimits(target.length);
    const bytes = await fetchTarget(
      indexFetch.fetchDocument,
      targetsUrl,
      denyPath,
      target,
      true,
      limits,
    );
    const denials = check(bytes);
    await cache.keep(sha256, bytes);
    return denials;
  }

  #finder(state: IndexState, offline: Offline | undefined): Ground["findTarget"] {
    const { clock, updater } = this.#ports;
    return async (path) => {
      // Offline, every role is judged as of `offlineForMs` ago: that is what prolonging means.
      const nowMs = clock().getTime() - (offline === undefined ? 0 : this.#config.offlineForMs);
      const at = new Date(Math.max(nowMs, state.view.at.getTime()));
      return await updater.findTarget(acceptTime(state.view, at), path);
    };
  }
}
