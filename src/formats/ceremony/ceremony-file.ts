/**
 * The file that travels in a ceremony (`docs/spec/ceremony.md`): the roles in force, the roles as they shall be with the
 * signatures they have so far, and the policy that they are held to. It is not signed itself: what is in `current` and
 * `next` carries its own signatures, and the policy is shown to whoever signs.
 */
import { formatBase64, parseBase64 } from "#formats/bytes/base64.ts";
import { formatDuration, parseDuration } from "#formats/config/duration.ts";
import { offlineRoles } from "#formats/door/offline-metadata.ts";
import type { OfflineMetadata, OfflineRole } from "#formats/door/offline-metadata.ts";
import { FormatError } from "#formats/format-error.ts";
import { list, literal, objectTree, positive, string } from "#formats/json/decode.ts";
import type { Decoder } from "#formats/json/decode.ts";
import { formatJson } from "#formats/json/format.ts";
import { parseJson } from "#formats/json/parse.ts";
import { jsonObject } from "#formats/json/value.ts";
import type { Json } from "#formats/json/value.ts";
import { ceremonyLimits } from "./limits.ts";

export type CeremonyPolicy = {
  /** From now to expiry, at most; milliseconds. */
  readonly lifetimes: Readonly<Record<OfflineRole, number>>;
  /** How many keys must sign, at least. */
  readonly thresholds: Readonly<Record<OfflineRole, number>>;
};

export type CeremonyFile = {
  readonly policy: CeremonyPolicy;
  /** Exact bytes of the files in force; undefined for the first ceremony of an index. */
  readonly current: Readonly<Record<OfflineRole, Uint8Array>> | undefined;
  /** Roots before the one in force, oldest first: for a holder who has missed some. At most `ceremonyLimits.rootsMax`. */
  readonly roots?: readonly Uint8Array[];
  /** What the next file of each role must say. */
  readonly nextVersions: Readonly<Record<OfflineRole, number>>;
  /** TUF files with as many signatures as there are so far. Empty before something is proposed. */
  readonly next: OfflineMetadata;
};

export function formatCeremonyFile({
  current,
  next,
  nextVersions,
  policy,
  roots,
}: CeremonyFile): Uint8Array {
  const durations = roleMembers((role) => formatDuration(policy.lifetimes[role]));
  return formatJson(
    jsonObject({
      current: current === undefined ? null : roleMembers((role) => formatBase64(current[role])),
      "holdfast-ceremony": 1,
      next: roleMembers((role) => next[role] && formatBase64(next[role])),
      nextVersions: roleMembers((role) => nextVersions[role]),
      roots: roots?.map(formatBase64),
      policy: jsonObject({
        lifetimes: durations,
        thresholds: roleMembers((role) => policy.thresholds[role]),
      }),
    }),
  );
}

/**
 * Throws FormatError `ceremony.malformed` for another version, an unknown member or a policy out of bounds, and
 * `json.*`, `bytes.*`, `config.value`. The files inside are not looked into.
 */
export function parseCeremonyFile(bytes: Uint8Array): CeremonyFile {
  const { depthMax, fileSizeMax: sizeMax } = ceremonyLimits;
  const at = "ceremony";
  const tree = objectTree(parseJson(bytes, { sizeMax, depthMax }, at), at);
  const hasRoots = tree.has("roots");
  const members = strictObject(tree, at, [
    "holdfast-ceremony",
    "policy",
    "current",
    "nextVersions",
    "next",
    ...(hasRoots ? ["roots"] : []),
  ]);
  literal(1, "ceremony.malformed")(members("holdfast-ceremony"), `${at}.holdfast-ceremony`);
  const current = members("current");
  return {
    policy: policy(members("policy"), `${at}.policy`),
    current: current === null ? undefined : byRole(file)(current, `${at}.current`),
    nextVersions: byRole(positive("ceremony.malformed"))(
      members("nextVersions"),
      `${at}.nextVersions`,
    ),
    next: nextFiles(members("next"), `${at}.next`),
    ...(hasRoots && { roots: pastRoots(members("roots"), `${at}.roots`) }),
  };
}

const file: Decoder<Uint8Array> = (value, at) => parseBase64(string(value, at), at);

const pastRoots: Decoder<readonly Uint8Array[]> = (value, at) => {
  const roots = list(file)(value, at);
  if (roots.length <= ceremonyLimits.rootsMax) return roots;
  throw malformed(`more than ${ceremonyLimits.rootsMax} roots`, at);
};

const nextFiles: Decoder<OfflineMetadata> = (value, at) => {
  const present = offlineRoles.filter((role) => objectTree(value, at).has(role));
  const members = strictObject(value, at, present);
  return Object.fromEntries(present.map((role) => [role, file(members(role), `${at}.${role}`)]));
};

const lifetime: Decoder<number> = (value, at) => {
  const ms = parseDuration(string(value, at), at);
  if (ms >= 1_000 && ms <= ceremonyLimits.lifetimeMsMax) return ms;
  throw malformed("a lifetime is one second to ten years", at);
};

const leastThreshold: Decoder<number> = (value, at) => {
  const count = positive("ceremony.malformed")(value, at);
  if (count <= ceremonyLimits.thresholdMax) return count;
  throw malformed(`a threshold is at most ${ceremonyLimits.thresholdMax}`, at);
};

const policy: Decoder<CeremonyPolicy> = (value, at) => {
  const members = strictObject(value, at, ["lifetimes", "thresholds"]);
  return {
    lifetimes: byRole(lifetime)(members("lifetimes"), `${at}.lifetimes`),
    thresholds: byRole(leastThreshold)(members("thresholds"), `${at}.thresholds`),
  };
};

/** An object with one member for each offline role and no other. */
function byRole<T>(decoder: Decoder<T>): Decoder<Readonly<Record<OfflineRole, T>>> {
  return (value, at) => {
    const members = strictObject(value, at, offlineRoles);
    const read = (role: OfflineRole): T => decoder(members(role), `${at}.${role}`);
    return { root: read("root"), targets: read("targets"), claimed: read("claimed") };
  };
}

/** All of `names` and nothing else: what nobody would be shown must not be carried along. */
function strictObject(value: Json, at: string, names: readonly string[]): (name: string) => Json {
  const tree = objectTree(value, at);
  const missing = names.find((name) => !tree.has(name));
  if (missing !== undefined) throw malformed(`"${missing}" is missing`, at);
  if (tree.size > names.length) throw malformed("it has a member that is not known", at);
  return (name) => tree.get(name) ?? null;
}

function roleMembers(member: (role: OfflineRole) => Json | undefined): Json {
  return jsonObject(Object.fromEntries(offlineRoles.map((role) => [role, member(role)])));
}

function malformed(reason: string, at: string): FormatError {
  return new FormatError("ceremony.malformed", `Cannot read ceremony file: ${reason}`, at);
}
