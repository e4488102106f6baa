/** Fetches a target that a verified role lists (specification 5.7.3) and checks it before anybody sees a byte. */
import { hashedTargetPath } from "#formats/tuf/target-path.ts";
import type { TargetFile } from "#formats/tuf/targets.ts";
import { TrustError } from "#core/errors.ts";
import type { Fetch } from "#core/ports.ts";
import type { ClientLimits } from "./limits.ts";
import { checkListedFile } from "./listed-file.ts";
import { bodyOf, fetchBounded, folderUrl, missingFile } from "./role-download.ts";
import { quoteName } from "./role-checks.ts";

/** What names a target's file, in this order. */
const prefixHashes: readonly string[] = ["sha256", "sha512", "blake2b"];

/**
 * The target's bytes. `isConsistent` is root's `consistentSnapshot`. Throws TrustError `tuf.length`, `tuf.hash` or
 * `tuf.missing`, or UnavailableError.
 */
export async function fetchTarget(
  fetch: Fetch,
  targetsUrl: URL,
  path: string,
  target: TargetFile,
  isConsistent: boolean,
  limits: Pick<ClientLimits, "idleMs" | "totalMs">,
): Promise<Uint8Array> {
  const url = isConsistent
    ? targetUrl(targetsUrl, consistentPath(path, target))
    : targetUrl(targetsUrl, path);
  const { idleMs, totalMs } = limits;
  const what = `target ${quoteName(path)}`;
  const response = await fetchBounded(fetch, url, what, {
    idleMs,
    totalMs,
    sizeMax: target.length,
  });
  if (response.status === 404 || response.status === 410) throw missingFile(what, response.status);
  const body = bodyOf(what, response);
  checkListedFile(what, body, target);
  return body;
}

/** The name under which a consistent repository keeps the target. Throws TrustError `tuf.hash`. */
export function consistentPath(path: string, target: TargetFile): string {
  for (const name of prefixHashes) {
    const hash = target.hashes.get(name);
    if (hash !== undefined) return hashedTargetPath(path, hash);
  }
  const sentence = `Cannot fetch target ${quoteName(path)}: it is listed with no hash that we can compute`;
  throw new TrustError("tuf.hash", sentence, { path });
}

function targetUrl(targetsUrl: URL, path: string): URL {
  const encoded = path.split("/").map(encodeURIComponent).join("/");
  return new URL(`./${encoded}`, folderUrl(targetsUrl));
}
