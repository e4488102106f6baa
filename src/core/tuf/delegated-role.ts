/** Rules for delegated roles (specification 5.6.7): each believed as far as its delegation goes, and no further. */
import { parseSigned } from "#formats/tuf/envelope.ts";
import type { MetaFile } from "#formats/tuf/metadata.ts";
import { targets as targetsDecoder } from "#formats/tuf/targets.ts";
import type { Delegation, Targets } from "#formats/tuf/targets.ts";
import { TrustError } from "#core/errors.ts";
import { checkListedFile } from "./listed-file.ts";
import { checkNotExpired, checkVersion, quoteName } from "./role-checks.ts";
import { checkThreshold, signersText } from "./threshold.ts";
import type { TrustedView } from "./trusted-set.ts";

/** A targets role that may be believed for the paths delegated to it. */
export type TrustedRole = {
  readonly name: string;
  readonly value: Targets;
  /** As received. */
  readonly bytes: Uint8Array;
};

/** The role at which every search starts. */
export function topTargetsRole(view: TrustedView): TrustedRole {
  return { name: "targets", value: view.targets.value, bytes: view.targets.bytes };
}

/** How the view's snapshot lists a role. Throws TrustError `tuf.missing`. */
export function listedRole(view: TrustedView, name: string): MetaFile {
  const listed = view.snapshot.value.meta.get(name);
  if (listed !== undefined) return listed;
  const snapshot = view.snapshot.value.version;
  const sentence = `Cannot use the role ${quoteName(name)}: snapshot ${snapshot} does not list it`;
  throw new TrustError("tuf.missing", sentence, { role: name, snapshot });
}

/**
 * 5.6.2 to 5.6.5 with the delegator's keys. `delegation` must come from `delegator`, which was verified before.
 * Throws TrustError or FormatError.
 */
export function acceptDelegated(
  view: TrustedView,
  delegator: TrustedRole,
  delegation: Delegation,
  bytes: Uint8Array,
): TrustedRole {
  const { name } = delegation;
  const listed = listedRole(view, name);
  const title = `${quoteName(name)} ${listed.version}`;
  checkListedFile(title, bytes, listed);
  const offered = parseSigned(bytes, targetsDecoder, `role ${title}`);
  checkThreshold(`${title}, delegated by ${quoteName(delegator.name)}`, offered, delegation);
  checkVersion(quoteName(name), offered.value, listed.version);
  checkNotExpired(quoteName(name), offered.value, view.at);
  return { name, value: offered.value, bytes };
}

/**
 * What a verified role may be remembered under. The name alone would let a role that was verified for one delegator
 * speak for another one, or go on speaking after its keys were replaced.
 */
export function delegationText(delegator: TrustedRole, delegation: Delegation): string {
  return JSON.stringify([delegator.name, delegation.name, signersText(delegation)]);
}

/** A role remembered under the same `delegationText`, as the file that this view lists. Throws TrustError. */
export function reuseDelegated(view: TrustedView, remembered: TrustedRole): TrustedRole {
  const listed = listedRole(view, remembered.name);
  const title = `${quoteName(remembered.name)} ${listed.version}`;
  checkVersion(quoteName(remembered.name), remembered.value, listed.version);
  checkListedFile(title, remembered.bytes, listed);
  checkNotExpired(quoteName(remembered.name), remembered.value, view.at);
  return remembered;
}
