/** A request and its answer without sockets, so that the proxy runs in a simulated world as it does on a machine. */

export type ProxyRequest = {
  readonly method: string;
  /** As it came: percent-encoded, with the query. */
  readonly path: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>;
};

export type ProxyResponse = {
  readonly status: number;
  /** The reason phrase, which pip and uv show: ASCII, one line. */
  readonly reason: string;
  readonly headers: Readonly<Record<string, string>>;
  /**
   * An iterable that throws has not given all that `content-length` says: the connection must be destroyed. It is
   * started in any case; ending it early frees what it holds.
   */
  readonly body: Uint8Array | AsyncIterable<Uint8Array>;
};

export type ProxyHandler = (request: ProxyRequest) => Promise<ProxyResponse>;
