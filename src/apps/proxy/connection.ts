/** What a command works with: state folder, name, and a proxy over the real network; for one index, or for a map. */
import type { ProxyState } from "#stores/folder/proxy-state.ts";
import type { OnEvent, Proxy } from "./create-proxy.ts";
import type { ListenAddress } from "./request-guard.ts";

export type Connection = {
  readonly state: ProxyState;
  /** The first segment of its addresses. */
  readonly name: string;
  /** For people: what stands behind it. */
  readonly title: string;
  /** What a ready file says beside addresses. */
  readonly facts: Readonly<Record<string, unknown>>;
  readonly makeProxy: (how: MakeProxy) => Promise<Proxy>;
  /** Closes kept connections. */
  readonly close: () => void;
};

export type MakeProxy = {
  readonly listen: ListenAddress;
  readonly pinned: boolean;
  readonly instance: string;
  readonly onEvent: OnEvent;
};

/** Tells a person at a terminal. */
export type Say = (sentence: string) => void;
