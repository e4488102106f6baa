/** What the signer says of itself at its door: every role's version and life, and how far publication has come. */
import { boolean, list, natural, object, string } from "#formats/json/decode.ts";
import { formatJson } from "#formats/json/format.ts";
import { parseJson } from "#formats/json/parse.ts";
import { jsonObject } from "#formats/json/value.ts";
import { doorLimits } from "./limits.ts";

export type RoleStatus = {
  /** A role's name; all bins together are "bins", with the highest version and the earliest times among them. */
  readonly role: string;
  readonly version: number;
  /** `YYYY-MM-DDTHH:MM:SSZ`. */
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
  readonly rootFingerprint: string;
  readonly roles: readonly RoleStatus[];
};

export function formatSignerStatus(status: SignerStatus): Uint8Array {
  return formatJson(
    jsonObject({ ...status, roles: status.roles.map((role) => jsonObject({ ...role })) }),
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
  expires: string,
  dueAt: string,
  due: boolean,
  expired: boolean,
  offline: boolean,
  nextVersion: natural,
});

const signerStatus = object({
  serial: natural,
  batch: natural,
  waiting: natural,
  projects: natural,
  bins: natural,
  clockBehindMs: natural,
  rootFingerprint: string,
  roles: list(roleStatus),
});
