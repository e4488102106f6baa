/** Fetches role files and tells apart what an answer means: the file, a lie, or nobody there. */
import { roleFileName } from "#formats/tuf/role-file.ts";
import { TrustError, UnavailableError } from "#core/errors.ts";
import type { Fetch, FetchResponse } from "#core/ports.ts";
import type { ClientLimits } from "./limits.ts";

export type RoleDownload = {
  /** Root of this version, or undefined where the chain ends (5.3.3). */
  fetchRoot(version: number): Promise<Uint8Array | undefined>;
  /**
   * A file that must be there. `version` is left out where names carry none; `sizeMax` is in bytes. Throws TrustError
   * `tuf.missing` or `tuf.length`, or UnavailableError `network.*`.
   */
  fetchRole(name: string, version: number | undefined, sizeMax: number): Promise<Uint8Array>;
};

/** Also the answer of object stores to names that do not exist, where the caller may not list them. */
const endOfChain: ReadonlySet<number> = new Set([403, 404]);
const notThere: ReadonlySet<number> = new Set([404, 410]);

export function createRoleDownload(
  fetch: Fetch,
  metadataUrl: URL,
  limits: ClientLimits,
): RoleDownload {
  const folder = folderUrl(metadataUrl);
  const fetchFile = (file: string, sizeMax: number): Promise<FetchResponse> =>
    fetchBounded(fetch, new URL(file, folder), file, { ...limits, sizeMax });
  return {
    fetchRoot: async (version) => {
      const file = roleFileName("root", version);
      const response = await fetchFile(file, limits.rootSizeMax);
      if (endOfChain.has(response.status)) return undefined;
      return bodyOf(file, response);
    },
    fetchRole: async (name, version, sizeMax) => {
      const file = roleFileName(name, version);
      const response = await fetchFile(file, sizeMax);
      if (notThere.has(response.status)) throw missingFile(file, response.status);
      return bodyOf(file, response);
    },
  };
}

/** A body that is too long is a wrong answer (the endless-data attack), not a broken network. */
export async function fetchBounded(
  fetch: Fetch,
  url: URL,
  file: string,
  limits: Pick<ClientLimits, "idleMs" | "totalMs"> & { readonly sizeMax: number },
): Promise<FetchResponse> {
  const { idleMs, sizeMax, totalMs } = limits;
  try {
    const response = await fetch({ url }, { idleMs, sizeMax, totalMs });
    if (response.body.byteLength > sizeMax) throw tooLong(file, sizeMax);
    return response;
  } catch (error) {
    const isTooLong = error instanceof UnavailableError && error.code === "network.size";
    throw isTooLong ? tooLong(file, sizeMax, error) : error;
  }
}

/** Throws UnavailableError for every status but 200. */
export function bodyOf(file: string, response: FetchResponse): Uint8Array {
  const { body, status } = response;
  if (status === 200) return body;
  if (status >= 300 && status < 400) {
    const sentence = `Cannot fetch ${file}: the answer is a redirect, which is not followed`;
    throw new UnavailableError("network.redirect", sentence);
  }
  throw new UnavailableError("network.status", `Cannot fetch ${file}: the answer is ${status}`);
}

export function missingFile(file: string, status: number): TrustError {
  const sentence = `Cannot go on without ${file}: it must exist, but the answer is ${status}`;
  return new TrustError("tuf.missing", sentence, { file, status });
}

/** Names are resolved inside the address, whether or not it was written with its last slash. */
export function folderUrl(url: URL): URL {
  return url.pathname.endsWith("/") ? url : new URL(`${url.pathname}/`, url);
}

/** How much of a file is read: the listed length, else the bound of its kind. Throws TrustError `tuf.length`. */
export function sizeMaxOf(
  listed: { readonly length?: number },
  ownMax: number,
  limits: ClientLimits,
): number {
  const { length = ownMax } = listed;
  if (length <= Math.max(ownMax, limits.listedSizeMax)) return length;
  const evidence = { listed: length, listedSizeMax: limits.listedSizeMax };
  throw new TrustError(
    "tuf.length",
    "Cannot fetch a file: its listed length is too large",
    evidence,
  );
}

function tooLong(file: string, sizeMax: number, cause?: unknown): TrustError {
  const sentence = `Cannot accept ${file}: it is longer than ${sizeMax} bytes`;
  return new TrustError("tuf.length", sentence, { file, sizeMax }, cause);
}
