/**
 * The network as the proxy uses it: which address is whose, who is shown the credentials, and which answers are none.
 * Credentials go to the index's own origin and to nobody else; redirects are refused, so there is no "else" to be led to.
 */
import type { Secret } from "#crypto/secret.ts";
import { UnavailableError } from "#core/errors.ts";
import type { Evidence } from "#core/errors.ts";
import type { Fetch, FetchLimits, FetchRequest, FetchStream } from "#core/ports.ts";
import { sha256Hex } from "#crypto/hash.ts";
import { formatBase64 } from "#formats/bytes/base64.ts";
import { parseUtf8 } from "#formats/bytes/utf8.ts";

export type IndexAddress = {
  /** Ends with a slash, as does the mirror's. */
  readonly index: URL;
  /** Where metadata, pages and files are fetched instead, without credentials unless it has the index's origin. */
  readonly mirror?: URL;
};

export type IndexFetch = {
  /** For role files and targets: 200 and "not there" are answers, everything else is an error. */
  readonly fetchDocument: Fetch;
  /** The body as it comes, or undefined when it is not there. */
  readonly fetchFile: (
    url: URL,
    limits: FetchLimits,
  ) => Promise<AsyncIterable<Uint8Array> | undefined>;
  /** What was last said about a top-level role: evidence of a lie, with its signature. */
  readonly lastMetadataAnswer: () => Evidence;
};

export type IndexFetchOptions = {
  readonly address: IndexAddress;
  /** The value of the Authorization header, asked for anew each time; undefined when there is none. */
  readonly credentials: () => Promise<Secret | undefined>;
  /** The longest silence that is borne now, in milliseconds. */
  readonly patienceMs: () => number;
};

/** Bytes per second; a metadata file that comes more slowly keeps clients from newer ones (slow retrieval). */
const rateMinDefault = 4_096;
/** So much of an unbelievable answer is kept as evidence. */
const evidenceSizeMax = 49_152;

type SignedIn = { readonly request: FetchRequest; readonly isSignedIn: boolean };

/** `base` with the parts added; each part is encoded. */
export function addressOf(base: URL, ...parts: readonly string[]): URL {
  return new URL(parts.map(encodeURIComponent).join("/"), base);
}

export function createIndexFetch(
  ports: { readonly fetch: Fetch; readonly fetchStream: FetchStream },
  options: IndexFetchOptions,
): IndexFetch {
  let last: Evidence = {};
  const isOwn = (url: URL): boolean => url.origin === options.address.index.origin;
  const signedIn = async (request: FetchRequest): Promise<SignedIn> => {
    const secret = isOwn(request.url) ? await options.credentials() : undefined;
    if (secret === undefined) return { request, isSignedIn: false };
    const authorization = parseUtf8(secret.reveal());
    const headers = { ...request.headers, authorization };
    return { request: { ...request, headers }, isSignedIn: true };
  };
  const patient = (limits: FetchLimits): FetchLimits => {
    return {
      rateMin: rateMinDefault,
      ...limits,
      idleMs: Math.min(limits.idleMs, options.patienceMs()),
    };
  };
  return {
    lastMetadataAnswer: () => last,
    fetchDocument: async (request, limits) => {
      const sent = await signedIn(request);
      const response = await ports.fetch(sent.request, patient(limits));
      if (isTopLevel(request.url)) last = answerEvidence(request.url, response);
      if (!isEndOfRoots(request.url, response.status)) {
        checkStatus(request.url, response.status, sent.isSignedIn);
      }
      return response;
    },
    fetchFile: async (url, limits) => {
      const sent = await signedIn({ url });
      const { body, headers, status } = await ports.fetchStream(sent.request, limits);
      if (status === 200) return body;
      await body[Symbol.asyncIterator]().return?.();
      if (status >= 500 && headers["x-holdfast-code"] === "file.damaged") throw damaged(url);
      checkStatus(url, status, sent.isSignedIn);
      return undefined;
    },
  };
}

/** Not "unreachable": asking again does not mend it, and pip shows no reason of what it is to ask for again. */
function damaged(url: URL): UnavailableError {
  return new UnavailableError(
    "file.damaged",
    `${url.origin} says that the file in its store is damaged, for ${url.pathname}: its operator must restore it`,
  );
}

/** 200, and what can only mean "not there", pass. */
function checkStatus(url: URL, status: number, signedIn: boolean): void {
  if (status === 200 || status === 404 || status === 410) return;
  if (status >= 300 && status < 400) {
    throw new UnavailableError(
      "network.redirect",
      `${url.href} leads elsewhere (${status}), which is not followed: give the final address with --index or --mirror`,
    );
  }
  if (status === 401 || status === 403 || status === 407) {
    const sentence = signedIn
      ? `${url.origin} refuses the credentials (${status})`
      : `${url.origin} asks for credentials (${status}): write {"username", "password"} into credentials.json in the state folder, mode 0600`;
    throw new UnavailableError("network.credentials", sentence);
  }
  if (status >= 500 || status === 408 || status === 429) {
    throw new UnavailableError(
      "network.status",
      `${url.origin} answers ${status} for ${url.pathname}`,
    );
  }
  throw new UnavailableError(
    "network.malformed",
    `${url.origin} answers ${status} for ${url.pathname}`,
  );
}

function isTopLevel(url: URL): boolean {
  return /\/(?:timestamp|[0-9]+\.(?:root|snapshot|targets))\.json$/.test(url.pathname);
}

/** Object stores say 403 for names that do not exist; what that means for a root is the updater's business. */
function isEndOfRoots(url: URL, status: number): boolean {
  return status === 403 && /\/[0-9]+\.root\.json$/.test(url.pathname);
}

function answerEvidence(
  url: URL,
  response: { readonly status: number; readonly body: Uint8Array },
): Evidence {
  return {
    answerUrl: url.href,
    answerStatus: response.status,
    answerSize: response.body.length,
    answerSha256: sha256Hex(response.body),
    answerBase64: formatBase64(response.body.subarray(0, evidenceSizeMax)),
  };
}
