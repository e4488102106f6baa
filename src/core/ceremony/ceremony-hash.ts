/** One number for all that a ceremony says, without its signatures: people compare it by voice before they sign. */
import { sha256Hex } from "#crypto/hash.ts";
import { offlineRoles } from "#formats/door/offline-metadata.ts";
import { canonicalJson } from "#formats/json/canonical.ts";
import { jsonObject } from "#formats/json/value.ts";
import type { Json } from "#formats/json/value.ts";
import type { Ceremony } from "./open-ceremony.ts";

/** Lower-case hex. Equal for two files exactly when their policies, versions, current files and `signed` parts are. */
export function ceremonyHash({ file, next }: Ceremony): string {
  const { current, nextVersions, policy } = file;
  return sha256Hex(
    canonicalJson(
      jsonObject({
        current: current === undefined ? null : byRole((role) => sha256Hex(current[role])),
        lifetimes: byRole((role) => policy.lifetimes[role]),
        next: byRole((role) => next[role]?.tree),
        nextVersions: byRole((role) => nextVersions[role]),
        thresholds: byRole((role) => policy.thresholds[role]),
      }),
    ),
  );
}

function byRole(member: (role: (typeof offlineRoles)[number]) => Json | undefined): Json {
  return jsonObject(Object.fromEntries(offlineRoles.map((role) => [role, member(role)])));
}
