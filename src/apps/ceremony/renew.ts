/** Root, targets and claimed signed anew, as they are, with the offline keys (design 5). */
import { RefusedError } from "#core/errors.ts";
import type { Clock } from "#core/ports.ts";
import { lifetimeMs } from "#core/publication/role-life.ts";
import type { TufSigner } from "#core/tuf/editor.ts";
import { signNextOffline, signersFor } from "#core/tuf/offline-roles.ts";
import type { OfflineRole } from "#formats/door/offline-metadata.ts";
import type { CeremonyDoor } from "./ceremony-door.ts";
import type { RenewOptions } from "./options.ts";

export type Renewed = {
  readonly role: OfflineRole;
  readonly version: number;
  readonly expires: string;
};

/** What was renewed. Throws RefusedError `key.unusable` where a key is missing, and as the door does. */
export async function renewOffline(
  door: CeremonyDoor,
  { config, ifDue, roles }: Pick<RenewOptions, "config" | "ifDue" | "roles">,
  held: readonly TufSigner[],
  clock: Clock,
): Promise<readonly Renewed[]> {
  const status = await door.readStatus();
  const due = new Set(status.roles.filter((role) => role.due).map(({ role }) => role));
  const wanted = roles.filter((role) => !ifDue || due.has(role));
  if (wanted.length === 0) return [];
  const { lifetimes } = config.signer;
  const current = await door.readCurrent();
  const files = new Map<OfflineRole, Uint8Array>();
  const renewed: Renewed[] = [];
  for (const role of wanted) {
    const { signers, threshold } = signersFor(role, current.metadata, held);
    if (signers.length < threshold) throw missingKeys(role, signers.length, threshold);
    const version = current.nextVersions[role];
    const signing = { version, now: clock(), lifetimeMs: lifetimeMs(role, lifetimes), signers };
    const file = await signNextOffline(role, current.metadata[role], signing);
    files.set(role, file.bytes);
    renewed.push({ role, version, expires: file.expires.text });
  }
  await door.submit(Object.fromEntries(files));
  return renewed;
}

function missingKeys(role: OfflineRole, found: number, threshold: number): RefusedError {
  return new RefusedError(
    "key.unusable",
    `Cannot renew ${role}: ${threshold} of its keys must sign and ${found} are here; name their folder with --keys`,
  );
}
