/**
 * What follows from exactly these keys being in a thief's hands: what the thief could do until now (PEP 458, table 4;
 * PEP 480, table 1), what must be replaced by whom, and what must be compared with a good copy (PEP 458, "In the event of
 * a key compromise"; PEP 480, "In the case of key compromise"). Pure.
 */
import { FormatError } from "#formats/format-error.ts";
import type { OfflineRole } from "#formats/door/offline-metadata.ts";
import { offlineRoleNames, onlineKeyNames } from "#core/tuf/layout.ts";
import type { OnlineKeyName } from "#core/tuf/layout.ts";

export type KeyOwner = OfflineRole | OnlineKeyName;

export const keyOwners: readonly KeyOwner[] = [...offlineRoleNames, ...onlineKeyNames];

/** What the thief could make a client believe. */
export type ThiefReach =
  /** Nothing: every key lacks another one. */
  | "nothing"
  /** Hold clients back at a state of before, as long as the timestamp's key signs. */
  | "freeze"
  /** Also mix old and new files of roles. */
  | "mix"
  /** Also take files off pages. */
  | "hide"
  /** Other pages, and so other files, for all projects that are not claimed. */
  | "unclaimed-files"
  /** Other files for every project. */
  | "all-files"
  /** Other keys for everything, also after this recovery for whoever has seen them. */
  | "everything";

export type RecoveryNeeds = {
  readonly stolen: readonly KeyOwner[];
  readonly reach: ThiefReach;
  /** Offline files that have to be signed anew, in a ceremony. Empty where the signer can do it alone. */
  readonly ceremony: readonly OfflineRole[];
  /** Keys at the signer that are made anew. */
  readonly online: readonly OnlineKeyName[];
  /** Roles whose holders need new keys. */
  readonly offline: readonly OfflineRole[];
  /** Pages of now must be compared with a copy from before the theft. */
  readonly compare: boolean;
  /** Every user needs the new root on another way than from the index. */
  readonly outOfBand: boolean;
};

export type RecoveryStep = {
  readonly by: "everybody" | "offline holders" | "operator" | "signer";
  /** One sentence. */
  readonly text: string;
  /** The list it comes from. */
  readonly from: "PEP 458" | "PEP 480" | "TUF 6.1" | "Holdfast";
};

/**
 * `all-online`, or names with commas between; `none` where only the index was taken, which can change pages and has no
 * key. Throws FormatError `options.invalid`.
 */
export function parseStolen(text: string): readonly KeyOwner[] {
  if (text === "none") return [];
  const named = new Set<string>(text.split(",").map((word) => word.trim()));
  if (named.delete("all-online")) for (const name of onlineKeyNames) named.add(name);
  const stolen = keyOwners.filter((name) => named.delete(name));
  const [unknown] = named;
  if (unknown === undefined && stolen.length > 0) return stolen;
  throw new FormatError(
    "options.invalid",
    `Cannot read --stolen: "${unknown ?? ""}" is none of all-online, none, ${keyOwners.join(", ")}`,
  );
}

export function recoveryNeeds(stolen: readonly KeyOwner[]): RecoveryNeeds {
  const has = (name: KeyOwner): boolean => stolen.includes(name);
  const online = onlineKeyNames.filter(has);
  const offline = offlineRoleNames.filter(has);
  const reach = reachOf(has);
  const inTargets = (["claimed", "deny", "recently-claimed", "unclaimed"] as const).some(has);
  const ceremony = offlineRoleNames.filter((role) => {
    // Only the key of the bins is named by a file that the signer signs itself.
    if (role === "root") return online.some((name) => name !== "bins") || offline.length > 0;
    // All of targets' own content is of before the theft, but whoever has the key can sign it again.
    if (role === "targets") return inTargets || has("targets");
    return has("claimed");
  });
  const changesPages = ["all-files", "everything", "unclaimed-files"].includes(reach);
  const compare = changesPages || stolen.length === 0;
  return { stolen, reach, ceremony, online, offline, compare, outOfBand: has("root") };
}

/** What the PEPs' lists demand for exactly these keys, in the order in which it is done. */
export function recoverySteps(needs: RecoveryNeeds): readonly RecoveryStep[] {
  return [...beforeCeremony(needs), ...ceremonySteps(needs), ...publicationSteps(needs)];
}

function reachOf(has: (name: KeyOwner) => boolean): ThiefReach {
  if (has("root")) return "everything";
  if (!has("timestamp")) return "nothing";
  if (!has("snapshot")) return "freeze";
  if (has("targets") || has("claimed")) return "all-files";
  if (has("recently-claimed") || has("unclaimed") || has("bins")) return "unclaimed-files";
  return has("deny") ? "hide" : "mix";
}

function beforeCeremony({ compare, online }: RecoveryNeeds): readonly RecoveryStep[] {
  const steps: RecoveryStep[] = [
    {
      by: "operator",
      text: "Close the way in: another machine or a clean system, new passwords and tokens. A thief who is still there gets the new keys too.",
      from: "Holdfast",
    },
  ];
  if (compare) {
    steps.push({
      by: "operator",
      text: "Compare every page with the last copy from before the theft; decide which projects are put back.",
      from: "PEP 458",
    });
  }
  if (online.length > 0) {
    steps.push({
      by: "signer",
      text: `Make new keys for ${listOf(online)}.`,
      from: "PEP 458",
    });
  }
  return steps;
}

function ceremonySteps({ ceremony, offline, outOfBand, stolen }: RecoveryNeeds): RecoveryStep[] {
  const steps: RecoveryStep[] = [];
  const inRoot = stolen.filter((name) => ["snapshot", "targets", "timestamp"].includes(name));
  const inTargets = stolen.filter((name) =>
    ["claimed", "deny", "recently-claimed", "unclaimed"].includes(name),
  );
  for (const role of offline) {
    steps.push({
      by: "offline holders",
      text: `Make new keys for ${role}, each on its holder's own machine, and send their cards.`,
      from: role === "claimed" ? "PEP 480" : "PEP 458",
    });
  }
  if (outOfBand) {
    steps.push({
      by: "offline holders",
      text: "Sign a root that replaces all keys of root; the old keys sign it too, once, for those who have seen nothing else.",
      from: "PEP 458",
    });
  }
  if (inRoot.length > 0) {
    const text = `Sign a root that replaces the keys of ${listOf(inRoot)}.`;
    steps.push({ by: "offline holders", text, from: "PEP 458" });
  }
  if (inTargets.length > 0) {
    const text = `Sign targets that replaces the keys of ${listOf(inTargets)}.`;
    const from = inTargets.length === 1 && inTargets[0] === "unclaimed" ? "PEP 458" : "PEP 480";
    steps.push({ by: "offline holders", text, from });
  }
  if (stolen.includes("targets")) {
    const text = "Sign targets with its new keys, so that nothing the stolen key signed counts.";
    steps.push({ by: "offline holders", text, from: "PEP 458" });
  }
  if (stolen.includes("claimed")) {
    const text = "Sign claimed with its new keys, from what the good copy says.";
    steps.push({ by: "offline holders", text, from: "PEP 480" });
  }
  if (ceremony.includes("root")) {
    const text =
      "Root raises x-floor to the versions of targets and claimed that are in force afterwards: no older one is accepted any more, whoever signs a snapshot with it.";
    steps.push({ by: "offline holders", text, from: "Holdfast" });
  }
  return steps;
}

function publicationSteps({ compare, online, outOfBand, stolen }: RecoveryNeeds): RecoveryStep[] {
  const steps: RecoveryStep[] = [];
  if (compare) {
    const text =
      "Put the chosen projects back: files that came since leave their pages, files that were taken away come back.";
    steps.push({ by: "signer", text, from: "PEP 458" });
  }
  if (stolen.includes("recently-claimed")) {
    const text =
      "Clear recently-claimed: claims made since the last ceremony are registered again by their owners.";
    steps.push({ by: "signer", text, from: "PEP 480" });
  }
  if (online.includes("unclaimed") || online.includes("bins")) {
    const text = "Sign unclaimed and every bin anew, with new keys, versions and expiry.";
    steps.push({ by: "signer", text, from: "PEP 458" });
  }
  steps.push({ by: "signer", text: "Publish a new snapshot and timestamp.", from: "PEP 458" });
  if (outOfBand) {
    const text =
      "Give every user the new root on another way than from the index, and tell them why.";
    steps.push({ by: "everybody", text, from: "PEP 458" });
  }
  const text = compare
    ? "Publish a security bulletin: which projects and files, since when, what users do."
    : "Publish a security bulletin: what was stolen, and that no file was changed with it.";
  steps.push({ by: "operator", text, from: "PEP 458" });
  return steps;
}

function listOf(names: readonly string[]): string {
  const last = names.at(-1) ?? "";
  return names.length < 2 ? last : `${names.slice(0, -1).join(", ")} and ${last}`;
}
