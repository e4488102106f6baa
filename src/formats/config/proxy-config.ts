/** The proxy's settings, apart from the rest: the proxy does without the file's parser where nobody names a file. */

export type ProxyConfig = {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** The least time between two refreshes of the view, milliseconds. */
  readonly refreshMs: number;
  /** Without it the proxy has one index, which its options name. */
  readonly map?: MapConfig;
};

/** Several indexes behind one address (docs/spec/index-map.md). */
export type MapConfig = {
  /** The first segment of the proxy's addresses. */
  readonly name: string;
  /** At least one, by the name that mappings and people use. */
  readonly indexes: ReadonlyMap<string, MappedIndex>;
  /** At least one, in the order in which they are asked. */
  readonly mappings: readonly Mapping[];
};

export type MappedIndex = {
  /** Ends with a slash, as does the mirror's. */
  readonly url: string;
  readonly mirror?: string;
  readonly anchor: MappedAnchor;
  /** Path of its credentials, as it was written. */
  readonly credentials?: string;
};

export type MappedAnchor =
  | { readonly kind: "root"; readonly path: string }
  | { readonly kind: "fingerprint"; readonly fingerprint: string };

/** TAP 4's mapping: which indexes speak for which projects. */
export type Mapping = {
  /** Patterns on normalised project names; `*` is any run of characters. At least one. */
  readonly names: readonly string[];
  /** Names of indexes that there are, each once; at least one. */
  readonly indexes: readonly string[];
  /** How many of them must agree: from 1 to all of them. */
  readonly agree: number;
  /** Whether nobody else is asked for a project that these do not have. */
  readonly terminating: boolean;
};

/** Design 9. */
export const proxyDefaults: ProxyConfig = { host: "127.0.0.1", port: 8471, refreshMs: 10_000 };
