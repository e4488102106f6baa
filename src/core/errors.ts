/**
 * The three ways in which well-formed input can be wrong, kept apart because each has another reader
 * (house style 3.5): `TrustError` for the person whose index or mirror lies, `RefusedError` for the person who asked
 * for what an honest rule forbids, `UnavailableError` for whoever may simply try again.
 */
import type { Instant } from "#formats/bytes/instant.ts";

export type TrustErrorCode =
  | "tuf.expired"
  | "tuf.hash"
  | "tuf.length"
  | "tuf.missing"
  | "tuf.rollback"
  | "tuf.delegations"
  | "tuf.threshold"
  | "tuf.version"
  | "anchor.changed"
  | "anchor.fingerprint"
  | "anchor.missing"
  | "page.mismatch"
  | "file.denied"
  | "file.hash"
  | "file.length"
  | "file.missing"
  | "file.not-listed"
  | "map.agreement"
  | "map.conflict"
  | "map.one-voice"
  | "map.unmapped";

/** What a victim can show to others: the values that contradict each other. */
export type Evidence = Readonly<Record<string, string | number | boolean | Instant>>;

export class TrustError extends Error {
  override readonly name = "TrustError";
  readonly code: TrustErrorCode;
  readonly evidence: Evidence;

  constructor(code: TrustErrorCode, message: string, evidence: Evidence = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.evidence = evidence;
  }
}

/** What a ceremony is refused for (`docs/spec/ceremony.md` says what each means). */
export type CeremonyCode =
  | "ceremony.current"
  | "ceremony.differs"
  | "ceremony.edit"
  | "ceremony.expiry"
  | "ceremony.floor"
  | "ceremony.holder"
  | "ceremony.incomplete"
  | "ceremony.input"
  | "ceremony.key-place"
  | "ceremony.key-twice"
  | "ceremony.key-unusable"
  | "ceremony.no-part"
  | "ceremony.output"
  | "ceremony.root-stuck"
  | "ceremony.shape"
  | "ceremony.signature"
  | "ceremony.signed-before"
  | "ceremony.threshold"
  | "ceremony.unconfirmed"
  | "ceremony.unknown-root"
  | "ceremony.version";

export type RefusedErrorCode =
  | CeremonyCode
  | "account.exists"
  | "account.unknown"
  | "agent.key-type"
  | "agent.no-key"
  | "agent.refused"
  | "agent.too-large"
  | "auth.forbidden"
  | "auth.invalid"
  | "auth.missing"
  | "auth.rate"
  | "change.id-reused"
  | "change.malformed"
  | "claim.refused"
  | "command.failed"
  | "command.not-executable"
  | "command.not-found"
  | "command.output"
  | "data-folder.in-use"
  | "data-folder.unusable"
  | "file.unknown"
  | "folder.unusable"
  | "key-file.ciphertext"
  | "key-file.exists"
  | "key-file.header"
  | "key-file.key"
  | "key.not-held"
  | "key.passphrase"
  | "key.passphrase-differs"
  | "key.passphrase-missing"
  | "key.passphrase-weak"
  | "key.signature"
  | "key.unusable"
  | "limit.files"
  | "listen.port-in-use"
  | "metadata.refused"
  | "project.archived"
  | "project.name-taken"
  | "project.quarantined"
  | "project.unknown"
  | "proxy.address"
  | "proxy.credentials"
  | "proxy.state"
  | "ready-file.unwritable"
  | "recovery.ceremony"
  | "recovery.choice"
  | "recovery.copy"
  | "recovery.done"
  | "recovery.key-kept"
  | "recovery.plan"
  | "recovery.restore-first"
  | "request.invalid"
  | "request.method"
  | "request.not-found"
  | "request.range"
  | "request.timeout"
  | "request.too-large"
  | "signer.not-initialised"
  | "token.unknown"
  | "upload.digest-mismatch"
  | "upload.filename"
  | "upload.filename-deleted"
  | "upload.filename-reused"
  | "upload.form"
  | "upload.stored-bytes"
  | "upload.too-large"
  | "upload.unknown";

export class RefusedError extends Error {
  override readonly name = "RefusedError";
  readonly code: RefusedErrorCode;

  constructor(code: RefusedErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

export type UnavailableErrorCode =
  | "agent.timeout"
  | "agent.unreachable"
  | "command.timeout"
  | "file.damaged"
  | "index.busy"
  | "index.unreachable"
  | "network.connect"
  | "network.credentials"
  | "network.idle"
  | "network.malformed"
  | "network.rate"
  | "network.redirect"
  | "network.silent"
  | "network.size"
  | "network.status"
  | "network.timeout"
  | "network.truncated"
  | "page.missing"
  | "program.died"
  | "program.silent"
  | "signer.fenced"
  | "signer.unreachable"
  | "storage.failed"
  | "storage.full";

export class UnavailableError extends Error {
  override readonly name = "UnavailableError";
  readonly code: UnavailableErrorCode;

  constructor(code: UnavailableErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** For what only a mistake in this program can break: crashes the process, which is what should happen. */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`Invariant broken: ${message}`);
}
