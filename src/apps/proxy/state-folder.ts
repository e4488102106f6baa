/** Which state folder a command works on: the one named, or the one its index has, or the only one there is. */
import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { sha256Hex } from "#crypto/hash.ts";
import { RefusedError } from "#core/errors.ts";
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import { isMadeHere } from "#stores/folder/proxy-state.ts";
import { hostName } from "./index-name.ts";

/** As a shell sees them: all that the choice depends on. */
export type StatePlace = {
  readonly cwd: string;
  /** Holds one folder for each index. */
  readonly base: string;
};

export function systemStatePlace(env: Readonly<Record<string, string | undefined>>): StatePlace {
  const given = env["XDG_STATE_HOME"];
  const stateHome =
    given !== undefined && given.startsWith("/") ? given : join(homedir(), ".local", "state");
  return { cwd: process.cwd(), base: join(stateHome, "holdfast") };
}

/** Absolute. Throws RefusedError `proxy.state` when nothing says which. */
export function chooseStateFolder(
  place: StatePlace,
  state: string | undefined,
  index: URL | undefined,
): string {
  if (state !== undefined) return resolve(place.cwd, state);
  if (index !== undefined) return join(place.base, folderName(index));
  // What `holdfast up` makes here.
  const local = join(place.cwd, "holdfast-data", "proxy");
  if (existsSync(local)) {
    if (isMadeHere(local)) return local;
    throw new RefusedError(
      "proxy.state",
      `${local} was not made here, so it may say whom somebody else wants believed: say --state ${local} if you trust it, or --index URL`,
    );
  }
  const all = existsSync(place.base) ? readdirSync(place.base) : [];
  const [only] = all;
  if (all.length === 1 && only !== undefined) return join(place.base, only);
  const sentence =
    all.length === 0
      ? "Nothing says which index: give --index URL with --root, --fingerprint or --tofu, or --state DIR"
      : `Several indexes are known (${all.join(", ")}): say which with --index or --state`;
  throw new RefusedError("proxy.state", sentence);
}

/** Absolute. The folder of a map of several indexes, which holds theirs. */
export function chooseMapFolder(
  place: StatePlace,
  state: string | undefined,
  mapName: string,
): string {
  return state === undefined ? join(place.base, `map-${mapName}`) : resolve(place.cwd, state);
}

/** The host, for people; the hash, because two indexes can share it. */
function folderName(index: URL): string {
  return `${hostName(index)}-${sha256Hex(formatUtf8(index.href)).slice(0, 8)}`;
}
