/** `Requires-Python`: a version specifier (PEP 345, 440), with the forgiveness pip shows for a stray comma. */
import { validRange } from "@renovatebot/pep440";
import { quoteText } from "#formats/bytes/quote-text.ts";
import { FormatError } from "#formats/format-error.ts";
import { requiresPythonLengthMax } from "./limits.ts";

/** Throws `metadata.requires-python` unless the text is a list of version specifiers. */
export function checkRequiresPython(text: string): void {
  const clauses = text.split(",").filter((clause) => clause.trim() !== "");
  if (text.length <= requiresPythonLengthMax && clauses.every((clause) => validRange(clause)))
    return;
  throw new FormatError(
    "metadata.requires-python",
    `Requires-Python ${quoteText(text)} is not a version specifier as PEP 440 has it`,
  );
}
