/** One thing the doctor looked at, and what it means for whoever runs this Holdfast. */
import type { RoleWarning } from "#core/watch/watch-roles.ts";

export type Finding = {
  /** "good" needs nothing, "note" is worth knowing, "warning" needs a plan, "fault" needs mending now. */
  readonly level: "good" | "note" | "warning" | "fault";
  /** Stable, for scripts. */
  readonly code: FindingCode;
  /** What was looked at: a path, a role, a program. */
  readonly subject: string;
  readonly message: string;
};

export type FindingCode =
  | "data.empty"
  | "data.space"
  | RoleWarning["code"]
  | "keys.offline-here"
  | "keys.offline-away"
  | "keys.out-of-reach"
  | "keys.permissions"
  | "metadata.behind"
  | "metadata.broken"
  | "metadata.expiry"
  | "program.answers"
  | "program.silent"
  | "proxy.anchor"
  | "proxy.metadata"
  | "proxy.out-of-reach"
  | "proxy.port"
  | "role.keys"
  | "versions";
