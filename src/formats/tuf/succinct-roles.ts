/** Succinct hashed bins (TAP 15): 2^bitLength roles, one for each prefix of SHA-256(target path). */
import { sha256 } from "#crypto/hash.ts";
import { FormatError } from "#formats/format-error.ts";
import { integer, object } from "#formats/json/decode.ts";
import type { Decoder } from "#formats/json/decode.ts";
import { jsonObject } from "#formats/json/value.ts";
import type { Json } from "#formats/json/value.ts";
import { delegatedRoleName } from "./role-file.ts";
import { keyIds, threshold } from "./role-keys.ts";
import type { RoleKeys } from "./role-keys.ts";

export type SuccinctRoles = RoleKeys & {
  /** 1 to 32. */
  readonly bitLength: number;
  readonly namePrefix: string;
};

const bitLength: Decoder<number> = (value, at) => {
  const bits = integer(value, at);
  if (bits < 1 || bits > 32) {
    throw new FormatError("tuf.metadata", "Cannot read succinct roles: 1 to 32 bits allowed", at);
  }
  return bits;
};

export const succinctRoles: Decoder<SuccinctRoles> = (value, at) => {
  const members = succinctMembers(value, at);
  return {
    keyIds: members.keyids,
    threshold: members.threshold,
    bitLength: members.bit_length,
    namePrefix: members.name_prefix,
  };
};

const succinctMembers: Decoder<{
  readonly keyids: readonly string[];
  readonly threshold: number;
  readonly bit_length: number;
  readonly name_prefix: string;
}> = object({
  keyids: keyIds,
  threshold,
  bit_length: bitLength,
  name_prefix: delegatedRoleName,
});

export function succinctRolesToJson(roles: SuccinctRoles): Json {
  return jsonObject({
    bit_length: roles.bitLength,
    keyids: [...roles.keyIds],
    name_prefix: roles.namePrefix,
    threshold: roles.threshold,
  });
}

/** The bin that holds `path`. */
export function binName(roles: SuccinctRoles, path: string): string {
  const digest = sha256(Buffer.from(path, "utf8"));
  const head = new DataView(digest.buffer, digest.byteOffset, 4).getUint32(0);
  return nameOfBin(roles, head >>> (32 - roles.bitLength));
}

/** Every bin's name, in order. */
export function* binNames(roles: SuccinctRoles): Generator<string> {
  const count = 2 ** roles.bitLength;
  for (let index = 0; index < count; index++) yield nameOfBin(roles, index);
}

export function nameOfBin(roles: SuccinctRoles, index: number): string {
  // As wide as the last bin's number.
  const width = Math.ceil(roles.bitLength / 4);
  return `${roles.namePrefix}-${index.toString(16).padStart(width, "0")}`;
}
