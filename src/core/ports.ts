/** How the world comes in (house style 3.6). Only an app's main.ts, or a test's world, builds the real things. */

export type Clock = () => Date;

/** `size` bytes that nobody can guess. */
export type Random = (size: number) => Uint8Array;

/** Every bound of one download; no caller can forget one. */
export type FetchLimits = {
  /** Bytes of the decoded body. One more is `network.size`. */
  readonly sizeMax: number;
  /** From the request's start to the last byte. */
  readonly totalMs: number;
  /** The longest silence before, and between, bytes. Before the first byte of an answer it is `network.silent`. */
  readonly idleMs: number;
  /** Bytes per second on average, looked at once an answer has taken ten seconds; less is `network.rate`. */
  readonly rateMin?: number;
};

export type FetchRequest = {
  readonly url: URL;
  /** Lower-case names. */
  readonly headers?: Readonly<Record<string, string>>;
};

export type FetchResponse = {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
};

/**
 * One GET. Never follows a redirect (3xx comes back as a status), never retries, asks for and decodes gzip with the
 * size bound on decoded bytes. Throws only UnavailableError; a status of any kind is an answer, not an error.
 */
export type Fetch = (request: FetchRequest, limits: FetchLimits) => Promise<FetchResponse>;

export type FetchStreamResponse = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Ends with UnavailableError when a limit is passed or the connection breaks. Not iterating it to the end closes the connection. */
  readonly body: AsyncIterable<Uint8Array>;
};

/**
 * As Fetch, with the body as it arrives; `accept-encoding: identity`. Time in which the reader does not ask for more
 * does not count against the sender.
 */
export type FetchStream = (
  request: FetchRequest,
  limits: FetchLimits,
) => Promise<FetchStreamResponse>;

/** Runs `run` once, `ms` milliseconds from now, unless the answer is called before. */
export type Timer = (ms: number, run: () => void) => () => void;
