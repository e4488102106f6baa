/**
 * Project names: what may be one (PEP 508, the core metadata's `Name`) and the one form in which two are compared
 * (PEP 503). Everything inside uses the normalised form; the brand has its only maker here.
 */
import { FormatError } from "#formats/format-error.ts";
import { projectNameLengthMax } from "./limits.ts";
import { quoteText } from "#formats/bytes/quote-text.ts";

declare const brand: unique symbol;

/** Normalised: lower-case ASCII letters and digits in runs joined by single dashes. */
export type ProjectName = string & { readonly [brand]: "ProjectName" };

const written = /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/;
const normalised = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;

/** Whether the text is a project name in its normalised form. */
export function isProjectName(text: string): text is ProjectName {
  return text.length <= projectNameLengthMax && normalised.test(text);
}

/** The normalised form of a name as people write it (`Zope.Interface` → `zope-interface`), or `project-name.invalid`. */
export function normaliseProjectName(text: string): ProjectName {
  if (text.length <= projectNameLengthMax && written.test(text)) {
    const name = text.replaceAll(/[-_.]+/g, "-").toLowerCase();
    if (isProjectName(name)) return name;
  }
  throw new FormatError(
    "project-name.invalid",
    `${quoteText(text)} is not a project name: use letters, digits, "-", "_" and ".", at most ${projectNameLengthMax}`,
  );
}
