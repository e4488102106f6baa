/**
 * The deny list (docs/spec/deny.md): what the index has taken back. Read whole or not at all, because a list that was
 * half understood would let through what it names.
 */
import { parseInstant } from "#formats/bytes/instant.ts";
import { FormatError } from "#formats/format-error.ts";
import { list, object, optional, string } from "#formats/json/decode.ts";
import type { Decoder } from "#formats/json/decode.ts";
import { formatJson } from "#formats/json/format.ts";
import { parseJson } from "#formats/json/parse.ts";
import { jsonObject } from "#formats/json/value.ts";
import { isProjectName } from "#formats/python/project-name.ts";
import type { ProjectName } from "#formats/python/project-name.ts";

export type Denial = {
  readonly project: ProjectName;
  /** Without it the whole project is denied. */
  readonly filename?: string;
  /** For people. */
  readonly reason: string;
  /** `YYYY-MM-DDTHH:MM:SSZ`. */
  readonly time: string;
};

export type DenyList = readonly Denial[];

export const denyListLimits = {
  /** 4 MiB. */
  sizeMax: 4_194_304,
  depthMax: 8,
  entriesMax: 20_000,
  filenameLengthMax: 256,
  reasonLengthMax: 500,
} as const;

/** Throws FormatError `deny.malformed`, or `json.*` and `bytes.*` from below. */
export function parseDenyList(bytes: Uint8Array): DenyList {
  const { deny } = document(parseJson(bytes, denyListLimits), "");
  if (deny.length > denyListLimits.entriesMax) {
    throw malformed(`more than ${denyListLimits.entriesMax} entries`, "deny");
  }
  return deny;
}

/** The list's bytes, in the order of the specification. */
export function formatDenyList(denials: DenyList): Uint8Array {
  const deny = denials
    .toSorted(
      (a, b) => compare(a.project, b.project) || compare(a.filename ?? "", b.filename ?? ""),
    )
    .map(({ project, filename, reason, time }) => jsonObject({ project, filename, reason, time }));
  return formatJson(jsonObject({ deny }));
}

const projectName: Decoder<ProjectName> = (value, at) => {
  const name = string(value, at);
  if (!isProjectName(name)) throw malformed("not a normalised project name", at);
  return name;
};

const filename: Decoder<string> = (value, at) => {
  const text = string(value, at);
  if (text.length > denyListLimits.filenameLengthMax || !/^[\x21-\x2e\x30-\x7e]+$/.test(text)) {
    throw malformed("not a file name", at);
  }
  return text;
};

const reason: Decoder<string> = (value, at) => {
  const text = string(value, at);
  if (text === "" || text.length > denyListLimits.reasonLengthMax || /\p{Cc}/u.test(text)) {
    throw malformed("not a reason of one line", at);
  }
  return text;
};

const time: Decoder<string> = (value, at) => parseInstant(string(value, at), at).text;

const document = object({
  deny: list(object({ project: projectName, filename: optional(filename), reason, time })),
});

function compare(left: string, right: string): number {
  return left < right ? -1 : Number(left > right);
}

function malformed(what: string, at: string): FormatError {
  return new FormatError("deny.malformed", `Cannot read deny list: ${what}`, at);
}
