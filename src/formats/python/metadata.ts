/**
 * Core metadata: METADATA of wheels, PKG-INFO of sdists (core metadata specification; PEP 241, 314, 345, 566, 643,
 * 685, 639, 794). Read as Python's own e-mail parser reads it, so that pip and this index see the same fields: headers
 * up to the first line that is none, folded lines, then the description.
 */
import { quoteText } from "#formats/bytes/quote-text.ts";
import { parseUtf8 } from "#formats/bytes/utf8.ts";
import { FormatError } from "#formats/format-error.ts";
import { metadataLimits } from "./limits.ts";
import { normaliseProjectName } from "./project-name.ts";
import type { ProjectName } from "./project-name.ts";
import { checkRequiresPython } from "./requires-python.ts";
import { isVersion, normaliseVersion } from "./version.ts";

export type CoreMetadata = {
  readonly metadataVersion: string;
  /** As written. */
  readonly name: string;
  readonly project: ProjectName;
  /** Normalised. */
  readonly version: string;
  readonly summary?: string;
  readonly description?: string;
  readonly descriptionContentType?: string;
  readonly requiresPython?: string;
  readonly requiresDist: readonly string[];
  readonly providesExtra: readonly string[];
  readonly classifiers: readonly string[];
  readonly keywords?: string;
  readonly homePage?: string;
  /** Label and address; a label named twice keeps its first. */
  readonly projectUrls: ReadonlyMap<string, string>;
  readonly author?: string;
  readonly authorEmail?: string;
  readonly maintainer?: string;
  readonly maintainerEmail?: string;
  readonly license?: string;
  readonly licenseExpression?: string;
};

/** Field names in lower case to their values in order. */
export type HeaderFields = ReadonlyMap<string, readonly string[]>;

export type HeaderDocument = { readonly fields: HeaderFields; readonly body: string };

// 2.0 was never accepted as a standard, but wheels of 2013 to 2018 say it.
const metadataVersions: ReadonlySet<string> = new Set([
  "1.0",
  "1.1",
  "1.2",
  "2.0",
  "2.1",
  "2.2",
  "2.3",
  "2.4",
  "2.5",
]);

/** FormatError `metadata.*`. */
export function parseCoreMetadata(bytes: Uint8Array): CoreMetadata {
  const { fields, body } = parseHeaderDocument(bytes);
  const metadataVersion = required(fields, "Metadata-Version");
  if (!metadataVersions.has(metadataVersion)) {
    throw new FormatError(
      "metadata.version",
      `Metadata-Version ${quoteText(metadataVersion)} is not known`,
    );
  }
  const name = required(fields, "Name");
  const version = required(fields, "Version");
  if (!isVersion(version)) throw badField("Version", version, "is not a version as PEP 440 has it");
  const requiresPython = single(fields, "Requires-Python");
  if (requiresPython !== undefined) checkRequiresPython(requiresPython);
  return {
    metadataVersion,
    name,
    project: projectOf(name),
    version: normaliseVersion(version),
    ...optionalField("summary", single(fields, "Summary")),
    ...optionalField("description", descriptionOf(fields, body)),
    ...optionalField("descriptionContentType", first(fields, "Description-Content-Type")),
    ...optionalField("requiresPython", requiresPython),
    requiresDist: all(fields, "Requires-Dist"),
    providesExtra: all(fields, "Provides-Extra"),
    classifiers: all(fields, "Classifier"),
    ...optionalField("keywords", first(fields, "Keywords")),
    ...optionalField("homePage", first(fields, "Home-page")),
    projectUrls: projectUrlsOf(all(fields, "Project-URL")),
    ...optionalField("author", first(fields, "Author")),
    ...optionalField("authorEmail", first(fields, "Author-email")),
    ...optionalField("maintainer", first(fields, "Maintainer")),
    ...optionalField("maintainerEmail", first(fields, "Maintainer-email")),
    ...optionalField("license", first(fields, "License")),
    ...optionalField("licenseExpression", first(fields, "License-Expression")),
  };
}

/** Headers and what follows them; also the form of a wheel's WHEEL file. `metadata.size`, `metadata.encoding`. */
export function parseHeaderDocument(bytes: Uint8Array): HeaderDocument {
  if (bytes.length > metadataLimits.sizeMax) {
    throw new FormatError(
      "metadata.size",
      `Metadata has more than ${metadataLimits.sizeMax} bytes`,
    );
  }
  const text = decodeText(bytes);
  const fields = new Map<string, string[]>();
  let last: string[] | undefined;
  let position = 0;
  for (let count = 0; position < text.length; count += 1) {
    const end = lineEnd(text, position);
    const line = text.slice(position, end.start);
    const isFolded = /^[ \t]/.test(line) && last !== undefined;
    const name = isFolded ? undefined : /^([!-9;-~]+):/.exec(line)?.[1]?.toLowerCase();
    if (isFolded) {
      last?.push(`${last.pop() ?? ""}\n${line}`);
    } else if (name !== undefined) {
      last = fields.get(name) ?? [];
      last.push(line.slice(name.length + 1));
      fields.set(name, last);
    } else {
      // The blank line between headers and body belongs to neither.
      return { fields, body: text.slice(line === "" ? end.next : position) };
    }
    if (count >= metadataLimits.headerLinesMax || line.length > metadataLimits.lineLengthMax) {
      throw new FormatError("metadata.size", "Metadata has too many headers, or too long ones");
    }
    position = end.next;
  }
  return { fields, body: "" };
}

/** Lines end with LF, CR LF or CR. */
function lineEnd(text: string, from: number): { readonly start: number; readonly next: number } {
  const lineBreak = /\r\n|\r|\n/g;
  lineBreak.lastIndex = from;
  const match = lineBreak.exec(text);
  if (match === null) return { start: text.length, next: text.length };
  return { start: match.index, next: lineBreak.lastIndex };
}

function decodeText(bytes: Uint8Array): string {
  try {
    return parseUtf8(bytes);
  } catch {
    throw new FormatError("metadata.encoding", "Metadata is not UTF-8");
  }
}

/** Values on one line, without the `UNKNOWN` that old tools wrote for nothing. */
function all(fields: HeaderFields, name: string): readonly string[] {
  return (fields.get(name.toLowerCase()) ?? [])
    .map((value) => value.replaceAll(/\s*\n\s*/g, " ").trim())
    .filter((value) => value !== "" && value !== "UNKNOWN");
}

function first(fields: HeaderFields, name: string): string | undefined {
  return all(fields, name)[0];
}

/** A field that decides something: said twice, readers could take either. */
function single(fields: HeaderFields, name: string): string | undefined {
  const [value, second] = all(fields, name);
  if (second !== undefined) throw badField(name, second, "is there twice");
  if (value !== undefined && /\p{Cc}/u.test(value)) {
    throw badField(name, value, "has control characters");
  }
  return value;
}

function required(fields: HeaderFields, name: string): string {
  const value = single(fields, name);
  if (value !== undefined) return value;
  throw new FormatError("metadata.missing", `Metadata has no ${name}`);
}

function projectOf(name: string): ProjectName {
  try {
    return normaliseProjectName(name);
  } catch {
    throw badField("Name", name, "is not a project name");
  }
}

/** The body, or in metadata before 2.1 a header folded with eight blanks or `|`. */
function descriptionOf(fields: HeaderFields, body: string): string | undefined {
  if (body.trim() !== "") return body;
  const folded = fields.get("description")?.[0];
  if (folded === undefined || folded.trim() === "UNKNOWN") return undefined;
  return folded.replaceAll(/\n(?: {7}\||(?: {8}|\t))/g, "\n").trim();
}

function projectUrlsOf(values: readonly string[]): ReadonlyMap<string, string> {
  const urls = new Map<string, string>();
  for (const value of values) {
    const comma = value.indexOf(",");
    const label = value.slice(0, Math.max(comma, 0)).trim();
    if (comma !== -1 && !urls.has(label)) urls.set(label, value.slice(comma + 1).trim());
  }
  return urls;
}

function optionalField<Name extends string>(
  name: Name,
  value: string | undefined,
): { readonly [Key in Name]?: string } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [Key in Name]: string });
}

function badField(name: string, value: string, reason: string): FormatError {
  return new FormatError("metadata.field", `${name} ${quoteText(value)} in the metadata ${reason}`);
}
