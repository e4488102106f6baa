/** Who holds a key: a person's or machine's name, and where the key lives. Said beside keys, never inside them. */
import { FormatError } from "#formats/format-error.ts";
import { object, string } from "#formats/json/decode.ts";
import type { Decoder } from "#formats/json/decode.ts";
import { jsonObject } from "#formats/json/value.ts";
import type { Json } from "#formats/json/value.ts";

export const holderKinds = ["file", "encrypted-file", "ssh-agent", "command", "online"] as const;

export type HolderKind = (typeof holderKinds)[number];

export type Holder = {
  /** For people: one line. */
  readonly name: string;
  readonly kind: HolderKind;
};

export const holderNameLengthMax = 100;

/** One line with something on it. Throws FormatError `tuf.holder`. */
export const holderName: Decoder<string> = (value, at) => {
  const name = string(value, at);
  if (
    name.length > holderNameLengthMax ||
    name.trim() !== name ||
    !/^[^\p{C}\p{Zl}\p{Zp}]+$/u.test(name)
  )
    throw malformed(`its name is not one line of 1 to ${holderNameLengthMax} characters`, at);
  return name;
};

export const holderKind: Decoder<HolderKind> = (value, at) => {
  const kind = holderKinds.find((known) => known === value);
  if (kind === undefined) throw malformed(`its kind is none of ${holderKinds.join(", ")}`, at);
  return kind;
};

/** Throws FormatError `tuf.holder`, or `json.type`. */
export const holder: Decoder<Holder> = object({ name: holderName, kind: holderKind });

export function holderToJson({ kind, name }: Holder): Json {
  return jsonObject({ kind, name });
}

function malformed(reason: string, at: string): FormatError {
  return new FormatError("tuf.holder", `Cannot read key holder: ${reason}`, at);
}
