/** Rows of the index's database as the values of core, and back. A row that cannot be one is a damaged database. */
import { isProjectRole, type ProjectRole } from "#core/accounts/permissions.ts";
import { isTokenAction, type Token } from "#core/accounts/token.ts";
import type { Account } from "#core/accounts/account.ts";
import { invariant } from "#core/errors.ts";
import type {
  ChangeOutcome,
  FileEntry,
  FileState,
  OutboxEntry,
  ProjectEntry,
} from "#core/releases/catalogue.ts";
import { formatUtf8, parseUtf8 } from "#formats/bytes/utf8.ts";
import { formatChange, parseChange, parseChangeResult } from "#formats/door/change-json.ts";
import type { Change, PagePointer } from "#formats/door/change.ts";
import { formatJson } from "#formats/json/format.ts";
import { jsonObject } from "#formats/json/value.ts";
import { isProjectName, type ProjectName } from "#formats/python/project-name.ts";
import { isProjectStatus } from "#formats/python/project-status.ts";
import type {
  AccountRow,
  FileRow,
  OutboxRow,
  PageRow,
  ProjectRow,
  TokenRow,
} from "./index-tables.ts";

export function accountOfRow(row: AccountRow): Account {
  return { id: row.id, name: row.name, createdAt: new Date(row.created_at) };
}

export function tokenOfRow(row: TokenRow & { account_name: string }): Token {
  return {
    id: row.id,
    accountId: row.account_id,
    accountName: row.account_name,
    label: row.label,
    actions: row.actions.split(" ").filter(isTokenAction),
    ...(row.projects !== null && { projects: row.projects.split(" ").filter(isProjectName) }),
    createdAt: new Date(row.created_at),
    ...(row.expires_at !== null && { expiresAt: new Date(row.expires_at) }),
    ...(row.revoked_at !== null && { revokedAt: new Date(row.revoked_at) }),
  };
}

export function tokenRow(token: Token, hash: string): TokenRow {
  return {
    id: token.id,
    account_id: token.accountId,
    label: token.label,
    hash,
    actions: token.actions.join(" "),
    projects: token.projects?.join(" ") ?? null,
    created_at: token.createdAt.toISOString(),
    expires_at: token.expiresAt?.toISOString() ?? null,
    revoked_at: token.revokedAt?.toISOString() ?? null,
  };
}

export function projectNameOfRow(text: string): ProjectName {
  invariant(isProjectName(text), "the database holds normalised project names");
  return text;
}

export function projectRoleOfRow(text: string): ProjectRole {
  invariant(isProjectRole(text), "the database holds roles it was given");
  return text;
}

export function projectOfRow(row: ProjectRow): ProjectEntry {
  invariant(isProjectStatus(row.status), "the database holds project statuses it was given");
  return {
    name: projectNameOfRow(row.name),
    status: row.status,
    ...(row.status_reason !== null && { statusReason: row.status_reason }),
    createdAt: new Date(row.created_at),
  };
}

export function fileOfRow(row: FileRow): FileEntry {
  const { kind, state } = row;
  invariant(kind === "wheel" || kind === "sdist", "the database holds wheels and sdists");
  invariant(isFileState(state), "the database holds file states it was given");
  return {
    filename: row.filename,
    project: projectNameOfRow(row.project),
    version: row.version,
    kind,
    sha256: row.sha256,
    ...(row.blake2b256 !== null && { blake2b256: row.blake2b256 }),
    ...(row.md5 !== null && { md5: row.md5 }),
    size: row.size,
    uploadTime: row.upload_time,
    ...(row.requires_python !== null && { requiresPython: row.requires_python }),
    ...(row.core_metadata !== null && { coreMetadata: row.core_metadata }),
    summary: row.summary,
    yanked: row.yanked === null ? false : row.yanked === "" ? true : row.yanked,
    state,
    ...(row.uploaded_by !== null && { uploadedBy: row.uploaded_by }),
  };
}

export function fileRow(file: FileEntry): FileRow {
  return {
    filename: file.filename,
    project: file.project,
    version: file.version,
    kind: file.kind,
    sha256: file.sha256,
    blake2b256: file.blake2b256 ?? null,
    md5: file.md5 ?? null,
    size: file.size,
    upload_time: file.uploadTime,
    requires_python: file.requiresPython ?? null,
    core_metadata: file.coreMetadata ?? null,
    summary: file.summary,
    yanked: yankedColumn(file.yanked),
    state: file.state,
    uploaded_by: file.uploadedBy ?? null,
  };
}

export function yankedColumn(yanked: boolean | string): string | null {
  return yanked === false ? null : yanked === true ? "" : yanked;
}

function isFileState(text: string): text is FileState {
  return text === "pending" || text === "published" || text === "deleted" || text === "purged";
}

export function changeText(change: Change): string {
  return parseUtf8(formatChange(change));
}

export function outboxEntryOfRow(
  row: Pick<OutboxRow, "change" | "message" | "outcome" | "purge">,
): OutboxEntry {
  const change = parseChange(formatUtf8(row.change));
  return {
    change,
    purge: row.purge === 1,
    ...(row.outcome !== null && { outcome: outcomeOfRow(change.id, row.outcome, row.message) }),
  };
}

function outcomeOfRow(id: string, outcome: string, message: string | null): ChangeOutcome {
  if (outcome === "published") return { kind: "published" };
  // Through the door's own reader, which knows the codes.
  const result = parseChangeResult(
    formatJson(jsonObject({ id, outcome: "refused", code: outcome, message: message ?? "" })),
  );
  invariant(result.outcome === "refused", "an outcome is one of two");
  return { kind: "refused", code: result.code, message: result.message };
}

export function pagePointerOfRow(row: PageRow): PagePointer {
  return { ...row, project: projectNameOfRow(row.project) };
}
