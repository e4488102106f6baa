/** Who may sign a role: key ids and how many distinct keys must have signed (specification 4.3, 4.5). */
import { FormatError } from "#formats/format-error.ts";
import { list, object, positive, string } from "#formats/json/decode.ts";
import type { Decoder } from "#formats/json/decode.ts";
import { jsonObject } from "#formats/json/value.ts";
import type { Json } from "#formats/json/value.ts";

export type RoleKeys = {
  /** Each once. An id whose key is not listed can never count. */
  readonly keyIds: readonly string[];
  /** One or more. */
  readonly threshold: number;
};

/** Throws FormatError `tuf.key-id` for an id that is listed twice. */
export const keyIds: Decoder<readonly string[]> = (value, at) => {
  const ids = list(string)(value, at);
  if (new Set(ids).size !== ids.length) {
    throw new FormatError("tuf.key-id", "Cannot read role: it lists a key id twice", at);
  }
  return ids;
};

export const threshold: Decoder<number> = positive("tuf.threshold");

const members: Decoder<{ readonly keyids: readonly string[]; readonly threshold: number }> = object(
  { keyids: keyIds, threshold },
);

export const roleKeys: Decoder<RoleKeys> = (value, at) => {
  const decoded = members(value, at);
  return { keyIds: decoded.keyids, threshold: decoded.threshold };
};

export function roleKeysToJson(role: RoleKeys): Json {
  return jsonObject({ keyids: [...role.keyIds], threshold: role.threshold });
}
