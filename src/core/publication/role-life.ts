/** How long roles live and when they are renewed (design 5). */
import type { Lifetimes } from "#formats/config/config.ts";
import { addMilliseconds } from "#formats/bytes/instant.ts";
import { isBinName } from "#core/tuf/layout.ts";
import type { OnlineKeyName } from "#core/tuf/layout.ts";
import type { RoleVersion } from "./signer-store.ts";

/** From signing to expiry, milliseconds. */
export function lifetimeMs(role: string, lifetimes: Lifetimes): number {
  if (isBinName(role)) return lifetimes.bins;
  switch (role) {
    case "root":
      return lifetimes.root;
    case "targets":
      return lifetimes.targets;
    case "claimed":
      return lifetimes.claimed;
    case "timestamp":
      return lifetimes.timestamp;
    case "snapshot":
      return lifetimes.snapshot;
    case "deny":
      return lifetimes.deny;
    case "recently-claimed":
      return lifetimes.recentlyClaimed;
    default:
      return lifetimes.unclaimed;
  }
}

/**
 * Half life at the latest. Bins are staggered between a quarter and a half of theirs, each by its place, so that those
 * signed together are not renewed together. A lifetime that was made shorter counts at once.
 */
export function roleDueAt(file: RoleVersion, lifetimes: Lifetimes): Date {
  const signedAt = file.signedAt.getTime();
  const own = file.expires.at.getTime() - signedAt;
  const life = Math.max(0, Math.min(own, lifetimeMs(file.role, lifetimes)));
  return addMilliseconds(file.signedAt, Math.floor(life * dueFraction(file.role)));
}

export function isOnlineRole(role: string): boolean {
  return role !== "root" && role !== "targets" && role !== "claimed";
}

/** Whose key signs the role. */
export function onlineKeyName(role: string): OnlineKeyName {
  if (isBinName(role)) return "bins";
  switch (role) {
    case "timestamp":
    case "snapshot":
    case "deny":
    case "recently-claimed":
      return role;
    default:
      return "unclaimed";
  }
}

function dueFraction(role: string): number {
  if (!isBinName(role)) return 0.5;
  const digits = role.slice(role.indexOf("-") + 1);
  return 0.25 + 0.25 * (Number.parseInt(digits, 16) / 16 ** digits.length);
}
