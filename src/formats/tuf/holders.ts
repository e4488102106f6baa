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
import type { Json } from "#formats/json/value.ts";
import { holderKind, holderKinds, holderNameLengthMax, holderToJson } from "./holder.ts";
import type { Holder } from "./holder.ts";

/** By key id. A key that is not here is held by somebody unknown; an id here may belong to no key. */
export type Holders = ReadonlyMap<string, Holder>;

/**
 * Wider than what a key card may say (`holder.ts`), and the same in every version of Unicode: a client must not refuse
 * a root over a letter that is newer than itself.
 */
const heldName: Decoder<string> = (value, at) => {
  const name = string(value, at);
  const good = name.trim() !== "" && name.length <= holderNameLengthMax && !/\p{Cc}/u.test(name);
  if (good) return name;
  const message = `Cannot read key holder: its name is not 1 to ${holderNameLengthMax} characters without control characters`;
  throw new FormatError("tuf.holder", message, at);
};

/** One of those below, handed on. Show its name escaped. Throws FormatError `tuf.holder`, or `json.type`. */
export const heldBy: Decoder<Holder> = object({ name: heldName, kind: holderKind });

const member: Decoder<{ readonly name: string; readonly kind: string }> = object({
  name: heldName,
  kind: string,
});

/** Throws FormatError `json.type`, `tuf.holder`. A holder of a kind that a later version may know counts as unknown. */
export const holders: Decoder<Holders> = (value, at) => {
  const found = new Map<string, Holder>();
  for (const [keyId, tree] of objectTree(value, at)) {
    const { name, ...held } = member(tree, memberPath(at, keyId));
    const kind = holderKinds.find((known) => known === held.kind);
    if (kind !== undefined) found.set(keyId, { name, kind });
  }
  return found;
};

export function holdersToJson(value: Holders): Json {
  return new Map([...value].map(([keyId, holder]) => [keyId, holderToJson(holder)]));
}
