/** What a person reads before signing. A name stands last on its line, so that nothing in it can pass for our words. */
import type { Instant } from "#formats/bytes/instant.ts";
import { formatDuration } from "#formats/config/duration.ts";
import { offlineRoles } from "#formats/door/offline-metadata.ts";
import type { Holder } from "#formats/tuf/holder.ts";
import type {
  CeremonyDescription,
  FileDescription,
  KeyDescription,
  OtherChange,
  RoleDescription,
} from "#core/ceremony/describe-changes.ts";
import { isOnline } from "#core/ceremony/open-ceremony.ts";
import type { SignatureDemand } from "#core/ceremony/signatures.ts";

const day = 86_400_000;
const shownLengthMax = 300;

export function descriptionLines(
  {
    currentRoot,
    demands,
    files,
    floors,
    hash,
    oldestRoot,
    others,
    policy,
    roles,
  }: CeremonyDescription,
  now: Date,
): readonly string[] {
  const holders = holdersByKey(roles);
  return [
    numberLine(hash),
    "  Everybody who signs compares this number by voice.",
    ...(currentRoot === undefined
      ? ["The first ceremony of its index: nothing is in force yet."]
      : [`In force until now: root ${currentRoot.version}, ${currentRoot.fingerprint}`]),
    ...(oldestRoot === undefined
      ? []
      : [`  It follows from root ${oldestRoot.version}, ${oldestRoot.fingerprint}`]),
    `Today is ${dateWords(now)} by this machine's clock.`,
    "",
    "Files",
    ...files.map((file) => fileLine(file, now)),
    ...floors.map(({ floor, floorBefore, role }) => {
      const before = floorBefore === floor ? "" : `, was ${floorBefore ?? "none"}`;
      return `  x-floor: ${role} ${floor ?? "none"} or later${before}`;
    }),
    "",
    "Keys (+ comes, - goes, ! other holder)",
    ...roles.flatMap(roleLines),
    ...(others.length === 0 ? [] : ["", "Further changes in what is signed"]),
    ...others.map(otherLine),
    "",
    "Policy of this ceremony",
    ...offlineRoles.map((role) => {
      const lifetime = formatDuration(policy.lifetimes[role]);
      return `  ${role} lives ${lifetime} at most, and ${count(policy.thresholds[role], "key")} must sign it at least`;
    }),
    ...(demands.length === 0 ? [] : ["", "Signatures"]),
    ...demands.flatMap((demand) => demandLines(demand, holders)),
  ];
}

/** What people compare, in groups that can be read aloud. */
export function numberLine(hash: string): string {
  return `Ceremony ${hash.replaceAll(/(.{4})(?=.)/g, "$1 ")}`;
}

function fileLine(file: FileDescription, now: Date): string {
  const { changes, expires, expiresBefore, role, version, versionBefore } = file;
  const life = `until ${dateWords(expires.at)}, ${daysWords(expires, now)}`;
  if (!changes) return `  ${role} ${version} stays as it is, ${life}`;
  const was = expiresBefore === undefined ? "" : `; was until ${dateWords(expiresBefore.at)}`;
  const step = versionBefore === undefined ? "" : ` after ${role} ${versionBefore}`;
  return `  ${role} ${version}${step}, ${life}${was}`;
}

function roleLines({ keys, role, threshold, thresholdBefore }: RoleDescription): readonly string[] {
  const isSame = thresholdBefore === undefined || thresholdBefore === threshold;
  const there = keys.filter(({ change }) => change !== "removed").length;
  const where = isOnline(role) ? "online" : "offline";
  const was = isSame ? "" : ` (until now ${thresholdBefore})`;
  return [
    `  ${role}, ${where}: ${threshold} of ${count(there, "key")} must sign${was}`,
    ...keys.flatMap(keyLines),
  ];
}

const marks: Readonly<Record<KeyDescription["change"], string>> = {
  added: "+",
  "other-holder": "!",
  removed: "-",
  same: " ",
};

function keyLines({ change, holder, holderBefore, keyId, scheme }: KeyDescription): string[] {
  const line = `    ${marks[change]} sha256:${keyId}`;
  const held = `        ${scheme}, ${holderWords(holder)}`;
  if (change !== "other-holder") return [line, held];
  return [line, held, `        until now ${holderWords(holderBefore)}`];
}

function holderWords(holder: Holder | undefined): string {
  return holder === undefined ? "holder unknown" : `${holder.kind}, held by ${shown(holder.name)}`;
}

function otherLine({ after, before, file, path }: OtherChange): string {
  const name = cut(path.join("."));
  if (before === undefined) return `  + ${file} ${name}: ${cut(after ?? "")}`;
  if (after === undefined) return `  - ${file} ${name}: ${cut(before)}`;
  return `  ! ${file} ${name}: ${cut(before)} becomes ${cut(after)}`;
}

/** How long it is says at least that there is more. */
function cut(text: string): string {
  if (text.length <= shownLengthMax) return shown(text);
  return `${shown(text.slice(0, shownLengthMax))}… (${text.length} characters)`;
}

/** Spaces in a row would push what follows to the beginning of a terminal's next line, where it could pass for ours. */
function shown(text: string): string {
  return text.replaceAll(/ {2,}/g, (run) => "␠".repeat(run.length));
}

export function demandLines(
  { keys, missing, role, signed, threshold }: SignatureDemand,
  holders: ReadonlyMap<string, Holder>,
): readonly string[] {
  const line = (word: string, keyId: string): string =>
    `    ${word} sha256:${keyId.slice(0, 16)}… ${shown(holders.get(keyId)?.name ?? "holder unknown")}`;
  const whose = keys === "before" ? ", by the keys until now" : "";
  return [
    `  ${role}${whose}: ${signed.length} of ${threshold} needed`,
    ...signed.map((keyId) => line("signed ", keyId)),
    ...(signed.length < threshold ? missing.map((keyId) => line("missing", keyId)) : []),
  ];
}

export function holdersByKey(roles: readonly RoleDescription[]): ReadonlyMap<string, Holder> {
  const holders = new Map<string, Holder>();
  for (const { keys } of roles) {
    for (const { holder, keyId } of keys) if (holder !== undefined) holders.set(keyId, holder);
  }
  return holders;
}

/** "21 November 2026, 10:00 UTC". */
export function dateWords(date: Date): string {
  const month = date.toLocaleString("en", { month: "long", timeZone: "UTC" });
  const time = date.toISOString().slice(11, 16);
  return `${date.getUTCDate()} ${month} ${date.getUTCFullYear()}, ${time} UTC`;
}

function daysWords({ at }: Instant, now: Date): string {
  const days = Math.round(Math.abs(at.getTime() - now.getTime()) / day);
  return at > now ? `in ${count(days, "day")}` : `${count(days, "day")} ago`;
}

export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** The same for scripts. */
export function descriptionJson(description: CeremonyDescription): object {
  const { demands, files, ...rest } = description;
  return {
    ...rest,
    files: files.map(({ expires, expiresBefore, ...file }) => {
      return { ...file, expires: expires.text, expiresBefore: expiresBefore?.text };
    }),
    signatures: demands,
  };
}
