/**
 * Bytes that are not what their specification allows. Codes are public API: they appear in HTTP bodies, command
 * output, logs, docs and tests. `at` says where in the document (a JSON path, an archive member, a line).
 */
export type FormatErrorCode =
  | "bytes.base64"
  | "bytes.hex"
  | "bytes.instant"
  | "bytes.utf8"
  | "config.toml"
  | "config.unknown-key"
  | "config.value"
  | "json.depth"
  | "json.duplicate-member"
  | "json.number"
  | "json.size"
  | "json.string"
  | "json.syntax"
  | "json.type"
  | "tuf.envelope"
  | "tuf.key"
  | "tuf.key-id"
  | "tuf.metadata"
  | "tuf.path-pattern"
  | "tuf.role-name"
  | "tuf.spec-version"
  | "tuf.threshold"
  | "tuf.type"
  | "tuf.version";

export class FormatError extends Error {
  override readonly name = "FormatError";
  readonly code: FormatErrorCode;
  readonly at: string;

  constructor(code: FormatErrorCode, message: string, at = "") {
    super(at === "" ? message : `${message} (at ${at})`);
    this.code = code;
    this.at = at;
  }
}
