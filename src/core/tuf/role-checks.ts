/** The single checks that the client's rules are made of, each with its code, its sentence and its evidence. */
import { quoteText } from "#formats/bytes/quote-text.ts";
import type { Metadata, RoleType } from "#formats/tuf/metadata.ts";
import type { Root } from "#formats/tuf/root.ts";
import type { Snapshot } from "#formats/tuf/snapshot.ts";
import { TrustError } from "#core/errors.ts";
import type { Signers } from "./threshold.ts";

export function topLevelSigners(root: Root, role: RoleType): Signers {
  return { ...root.roles[role], keys: root.keys };
}

/** For messages; names come from outside, so they are shortened, cannot forge another line and steer no terminal. */
export function quoteName(name: string): string {
  return quoteText(name);
}

/** Throws TrustError `tuf.version` unless the file is the one that was asked for. */
export function checkVersion(role: string, offered: Metadata, expected: number): void {
  if (offered.version === expected) return;
  const sentence = `Cannot accept ${role} ${offered.version}: version ${expected} is due`;
  throw new TrustError("tuf.version", sentence, { role, expected, offered: offered.version });
}

/** Throws TrustError `tuf.rollback`. `file` is what offers it. */
export function checkNotLower(file: string, role: string, offered: number, trusted: number): void {
  if (offered >= trusted) return;
  const subject = file === role ? `${role} ${offered}` : `${file}: it names ${role} ${offered}`;
  const sentence =
    file === role
      ? `Cannot accept ${subject}: version ${trusted} is already trusted`
      : `Cannot accept ${subject}, but version ${trusted} is already trusted`;
  throw new TrustError("tuf.rollback", sentence, { file, role, trusted, offered });
}

/** 5.5.5: no role goes back and none disappears. Throws TrustError `tuf.rollback`. */
export function checkNoRoleGoesBack(offered: Snapshot, held: Snapshot | undefined): void {
  // The one that is held already, offered again.
  if (held === undefined || held === offered) return;
  for (const [role, { version }] of held.meta) {
    const listed = offered.meta.get(role);
    // No text is made for the thousands of roles that are as they should be.
    if (listed !== undefined && listed.version >= version) continue;
    if (listed !== undefined) {
      checkNotLower(`snapshot ${offered.version}`, quoteName(role), listed.version, version);
    }
    const sentence = `Cannot accept snapshot ${offered.version}: it drops the role ${quoteName(role)}`;
    throw new TrustError("tuf.rollback", sentence, { file: "snapshot", role, trusted: version });
  }
}

/** Root's `x-floor`: versions below it were signed by keys that were stolen. Throws TrustError `tuf.rollback`. */
export function checkFloor(offered: Snapshot, root: Root): void {
  for (const [role, floor] of root.floor ?? []) {
    const version = offered.meta.get(role)?.version ?? 0;
    if (version >= floor) continue;
    const sentence = `Cannot accept snapshot ${offered.version}: root ${root.version} asks for ${quoteName(role)} ${floor} or later`;
    throw new TrustError("tuf.rollback", sentence, {
      file: "snapshot",
      role,
      floor,
      offered: version,
    });
  }
}

/** Throws TrustError `tuf.expired`. What expires at this very second has expired. */
export function checkNotExpired(role: string, offered: Metadata, now: Date): void {
  if (offered.expires.at.getTime() > now.getTime()) return;
  const { expires, version } = offered;
  const sentence = `Cannot trust ${role} ${version}: it expired at ${expires.text}`;
  throw new TrustError("tuf.expired", sentence, { role, version, expires });
}
