/** A client of a simulated TUF repository: its store, its updater, and what it trusts on disk. */
import assert from "node:assert/strict";
import { parseJson } from "#formats/json/parse.ts";
import { isJsonObject } from "#formats/json/value.ts";
import type { Json } from "#formats/json/value.ts";
import type { FetchResponse } from "#core/ports.ts";
import type { ClientLimits } from "#core/tuf/limits.ts";
import type { TrustedView } from "#core/tuf/trusted-set.ts";
import { createUpdater } from "#core/tuf/updater.ts";
import type { FoundTarget, Updater } from "#core/tuf/updater.ts";
import { createMemoryTrustedStore } from "#stores/memory/trusted-store.ts";
import type { MemoryTrustedStore } from "#stores/memory/trusted-store.ts";
import { FaultPlan, faultyTrust } from "./faulty-ports.ts";
import { createSimClock } from "./sim-clock.ts";
import type { SimClock } from "./sim-clock.ts";
import { SimTufRepository } from "./tuf-repository.ts";

export class SimTufClient {
  readonly store: MemoryTrustedStore = createMemoryTrustedStore();
  readonly clock: SimClock = createSimClock("2026-01-01T00:00:00Z");
  readonly repository: SimTufRepository;
  readonly limits: Partial<ClientLimits>;
  updater: Updater;

  constructor(repository: SimTufRepository, limits: Partial<ClientLimits> = {}) {
    this.repository = repository;
    this.limits = limits;
    this.updater = this.#newUpdater();
  }

  /** Takes the repository's first root out of band. */
  async init(): Promise<void> {
    await this.store.writeRoot(1, this.#published("1.root.json"));
  }

  /** As after a new start of the process: what was in memory is gone. Its store fails as the plan says. */
  restart(plan?: FaultPlan): void {
    this.updater = this.#newUpdater(plan);
  }

  async refresh(): Promise<TrustedView> {
    this.repository.requests.length = 0;
    return await this.updater.refresh();
  }

  /** Refreshes and looks up. */
  async find(path: string): Promise<FoundTarget | "absent"> {
    return await this.updater.findTarget(await this.refresh(), path);
  }

  /** Role → version of what is kept, newest root included. */
  async trusted(): Promise<Readonly<Record<string, number>>> {
    const versions: Record<string, number> = {};
    const root = await this.store.readRoot();
    if (root !== undefined) versions["root"] = versionIn(root);
    for (const [role, bytes] of this.store.roles) versions[role] = versionIn(bytes);
    return versions;
  }

  /** Refused with this code, and nothing that is trusted has changed but for `changed`. */
  async refuses(code: string, changed: Readonly<Record<string, number>> = {}): Promise<void> {
    const before = await this.trusted();
    await assert.rejects(this.refresh(), { code });
    assert.deepEqual(await this.trusted(), { ...before, ...changed });
  }

  #published(file: string): Uint8Array {
    const bytes = this.repository.files.get(file);
    assert.ok(bytes, file);
    return bytes;
  }

  #newUpdater(plan = new FaultPlan()): Updater {
    const { clock, repository } = this;
    const store = faultyTrust(this.store, plan);
    return createUpdater(
      { clock: clock.now, fetch: repository.fetch, store },
      { metadataUrl: new URL("https://index.example/tuf/"), limits: this.limits },
    );
  }
}

function versionIn(bytes: Uint8Array): number {
  const version = member(member(parseJson(bytes), "signed"), "version");
  assert.ok(typeof version === "number");
  return version;
}

function member(tree: Json, name: string): Json {
  assert.ok(isJsonObject(tree));
  return tree.get(name) ?? null;
}

export type SimTufWorld = { readonly repository: SimTufRepository; readonly client: SimTufClient };

/** A client that has honestly seen version 1 of everything, and a repository that delegates all paths to "a". */
export async function honestTufWorld(
  prepare?: (repository: SimTufRepository) => void,
): Promise<SimTufWorld> {
  const repository = new SimTufRepository();
  repository.delegate("targets", { name: "a" });
  prepare?.(repository);
  await repository.publishAll();
  const client = new SimTufClient(repository);
  await client.init();
  await client.refresh();
  return { repository, client };
}

/** What a server, or somebody in its place, says. */
export function answer(body: Uint8Array | undefined, status = 200): FetchResponse {
  return { status, headers: {}, body: body ?? new Uint8Array() };
}
