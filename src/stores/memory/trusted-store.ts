/** A TrustedStore that lives as long as its object: for tests, and for runs that leave nothing behind. */
import type { TrustedStore } from "#core/tuf/trusted-store.ts";

export type MemoryTrustedStore = TrustedStore & {
  /** By version. */
  readonly roots: ReadonlyMap<number, Uint8Array>;
  /** By role name. */
  readonly roles: ReadonlyMap<string, Uint8Array>;
};

export function createMemoryTrustedStore(): MemoryTrustedStore {
  const roots = new Map<number, Uint8Array>();
  const roles = new Map<string, Uint8Array>();
  const sinces = new Map<string, number>();
  const sinceOf = (name: string): number => sinces.get(name) ?? 0;
  let newest: number | undefined;
  return {
    roots,
    roles,
    readRoot: async () => (newest === undefined ? undefined : roots.get(newest)),
    readRootAt: async (version) => roots.get(version),
    writeRoot: async (version, bytes) => {
      roots.set(version, bytes.slice());
      newest = Math.max(version, newest ?? 0);
    },
    readRole: async (name, since = 0) => (sinceOf(name) === since ? roles.get(name) : undefined),
    writeRole: async (name, bytes, since = 0) => {
      if (sinceOf(name) > since) return;
      roles.set(name, bytes.slice());
      sinces.set(name, since);
    },
    deleteRole: async (name, since = Infinity) => {
      if (sinceOf(name) >= since) return;
      roles.delete(name);
      sinces.delete(name);
    },
  };
}
