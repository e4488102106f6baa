/**
 * Changes and their results as JSON: what travels through the door, and, in canonical form, what a change's id stands
 * for. Only the form is checked here; whether a change is allowed is the signer's to decide.
 */
import { canonicalJson } from "#formats/json/canonical.ts";
import { boolean, list, natural, object, optional, string } from "#formats/json/decode.ts";
import type { Decoder } from "#formats/json/decode.ts";
import { formatJson } from "#formats/json/format.ts";
import { parseJson } from "#formats/json/parse.ts";
import { jsonObject } from "#formats/json/value.ts";
import type { Json } from "#formats/json/value.ts";
import { isProjectName } from "#formats/python/project-name.ts";
import type { ProjectName } from "#formats/python/project-name.ts";
import { isProjectStatus } from "#formats/python/project-status.ts";
import type { ProjectStatus } from "#formats/python/project-status.ts";
import { FormatError } from "#formats/format-error.ts";
import type { Change, ChangeRefusedCode, ChangeResult, PagePointer } from "./change.ts";
import { doorLimits } from "./limits.ts";

/** Throws FormatError `json.*` or `bytes.utf8`. */
export function parseChange(bytes: Uint8Array): Change {
  const { changeSizeMax: sizeMax, depthMax } = doorLimits;
  return change(parseJson(bytes, { sizeMax, depthMax }), "change");
}

export function formatChange(value: Change): Uint8Array {
  return formatJson(changeToJson(value));
}

/** The same bytes for the same request: what an id is bound to. */
export function canonicalChange(value: Change): Uint8Array {
  return canonicalJson(changeToJson(value));
}

/** Throws FormatError `json.*` or `bytes.utf8`. */
export function parseChangeResult(bytes: Uint8Array): ChangeResult {
  const { requestSizeMax: sizeMax, depthMax } = doorLimits;
  return changeResult(parseJson(bytes, { sizeMax, depthMax }), "result");
}

export function formatChangeResult(result: ChangeResult): Uint8Array {
  const { id, outcome } = result;
  if (result.outcome === "refused") {
    return formatJson(jsonObject({ id, outcome, code: result.code, message: result.message }));
  }
  return formatJson(jsonObject({ id, outcome, page: pagePointerToJson(result.page) }));
}

/** The answer to `GET /v1/pages`. Throws FormatError `json.*` or `bytes.utf8`. */
export function parsePagePointers(bytes: Uint8Array): readonly PagePointer[] {
  const { answerSizeMax: sizeMax, depthMax } = doorLimits;
  return pages(parseJson(bytes, { sizeMax, depthMax }), "answer").pages;
}

export function formatPagePointers(pointers: readonly PagePointer[]): Uint8Array {
  return formatJson(jsonObject({ pages: pointers.map(pagePointerToJson) }));
}

function changeToJson(value: Change): Json {
  const { kind, id, project } = value;
  switch (value.kind) {
    case "add-file":
      return jsonObject({
        kind,
        id,
        project,
        filename: value.filename,
        version: value.version,
        sha256: value.sha256,
        size: value.size,
        uploadTime: value.uploadTime,
        requiresPython: value.requiresPython,
        coreMetadata: value.coreMetadata,
      });
    case "yank-file":
      return jsonObject({ kind, id, project, filename: value.filename, yanked: value.yanked });
    case "remove-file":
      return jsonObject({ kind, id, project, filename: value.filename });
    case "set-status":
      return jsonObject({ kind, id, project, status: value.status, reason: value.reason });
  }
}

function pagePointerToJson({ project, sha256, size, serial }: PagePointer): Json {
  return jsonObject({ project, sha256, size, serial });
}

const id: Decoder<string> = (value, at) => {
  const text = string(value, at);
  if (text !== "" && text.length <= doorLimits.idLengthMax) return text;
  throw wrong(`an id of 1 to ${doorLimits.idLengthMax} characters`, at);
};

const projectName: Decoder<ProjectName> = (value, at) => {
  const text = string(value, at);
  if (isProjectName(text)) return text;
  throw wrong("a normalised project name", at);
};

const projectStatus: Decoder<ProjectStatus> = (value, at) => {
  const text = string(value, at);
  if (isProjectStatus(text)) return text;
  throw wrong("a project status", at);
};

const yanked: Decoder<boolean | string> = (value, at) =>
  typeof value === "string" ? value : boolean(value, at);

const kind = object({ kind: string });

const addFile = object({
  id,
  project: projectName,
  filename: string,
  version: string,
  sha256: string,
  size: natural,
  uploadTime: string,
  requiresPython: optional(string),
  coreMetadata: optional(string),
});
const yankFile = object({ id, project: projectName, filename: string, yanked });
const removeFile = object({ id, project: projectName, filename: string });
const setStatus = object({
  id,
  project: projectName,
  status: projectStatus,
  reason: optional(string),
});

const change: Decoder<Change> = (value, at) => {
  const name = kind(value, at).kind;
  switch (name) {
    case "add-file":
      return { kind: name, ...addFile(value, at) };
    case "yank-file":
      return { kind: name, ...yankFile(value, at) };
    case "remove-file":
      return { kind: name, ...removeFile(value, at) };
    case "set-status":
      return { kind: name, ...setStatus(value, at) };
    default:
      throw wrong("a kind of change", `${at}.kind`);
  }
};

const pagePointer = object({
  project: projectName,
  sha256: string,
  size: natural,
  serial: natural,
});
const pages = object({ pages: list(pagePointer) });

const refusedCodes: ReadonlySet<string> = new Set<ChangeRefusedCode>([
  "change.malformed",
  "change.id-reused",
  "upload.filename",
  "upload.filename-deleted",
  "upload.filename-reused",
  "upload.stored-bytes",
  "project.archived",
  "project.quarantined",
  "project.unknown",
  "file.unknown",
  "limit.files",
]);

function isRefusedCode(text: string): text is ChangeRefusedCode {
  return refusedCodes.has(text);
}

const refusedCode: Decoder<ChangeRefusedCode> = (value, at) => {
  const text = string(value, at);
  if (isRefusedCode(text)) return text;
  throw wrong("a code of refusal", at);
};

const published = object({ id, page: pagePointer });
const refused = object({ id, code: refusedCode, message: string });
const outcome = object({ outcome: string });

const changeResult: Decoder<ChangeResult> = (value, at) => {
  const name = outcome(value, at).outcome;
  if (name === "published") return { outcome: name, ...published(value, at) };
  if (name === "refused") return { outcome: name, ...refused(value, at) };
  throw wrong("an outcome", `${at}.outcome`);
};

function wrong(expected: string, at: string): FormatError {
  return new FormatError("json.type", `Cannot read JSON: expected ${expected}`, at);
}
