/** The proxy's settings, apart from the rest: the proxy does without the file's parser where nobody names a file. */

export type ProxyConfig = {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** The least time between two refreshes of the view, milliseconds. */
  readonly refreshMs: number;
};

/** Design 9. */
export const proxyDefaults: ProxyConfig = { host: "127.0.0.1", port: 8471, refreshMs: 10_000 };
