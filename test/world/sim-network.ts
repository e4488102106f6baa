/**
 * A network in memory: origins answer requests, anyone may sit in between, and every limit a caller names is
 * enforced in simulated time. Attacks are answers: late ones, endless ones, cut ones, other ones.
 */
import { UnavailableError } from "#core/errors.ts";
import type { Fetch, FetchLimits, FetchRequest, FetchStream } from "#core/ports.ts";

/** One piece of an answer, `afterMs` of simulated silence after the one before. "cut" breaks the connection. */
export type Piece = { readonly afterMs: number; readonly bytes: Uint8Array } | "cut";

export type SimRequest = {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
};

export type SimResponse = {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: Uint8Array | AsyncIterable<Piece>;
};

export type Answer = (request: SimRequest) => Promise<SimResponse>;

/** Someone on the wire: sees the request and may ask the honest server, or not. */
export type Interposer = (request: SimRequest, honest: Answer) => Promise<SimResponse>;

export type SimNetwork = {
  readonly fetch: Fetch;
  readonly fetchStream: FetchStream;
  /** Answers everything for one origin; undefined takes the server off the network. */
  readonly serve: (origin: string, answer: Answer | undefined) => void;
  /** Puts someone before all origins; undefined takes them away. */
  readonly interpose: (interposer: Interposer | undefined) => void;
  /** Every request that left a client, in order. */
  readonly requests: SimRequest[];
};

export function createSimNetwork(): SimNetwork {
  const origins = new Map<string, Answer>();
  const requests: SimRequest[] = [];
  let interposer: Interposer | undefined;

  const honest: Answer = async (request) => {
    const answer = origins.get(request.url.origin);
    if (answer === undefined) {
      throw new UnavailableError(
        "network.connect",
        `Cannot connect to ${request.url.origin}: connection refused`,
      );
    }
    return await answer(request);
  };

  const send = async (request: FetchRequest): Promise<SimResponse> => {
    const seen = { url: request.url, headers: request.headers ?? {} };
    requests.push(seen);
    return interposer === undefined ? await honest(seen) : await interposer(seen, honest);
  };

  return {
    requests,
    serve: (origin, answer) => {
      if (answer === undefined) origins.delete(origin);
      else origins.set(origin, answer);
    },
    interpose: (next) => {
      interposer = next;
    },
    fetch: async (request, limits) => {
      const response = await send(request);
      const parts: Uint8Array[] = [];
      for await (const part of bounded(request.url, response, limits)) parts.push(part);
      return {
        status: response.status,
        headers: response.headers ?? {},
        body: new Uint8Array(Buffer.concat(parts)),
      };
    },
    fetchStream: async (request, limits) => {
      const response = await send(request);
      return {
        status: response.status,
        headers: response.headers ?? {},
        body: bounded(request.url, response, limits),
      };
    },
  };
}

async function* bounded(
  url: URL,
  response: SimResponse,
  limits: FetchLimits,
): AsyncGenerator<Uint8Array> {
  let size = 0;
  let elapsedMs = 0;
  for await (const piece of pieces(response.body)) {
    if (piece === "cut") {
      throw new UnavailableError("network.truncated", `Connection broke while reading ${url.href}`);
    }
    if (piece.afterMs > limits.idleMs) {
      const code = elapsedMs === 0 ? "network.silent" : "network.idle";
      throw new UnavailableError(code, `No byte of ${url.href} for ${limits.idleMs} ms`);
    }
    elapsedMs += piece.afterMs;
    size += piece.bytes.length;
    if (elapsedMs > 10_000 && (size * 1_000) / elapsedMs < (limits.rateMin ?? 0)) {
      throw new UnavailableError("network.rate", `${url.href} arrives too slowly`);
    }
    if (elapsedMs > limits.totalMs) {
      throw new UnavailableError(
        "network.timeout",
        `${url.href} took longer than ${limits.totalMs} ms`,
      );
    }
    if (size > limits.sizeMax) {
      throw new UnavailableError(
        "network.size",
        `${url.href} is larger than ${limits.sizeMax} bytes`,
      );
    }
    yield piece.bytes;
  }
}

async function* pieces(body: SimResponse["body"]): AsyncGenerator<Piece> {
  if (body instanceof Uint8Array) yield { afterMs: 1, bytes: body };
  else yield* body;
}

/** Bytes for ever. */
export async function* endless(afterMs = 1): AsyncGenerator<Piece> {
  const bytes = new Uint8Array(65_536).fill(0x20);
  for (;;) yield { afterMs, bytes };
}

/** The right bytes, one at a time and slowly: never silent long enough for an idle limit alone. */
export async function* drip(body: Uint8Array, afterMs: number): AsyncGenerator<Piece> {
  for (const byte of body) yield { afterMs, bytes: Uint8Array.of(byte) };
}

/** The first `size` bytes, then the connection breaks. */
export async function* cutAfter(body: Uint8Array, size: number): AsyncGenerator<Piece> {
  yield { afterMs: 1, bytes: body.subarray(0, size) };
  yield "cut";
}
