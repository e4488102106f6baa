/**
 * Bytes that are not what their specification allows. Codes are public API: they appear in HTTP bodies, command
 * output, logs, docs and tests. `at` says where in the document (a JSON path, an archive member, a line).
 */
export type FormatErrorCode =
  | "archive.absolute-name"
  | "archive.bomb"
  | "archive.compression"
  | "archive.corrupt"
  | "archive.device"
  | "archive.duplicate"
  | "archive.encrypted"
  | "archive.entries"
  | "archive.header-mismatch"
  | "archive.junk"
  | "archive.link"
  | "archive.name"
  | "archive.size"
  | "archive.traversal"
  | "bytes.base64"
  | "bytes.hex"
  | "bytes.instant"
  | "bytes.utf8"
  | "ceremony.malformed"
  | "config.map"
  | "config.toml"
  | "config.unknown-key"
  | "config.value"
  | "deny.malformed"
  | "filename.invalid"
  | "filename.project"
  | "json.depth"
  | "json.duplicate-member"
  | "json.number"
  | "json.size"
  | "json.string"
  | "json.syntax"
  | "json.type"
  | "key-card.key"
  | "key-file.parameters"
  | "metadata.encoding"
  | "metadata.field"
  | "metadata.missing"
  | "metadata.requires-python"
  | "metadata.size"
  | "metadata.version"
  | "options.invalid"
  | "page.api-version"
  | "page.limit"
  | "page.malformed"
  | "page.order"
  | "page.url"
  | "project-name.invalid"
  | "sdist.metadata"
  | "sdist.name"
  | "sdist.top-folder"
  | "sdist.version"
  | "ssh.malformed"
  | "tuf.envelope"
  | "tuf.holder"
  | "tuf.key"
  | "tuf.key-id"
  | "tuf.metadata"
  | "tuf.path-pattern"
  | "tuf.role-name"
  | "tuf.spec-version"
  | "tuf.threshold"
  | "tuf.type"
  | "tuf.version"
  | "version.invalid"
  | "wheel.dist-info"
  | "wheel.metadata"
  | "wheel.name"
  | "wheel.record"
  | "wheel.record-mismatch"
  | "wheel.version"
  | "wheel.wheel-file";

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
