/** The cards of the signer's keys, on their way to a ceremony in one file. */
import { FormatError } from "#formats/format-error.ts";
import { literal, object, record } from "#formats/json/decode.ts";
import type { Decoder } from "#formats/json/decode.ts";
import { formatJson } from "#formats/json/format.ts";
import { parseJson } from "#formats/json/parse.ts";
import { jsonObject } from "#formats/json/value.ts";
import { holder } from "#formats/tuf/holder.ts";
import { keyCardLimits, usableKey } from "./key-card.ts";
import type { KeyCard } from "./key-card.ts";

/** Roles whose key root or targets names and the signer holds. */
export const namedOnlineRoles = [
  "timestamp",
  "snapshot",
  "deny",
  "recently-claimed",
  "unclaimed",
] as const;

export type NamedOnlineRole = (typeof namedOnlineRoles)[number];

export type OnlineCards = Readonly<Partial<Record<NamedOnlineRole, KeyCard>>>;

export const onlineCardsSizeMax: number = 8 * keyCardLimits.sizeMax;

export function formatOnlineCards(cards: OnlineCards): Uint8Array {
  const entries = namedOnlineRoles.flatMap((role) => {
    const card = cards[role];
    if (card === undefined) return [];
    const { key, kind, name } = card;
    return [[role, jsonObject({ name, kind, key: key.tree })] as const];
  });
  return formatJson(jsonObject({ "holdfast-online-keys": 1, cards: new Map(entries) }));
}

const card: Decoder<KeyCard> = (value, at) => {
  const { key } = object({ key: usableKey })(value, at);
  return { ...holder(value, at), key };
};

const members = object({
  "holdfast-online-keys": literal(1, "ceremony.malformed"),
  cards: record(card),
});

/** Throws FormatError `ceremony.malformed` for a role that is none of them, and as `parseKeyCard`. */
export function parseOnlineCards(bytes: Uint8Array): OnlineCards {
  const limits = { sizeMax: onlineCardsSizeMax, depthMax: keyCardLimits.depthMax };
  const { cards } = members(parseJson(bytes, limits, "online keys"), "online keys");
  for (const name of cards.keys()) {
    if (namedOnlineRoles.some((role) => role === name)) continue;
    throw new FormatError(
      "ceremony.malformed",
      "Cannot read online keys: root and targets name no such role",
      "online keys",
    );
  }
  return Object.fromEntries(cards);
}
