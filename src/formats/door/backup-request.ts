/** A wish for a copy of the signer's database, in a folder on the signer's own machine. */
import { object, string } from "#formats/json/decode.ts";
import { formatJson } from "#formats/json/format.ts";
import { parseJson } from "#formats/json/parse.ts";
import { jsonObject } from "#formats/json/value.ts";
import { doorLimits } from "./limits.ts";

export type BackupRequest = {
  /** Absolute. */
  readonly dir: string;
};

export function formatBackupRequest(request: BackupRequest): Uint8Array {
  return formatJson(jsonObject({ dir: request.dir }));
}

/** Throws FormatError `json.*` or `bytes.utf8`. */
export function parseBackupRequest(bytes: Uint8Array): BackupRequest {
  const { requestSizeMax: sizeMax, depthMax } = doorLimits;
  return backupRequest(parseJson(bytes, { sizeMax, depthMax }), "request");
}

const backupRequest = object({ dir: string });
