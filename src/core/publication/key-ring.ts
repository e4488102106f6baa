/**
 * The keys a signer holds (docs/spec/repository.md, "Rotation"). A key's place says what an operator meant by it; which
 * of them sign is said by the metadata in force alone, so that no crash between two renames can matter.
 */
import type { HeldKeyState, HeldKeyStatus } from "#formats/door/signer-status.ts";
import { RefusedError } from "#core/errors.ts";
import type { TufSigner } from "#core/tuf/editor.ts";
import { onlineKeyNames } from "#core/tuf/layout.ts";
import type { OnlineKeyName } from "#core/tuf/layout.ts";
import type { OnlineKeys } from "./online-keys.ts";

/** Under its plain name; made ahead of a rotation; kept after it. */
export const keyPlaces = ["current", "next", "retired"] as const;

export type KeyPlace = (typeof keyPlaces)[number];

export type HeldKey = {
  readonly name: OnlineKeyName;
  readonly place: KeyPlace;
  readonly signer: TufSigner;
};

export type KeyRing = {
  readonly keys: readonly HeldKey[];
  /** Of those that are there and cannot be used, or are missing: a sentence each, for the operator. */
  readonly unusable: readonly string[];
};

/** Key ids that the metadata in force names, for each online key. */
export type NamedKeys = Readonly<Record<OnlineKeyName, readonly string[]>>;

/** One key for each role, each in its place. */
export function ringOf(keys: OnlineKeys): KeyRing {
  return {
    keys: onlineKeyNames.map((name) => ({ name, place: "current", signer: keys[name] })),
    unusable: [],
  };
}

/** Each once. */
export function heldKeys({ keys }: KeyRing, name: OnlineKeyName): readonly TufSigner[] {
  const held = keys.filter((key) => key.name === name).map(({ signer }) => signer);
  return [...new Map(held.map((signer) => [signer.key.keyId, signer])).values()];
}

/** Those that metadata names. */
export function namedKeys(
  ring: KeyRing,
  name: OnlineKeyName,
  keyIds: readonly string[],
): readonly TufSigner[] {
  return heldKeys(ring, name).filter(({ key }) => keyIds.includes(key.keyId));
}

export function keyAt(
  { keys }: KeyRing,
  name: OnlineKeyName,
  place: KeyPlace,
): TufSigner | undefined {
  return keys.find((key) => key.name === name && key.place === place)?.signer;
}

/** What the bins may be given whatever metadata names: never a key that was retired, which may have been stolen. */
export function freshBinKey(ring: KeyRing): TufSigner | undefined {
  return keyAt(ring, "bins", "next") ?? keyAt(ring, "bins", "current");
}

/** Keys by which newer metadata than what is known may be signed: those named, and those that came after them. */
export function freshKeys(
  ring: KeyRing,
  name: OnlineKeyName,
  keyIds: readonly string[],
): readonly TufSigner[] {
  const retired = keyAt(ring, name, "retired");
  return heldKeys(ring, name).filter(
    ({ key }) => key.keyId !== retired?.key.keyId || keyIds.includes(key.keyId),
  );
}

/** Whether the key there is one that metadata names. */
export function isNamedAt(
  ring: KeyRing,
  name: OnlineKeyName,
  place: KeyPlace,
  keyIds: readonly string[],
): boolean {
  const signer = keyAt(ring, name, place);
  return signer !== undefined && keyIds.includes(signer.key.keyId);
}

/** `role` is what cannot be signed, `reason` what asks for it. */
export function keyNotHeld(ring: KeyRing, role: string, reason: string): RefusedError {
  const found = ring.unusable.length === 0 ? "" : ` (${ring.unusable.join("; ")})`;
  return new RefusedError(
    "key.not-held",
    `Cannot publish ${role}: ${reason}${found}. Put the key's file into the signer's key folder`,
  );
}

/** What each held key is by the metadata in force, whatever its file is called. */
export function heldKeyStatuses(ring: KeyRing, named: NamedKeys): readonly HeldKeyStatus[] {
  const state = ({ name, place, signer }: HeldKey): HeldKeyState => {
    if (named[name].includes(signer.key.keyId)) return "current";
    if (place !== "current") return place;
    return isNamedAt(ring, name, "next", named[name]) ? "retired" : "next";
  };
  return ring.keys.map((key) => {
    return { name: key.name, keyId: key.signer.key.keyId, state: state(key) };
  });
}
