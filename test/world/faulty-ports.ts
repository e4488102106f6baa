/**
 * Ports that fail on wish: the n-th call of a watched port either does its work and then fails, or fails without having
 * done it. A caller cannot tell which, and must be right in both cases.
 */
import { UnavailableError } from "#core/errors.ts";
import type { KeyStore } from "#core/publication/key-store.ts";
import type { PublicTree } from "#core/publication/public-tree.ts";
import type { SignerStore } from "#core/publication/signer-store.ts";
import type { TrustedStore } from "#core/tuf/trusted-store.ts";

export type Fault = {
  /** Counts from 1, over all calls. */
  readonly call: number;
  readonly applied: boolean;
};

export class FaultPlan {
  readonly #fault: Fault | undefined;
  /** Names of the calls so far. */
  readonly calls: string[] = [];

  constructor(fault?: Fault) {
    this.#fault = fault;
  }

  async run<T>(name: string, call: () => Promise<T>): Promise<T> {
    this.calls.push(name);
    const isFaulty = this.calls.length === this.#fault?.call;
    if (!isFaulty) return await call();
    if (this.#fault?.applied) await call();
    throw new UnavailableError("storage.failed", `Cannot ${name}: a fault that was asked for`);
  }

  get isSpent(): boolean {
    return this.calls.length >= (this.#fault?.call ?? 0);
  }
}

export function faultyStore(store: SignerStore, plan: FaultPlan): SignerStore {
  return {
    ...store,
    readState: () => plan.run("readState", () => store.readState()),
    readChanges: (ids) => plan.run("readChanges", () => store.readChanges(ids)),
    commit: (token, commit) => plan.run("commit", () => store.commit(token, commit)),
    publish: (token, batch, replace) =>
      plan.run("publish", () => store.publish(token, batch, replace)),
    forgetRoles: (token, roles) => plan.run("forgetRoles", () => store.forgetRoles(token, roles)),
  };
}

export function faultyKeys(keys: KeyStore, plan: FaultPlan): KeyStore {
  return {
    read: () => plan.run("readKeys", () => keys.read()),
    move: (name, from, to) => plan.run("moveKey", () => keys.move(name, from, to)),
  };
}

export function faultyTree(tree: PublicTree, plan: FaultPlan): PublicTree {
  return {
    ...tree,
    read: (path, sizeMax) => plan.run("read", () => tree.read(path, sizeMax)),
    write: (path, pieces) => plan.run("write", () => tree.write(path, pieces)),
    replacePointer: (path, expected, bytes) =>
      plan.run("replacePointer", () => tree.replacePointer(path, expected, bytes)),
    remove: (path) => plan.run("remove", () => tree.remove(path)),
  };
}

export function faultyTrust(store: TrustedStore, plan: FaultPlan): TrustedStore {
  return {
    readRoot: () => plan.run("readRoot", () => store.readRoot()),
    readRootAt: (version) => plan.run("readRootAt", () => store.readRootAt(version)),
    writeRoot: (version, bytes) => plan.run("writeRoot", () => store.writeRoot(version, bytes)),
    readRole: (name, since) => plan.run("readRole", () => store.readRole(name, since)),
    writeRole: (name, bytes, since, version) =>
      plan.run("writeRole", () => store.writeRole(name, bytes, since, version)),
    deleteRole: (name, since) => plan.run("deleteRole", () => store.deleteRole(name, since)),
  };
}
