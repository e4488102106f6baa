/** Options of the form ROLE=VALUE, as all commands of `holdfast ceremony` take them. */
import { parseInstant } from "#formats/bytes/instant.ts";
import type { Instant } from "#formats/bytes/instant.ts";
import type { CeremonyPolicy } from "#formats/ceremony/ceremony-file.ts";
import { ceremonyLimits } from "#formats/ceremony/limits.ts";
import { parseDuration } from "#formats/config/duration.ts";
import { isOfflineRole, offlineRoles } from "#formats/door/offline-metadata.ts";
import type { OfflineRole } from "#formats/door/offline-metadata.ts";
import { FormatError } from "#formats/format-error.ts";

export type RoleValue<Role extends string = OfflineRole> = {
  readonly role: Role;
  readonly value: string;
};

/** commander's collector for an option that may be given several times. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** "root=VALUE". Throws FormatError `options.invalid`. */
export function readRoleValue(text: string, option: string): RoleValue {
  const at = text.indexOf("=");
  const role = text.slice(0, Math.max(at, 0));
  const value = text.slice(at + 1);
  if (isOfflineRole(role) && value !== "") return { role, value };
  throw invalid(`${option} takes ROLE=VALUE with one of ${offlineRoles.join(", ")}, as in root=…`);
}

/** "root,targets": each once, in the order of the roles. */
export function readRoles(texts: readonly string[], option: string): readonly OfflineRole[] {
  const named = new Set(texts.flatMap((text) => text.split(",")));
  const wrong = [...named].find((name) => !isOfflineRole(name));
  if (wrong === undefined) return offlineRoles.filter((role) => named.has(role));
  throw invalid(`${option} takes ${offlineRoles.join(", ")}, not "${wrong}"`);
}

export function readCount(text: string, option: string): number {
  const count = /^[1-9][0-9]{0,14}$/.test(text) ? Number(text) : 0;
  if (count >= 1) return count;
  throw invalid(`${option} takes a whole number from 1, not "${text}"`);
}

/** "2027-11-21" is its first second; or the exact form of the metadata. */
export function readDate(text: string, option: string): Instant {
  try {
    return parseInstant(/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(text) ? `${text}T00:00:00Z` : text);
  } catch {
    throw invalid(`${option} takes a date as 2027-11-21 or 2027-11-21T10:00:00Z, not "${text}"`);
  }
}

export type PolicyOptions = {
  readonly lifetime?: readonly string[];
  readonly least?: readonly string[];
};

/** The usual policy with what was said. */
export function readPolicy(usual: CeremonyPolicy, options: PolicyOptions): CeremonyPolicy {
  const lifetimes = { ...usual.lifetimes };
  for (const { role, value } of roleValues(options.lifetime, "--lifetime")) {
    lifetimes[role] = parseDuration(value, "--lifetime");
    if (lifetimes[role] < 1_000 || lifetimes[role] > ceremonyLimits.lifetimeMsMax) {
      throw invalid("--lifetime takes one second to ten years");
    }
  }
  const thresholds = { ...usual.thresholds };
  for (const { role, value } of roleValues(options.least, "--least")) {
    thresholds[role] = readCount(value, "--least");
  }
  return { lifetimes, thresholds };
}

export function roleValues(
  texts: readonly string[] | undefined,
  option: string,
): readonly RoleValue[] {
  return (texts ?? []).map((text) => readRoleValue(text, option));
}

export function invalid(reason: string): FormatError {
  return new FormatError("options.invalid", `Cannot read the options: ${reason}`);
}
