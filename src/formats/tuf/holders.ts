/**
 * `x-holders`, ours: who holds a key, in the `signed` part of root (keys of the top-level roles) and of targets (keys of
 * the roles it delegates to). Other clients keep the member and look past it, as the specification (4.2) tells them to
 * with every member they do not know. It never stands inside a key object: that would change the key's id.
 *
 * It is said by those who sign the file, for people to read. No signature is judged by it.
 */
import { FormatError } from "#formats/format-error.ts";
import { memberPath, object, objectTree, string } from "#formats/json/decode.ts";
import type { Decoder } from "#formats/json/decode.ts";
import { jsonObject } from "#formats/json/value.ts";
import type { Json } from "#formats/json/value.ts";

/** Where the private key is. `online`: at the signer. */
export const holderKinds = ["file", "encrypted-file", "ssh-agent", "command", "online"] as const;

export type HolderKind = (typeof holderKinds)[number];

export type Holder = {
  /** 1 to 100 characters, none of them a control character. */
  readonly name: string;
  readonly kind: HolderKind;
};

/** By key id. A key that is not here is held by somebody unknown; an id here may belong to no key. */
export type Holders = ReadonlyMap<string, Holder>;

const nameLengthMax = 100;

/** Throws FormatError `tuf.holder` for a name that is empty, over-long, or holds a control character. */
export const holderName: Decoder<string> = (value, at) => {
  const name = string(value, at);
  const good = name.trim() !== "" && name.length <= nameLengthMax && !/\p{Cc}/u.test(name);
  if (good) return name;
  const message = `Cannot read holder: a name has 1 to ${nameLengthMax} characters, no control character`;
  throw new FormatError("tuf.holder", message, at);
};

export function isHolderKind(text: string): text is HolderKind {
  return holderKinds.some((kind) => kind === text);
}

const member: Decoder<{ readonly name: string; readonly kind: string }> = object({
  name: holderName,
  kind: string,
});

/** Throws FormatError `json.type`, `tuf.holder`. A holder of a kind that a later version may know counts as unknown. */
export const holders: Decoder<Holders> = (value, at) => {
  const found = new Map<string, Holder>();
  for (const [keyId, tree] of objectTree(value, at)) {
    const { kind, name } = member(tree, memberPath(at, keyId));
    if (isHolderKind(kind)) found.set(keyId, { name, kind });
  }
  return found;
};

export function holdersToJson(value: Holders): Json {
  return new Map([...value].map(([keyId, holder]) => [keyId, jsonObject({ ...holder })]));
}
