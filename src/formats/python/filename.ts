/**
 * File names of wheels (PEP 427, the binary distribution specification) and sdists (PEP 625 and what came before it).
 * New files have normalised names; many real ones do not (`PyYAML-6.0.1.tar.gz`, `zope.interface-5.0.tar.gz`), so
 * the name is compared after normalisation and never required to be written in it.
 */
import { FormatError } from "#formats/format-error.ts";
import { filenameLengthMax } from "./limits.ts";
import { normaliseProjectName } from "./project-name.ts";
import type { ProjectName } from "./project-name.ts";
import { quoteText } from "#formats/bytes/quote-text.ts";
import { normalVersionOf } from "./version.ts";

export type WheelFilename = {
  readonly kind: "wheel";
  readonly filename: string;
  readonly project: ProjectName;
  /** Normalised. */
  readonly version: string;
  readonly build?: string;
  readonly pythonTag: string;
  readonly abiTag: string;
  readonly platformTag: string;
};

export type SdistFilename = {
  readonly kind: "sdist";
  readonly filename: string;
  readonly project: ProjectName;
  /** Normalised. */
  readonly version: string;
  readonly format: "tar.gz" | "zip";
};

export type DistributionFilename = WheelFilename | SdistFilename;

// No slash, blank, control or leading dot: the name becomes a path, a URL and a line in a log.
const safeCharacters = /^[A-Za-z0-9][A-Za-z0-9._+!-]*$/;
/** One tag, or a compressed set of them (PEP 425), none of them empty. */
const wheelTag = /^[A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*$/;

/**
 * What a file name says. With `project`, an sdist's name is cut where that project's name ends; without, at the last
 * dash that is followed by a version. Throws `filename.invalid`, or `filename.project` when it is another project's.
 */
export function parseDistributionFilename(
  filename: string,
  project?: ProjectName,
): DistributionFilename {
  if (filename.length > filenameLengthMax) {
    throw invalid(filename, `it is longer than ${filenameLengthMax} characters`);
  }
  if (!safeCharacters.test(filename)) {
    throw invalid(filename, 'only ASCII letters, digits and ".", "_", "-", "+", "!" are allowed');
  }
  const parsed = filename.endsWith(".whl")
    ? parseWheelFilename(filename)
    : parseSdistFilename(filename, project);
  if (project !== undefined && parsed.project !== project) {
    throw new FormatError(
      "filename.project",
      `File name ${quoteText(filename)} does not start with the name of project ${quoteText(project)}`,
    );
  }
  return parsed;
}

function parseWheelFilename(filename: string): WheelFilename {
  const parts = filename.slice(0, -".whl".length).split("-");
  const [name = "", version = ""] = parts;
  const [pythonTag = "", abiTag = "", platformTag = ""] = parts.slice(-3);
  const build = parts.length === 6 ? parts[2] : undefined;
  if (parts.length < 5 || parts.length > 6 || parts.includes("")) {
    throw invalid(filename, "a wheel is name-version(-build)-python-abi-platform.whl");
  }
  if (build !== undefined && !/^[0-9]/.test(build)) {
    throw invalid(filename, "a wheel's build tag starts with a digit");
  }
  if ([pythonTag, abiTag, platformTag].some((tag) => !wheelTag.test(tag))) {
    throw invalid(filename, "a wheel's tags are letters, digits and underscores, joined by dots");
  }
  return {
    kind: "wheel",
    filename,
    project: nameIn(filename, name),
    version: wheelVersionIn(filename, version),
    ...(build !== undefined && { build }),
    pythonTag,
    abiTag,
    platformTag,
  };
}

function parseSdistFilename(filename: string, project: ProjectName | undefined): SdistFilename {
  const format = filename.endsWith(".tar.gz") ? "tar.gz" : "zip";
  if (!filename.endsWith(`.${format}`)) {
    throw invalid(filename, "only .whl, .tar.gz and .zip are accepted");
  }
  const stem = filename.slice(0, -`.${format}`.length);
  for (let dash = stem.lastIndexOf("-"); dash > 0; dash = stem.lastIndexOf("-", dash - 1)) {
    const version = normalVersionOf(stem.slice(dash + 1));
    if (version === undefined) continue;
    const name = nameIn(filename, stem.slice(0, dash));
    if (project !== undefined && name !== project) continue;
    return { kind: "sdist", filename, project: name, version, format };
  }
  if (project !== undefined) {
    throw new FormatError(
      "filename.project",
      `File name ${quoteText(filename)} is not ${quoteText(project)}, a dash and a version`,
    );
  }
  throw invalid(filename, "an sdist is name-version.tar.gz or name-version.zip");
}

function nameIn(filename: string, name: string): ProjectName {
  try {
    return normaliseProjectName(name);
  } catch {
    throw invalid(filename, `${quoteText(name)} is not a project name`);
  }
}

/** PEP 427 writes "_" for "-", so an implicit post release 1.0-1 arrives as 1.0_1. */
function wheelVersionIn(filename: string, text: string): string {
  const version = normalVersionOf(text) ?? normalVersionOf(text.replaceAll("_", "-"));
  if (version !== undefined) return version;
  throw invalid(filename, `${quoteText(text)} is not a version`);
}

function invalid(filename: string, reason: string): FormatError {
  return new FormatError("filename.invalid", `Invalid file name ${quoteText(filename)}: ${reason}`);
}
