/**
 * What the signer says of itself at its door: every role's version, life and keys, which keys it holds, and how far
 * publication has come.
 */
import {
  boolean,
  list,
  natural,
  object,
  oneOf,
  optional,
  positive,
  string,
} from "#formats/json/decode.ts";
import { formatJson } from "#formats/json/format.ts";
import { parseJson } from "#formats/json/parse.ts";
import { jsonObject } from "#formats/json/value.ts";
import { holderToJson } from "#formats/tuf/holder.ts";
import type { Holder } from "#formats/tuf/holder.ts";
import { heldBy } from "#formats/tuf/holders.ts";
import { doorLimits } from "./limits.ts";

export type RoleStatus = {
  /** A role's name; all bins together are "bins", with the highest version and the earliest times among them. */
  readonly role: string;
  readonly version: number;
  /** How many of the keys must sign. */
  readonly threshold: number;
  /** Who may sign it, by the metadata in force. */
  readonly keyIds: readonly string[];
  /** When this signer signed it, or took it in; `YYYY-MM-DDTHH:MM:SSZ`, as all times here. */
  readonly signedAt: string;
  readonly expires: string;
  /** When it ought to be renewed, at half life. */
  readonly dueAt: string;
  readonly due: boolean;
  readonly expired: boolean;
  /** Renewed by a ceremony, never by the signer itself. */
  readonly offline: boolean;
  /** The version the next one must have, or exceed where the role is signed online. */
  readonly nextVersion: number;
};

/** Judged by the metadata in force: it names "current" keys; "next" ones are made ahead, "retired" ones kept after. */
export const heldKeyStates = ["current", "next", "retired"] as const;

export type HeldKeyState = (typeof heldKeyStates)[number];

export type HeldKeyStatus = {
  /** Of an online role, all bins being "bins". */
  readonly name: string;
  readonly keyId: string;
  readonly state: HeldKeyState;
};

/** A key that the metadata in force names. */
export type KeyStatus = {
  readonly keyId: string;
  /** As TUF names it; "unknown" for one we cannot verify with. */
  readonly scheme: string;
  /** Who holds it, where the metadata says so; a name as metadata may have it, to be shown escaped. */
  readonly holder?: Holder;
};

export type SignerStatus = {
  /** Of the newest visible page. */
  readonly serial: number;
  /** Of the newest visible batch. */
  readonly batch: number;
  /** Changes that wait. */
  readonly waiting: number;
  readonly projects: number;
  readonly bins: number;
  /** How far the clock stands behind what was signed already; 0 when all is well. */
  readonly clockBehindMs: number;
  /** Of the very first root. */
  readonly rootFingerprint: string;
  /** Of the root in force, where it is a later one. */
  readonly newestRootFingerprint?: string;
  readonly roles: readonly RoleStatus[];
  /** Each key that one of the roles names, once. */
  readonly keys: readonly KeyStatus[];
  readonly heldKeys: readonly HeldKeyStatus[];
};

export function formatSignerStatus(status: SignerStatus): Uint8Array {
  return formatJson(
    jsonObject({
      ...status,
      roles: status.roles.map((role) => jsonObject({ ...role, keyIds: [...role.keyIds] })),
      keys: status.keys.map(({ keyId, scheme, holder: held }) =>
        jsonObject({ keyId, scheme, holder: held && holderToJson(held) }),
      ),
      heldKeys: status.heldKeys.map((key) => jsonObject({ ...key })),
    }),
  );
}

/** Throws FormatError `json.*` or `bytes.utf8`. */
export function parseSignerStatus(bytes: Uint8Array): SignerStatus {
  const { answerSizeMax: sizeMax, depthMax } = doorLimits;
  return signerStatus(parseJson(bytes, { sizeMax, depthMax }), "status");
}

const roleStatus = object({
  role: string,
  version: natural,
  threshold: positive(),
  keyIds: list(string),
  signedAt: string,
  expires: string,
  dueAt: string,
  due: boolean,
  expired: boolean,
  offline: boolean,
  nextVersion: natural,
});

const keyStatus = object({ keyId: string, scheme: string, holder: optional(heldBy) });

const heldKeyStatus = object({ name: string, keyId: string, state: oneOf(heldKeyStates) });

const signerStatus = object({
  serial: natural,
  batch: natural,
  waiting: natural,
  projects: natural,
  bins: natural,
  clockBehindMs: natural,
  rootFingerprint: string,
  newestRootFingerprint: optional(string),
  roles: list(roleStatus),
  keys: list(keyStatus),
  heldKeys: list(heldKeyStatus),
});
