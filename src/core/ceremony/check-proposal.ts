/**
 * What would be regretted: a proposal judged before anybody signs it, again before it is published, by the rules of
 * clients and signer and by the policy. Pure; every refusal has a code (`docs/spec/ceremony.md`), and all of them are
 * named at once, so that people carry the file back only once.
 */
import { addMilliseconds } from "#formats/bytes/instant.ts";
import { offlineRoles } from "#formats/door/offline-metadata.ts";
import type { CeremonyFile } from "#formats/ceremony/ceremony-file.ts";
import { TrustError } from "#core/errors.ts";
import { delegatedRoleNames } from "#core/tuf/layout.ts";
import { delegatedPath } from "#core/tuf/offline-roles.ts";
import { checkThreshold } from "#core/tuf/threshold.ts";
import { trustRoot } from "#core/tuf/trusted-set.ts";
import { keyRefusals } from "./check-keys.ts";
import { openCeremony, signersOf } from "./open-ceremony.ts";
import type { Ceremony, OfflineFiles } from "./open-ceremony.ts";
import { refusal } from "./refusal.ts";
import type { CeremonyRefusal } from "./refusal.ts";
import { badSignature, wrongSignatures } from "./signatures.ts";

/** Clocks of offline machines are set by hand. */
const clockSlackMs = 86_400_000;
/** A restored backup makes versions go on from the milliseconds since 1970; further than a year from now is no restore. */
const jumpSlackMs = 366 * 86_400_000;

/** Empty when nothing is wrong but, perhaps, signatures that are missing. Throws as `openCeremony` does. */
export function checkProposal(file: CeremonyFile, now: Date): readonly CeremonyRefusal[] {
  const ceremony = openCeremony(file);
  return [
    ...currentRefusals(ceremony),
    ...versionRefusals(ceremony, now),
    ...expiryRefusals(ceremony, now),
    ...shapeRefusals(ceremony),
    ...keyRefusals(ceremony),
    ...floorRefusals(ceremony),
    ...companionRefusals(ceremony),
    ...signatureRefusals(ceremony),
  ];
}

/** What is said to be in force must at least verify in itself. Whether it is in force, only people and notes know. */
function currentRefusals({ current }: Ceremony): readonly CeremonyRefusal[] {
  if (current === undefined) return [];
  try {
    trustRoot(current.root.bytes);
    checkThreshold("targets", current.targets, signersOf(current, "targets"));
    checkThreshold("claimed", current.claimed, signersOf(current, "claimed"));
    return [];
  } catch (error) {
    if (!(error instanceof TrustError)) throw error;
    return [refusal("ceremony.current", `What is said to be in force is not: ${error.message}`)];
  }
}

function versionRefusals({ current, file, next }: Ceremony, now: Date): CeremonyRefusal[] {
  const refusals: CeremonyRefusal[] = [];
  const refuse = (sentence: string): void =>
    void refusals.push(refusal("ceremony.version", sentence));
  for (const role of offlineRoles) {
    const version = next[role]?.value.version;
    if (version === undefined) continue;
    const before = current?.[role].value.version ?? 0;
    const due = file.nextVersions[role];
    const furthest = Math.max(before + 1, now.getTime() + jumpSlackMs);
    if (version <= before) refuse(`${role} ${version} would not follow ${role} ${before}`);
    else if (version !== due) refuse(`${role} would be version ${version}, but ${due} is due`);
    else if ((role === "root" || current === undefined) && version !== before + 1) {
      refuse(`${role} ${version} would leave a gap after ${role} ${before}`);
    } else if (version > furthest) {
      refuse(`${role} would jump from version ${before} to ${version}, further than any restore`);
    }
  }
  return refusals;
}

function expiryRefusals({ file, next }: Ceremony, now: Date): readonly CeremonyRefusal[] {
  const refusals: CeremonyRefusal[] = [];
  for (const role of offlineRoles) {
    const expires = next[role]?.value.expires;
    if (expires === undefined) continue;
    const last = addMilliseconds(now, file.policy.lifetimes[role] + clockSlackMs);
    if (expires.at <= now) {
      refusals.push(refusal("ceremony.expiry", `${role} would have expired at ${expires.text}`));
    } else if (expires.at > last) {
      const sentence = `${role} would live until ${expires.text}, longer than the policy allows`;
      refusals.push(refusal("ceremony.expiry", sentence));
    }
  }
  return refusals;
}

/** As the signer publishes under it: names, paths and order of the delegations, consistent snapshots. */
function shapeRefusals({ after, next }: Ceremony): readonly CeremonyRefusal[] {
  const wrong: string[] = [];
  const { root, targets } = after;
  if (!root.value.consistentSnapshot) wrong.push("root would not have consistent snapshots");
  if (targets.value.targets.size > 0) wrong.push("targets would have targets of its own");
  const roles = targets.value.delegations?.roles ?? [];
  const isComplete =
    roles.length === delegatedRoleNames.length &&
    delegatedRoleNames.every((name, at) => roles[at]?.name === name);
  if (!isComplete) {
    wrong.push(`targets would not delegate to ${delegatedRoleNames.join(", ")}, in this order`);
  }
  for (const role of roles) {
    const name = delegatedRoleNames.find((known) => known === role.name);
    if (name === undefined) continue;
    if (role.terminating || role.paths?.join(" ") !== delegatedPath(name)) {
      wrong.push(`targets would misdirect ${name}`);
    }
  }
  if (next.root !== undefined && unusedKeys(after, "root").length > 0) {
    wrong.push("root would list a key that no role uses");
  }
  if (next.targets !== undefined && unusedKeys(after, "targets").length > 0) {
    wrong.push("targets would list a key that no role uses");
  }
  return wrong.map((sentence) => refusal("ceremony.shape", sentence));
}

function unusedKeys({ root, targets }: OfflineFiles, file: "root" | "targets"): readonly string[] {
  const { keys, roles } =
    file === "root"
      ? { keys: root.value.keys, roles: Object.values(root.value.roles) }
      : {
          keys: targets.value.delegations?.keys ?? new Map<string, never>(),
          roles: targets.value.delegations?.roles ?? [],
        };
  const used = new Set(roles.flatMap(({ keyIds }) => keyIds));
  return [...keys.keys()].filter((keyId) => !used.has(keyId));
}

/** A floor only rises, and never above what will be published: clients would refuse every snapshot. */
function floorRefusals({ after, current, next }: Ceremony): readonly CeremonyRefusal[] {
  if (next.root === undefined) return [];
  const wrong: string[] = [];
  const floors = next.root.value.floor ?? new Map<string, number>();
  for (const [role, before] of current?.root.value.floor ?? []) {
    const floor = floors.get(role) ?? 0;
    if (floor < before) wrong.push(`the floor of ${role} would fall from ${before} to ${floor}`);
  }
  for (const [role, floor] of floors) {
    if (role !== "targets" && role !== "claimed") {
      wrong.push(
        `a floor of ${role} would have clients refuse every snapshot one day; only targets and claimed have one`,
      );
    } else if (floor > after[role].value.version) {
      const { version } = after[role].value;
      wrong.push(`the floor of ${role} would be ${floor}, and there is ${role} ${version}`);
    }
  }
  return wrong.map((sentence) => refusal("ceremony.floor", sentence));
}

/** What does not change must still verify beside what does. */
function companionRefusals({ after, current, next }: Ceremony): readonly CeremonyRefusal[] {
  if (current === undefined) return [];
  const refusals: CeremonyRefusal[] = [];
  for (const role of ["targets", "claimed"] as const) {
    if (next[role] !== undefined) continue;
    try {
      checkThreshold(role, after[role], signersOf(after, role));
    } catch (error) {
      if (!(error instanceof TrustError)) throw error;
      const sentence = `${role} would not verify any more: it must be signed anew in this ceremony`;
      refusals.push(refusal("ceremony.incomplete", sentence));
    }
  }
  return refusals;
}

function signatureRefusals(ceremony: Ceremony): readonly CeremonyRefusal[] {
  return offlineRoles.flatMap((role) =>
    wrongSignatures(ceremony, role).map((keyId) => {
      const { message } = badSignature(role, keyId);
      return refusal("ceremony.signature", message);
    }),
  );
}
