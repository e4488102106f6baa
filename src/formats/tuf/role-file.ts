/**
 * Role names and the files they live in. Names come from signed files but are still not paths: in URLs and on disk
 * they are percent-encoded with nothing left that means something to either (as Python's `quote(name, safe="")`).
 */
import { FormatError } from "#formats/format-error.ts";
import { string } from "#formats/json/decode.ts";
import type { Decoder } from "#formats/json/decode.ts";

/** Quoted; with a version before and `.json` behind, every file system takes it. */
const quotedSizeMax = 220;

const topLevelNames: ReadonlySet<string> = new Set(["root", "snapshot", "targets", "timestamp"]);

/** The name of a delegated role. Throws FormatError `tuf.role-name` for empty, over-long and top-level names. */
export const delegatedRoleName: Decoder<string> = (value, at) => {
  const name = string(value, at);
  const good = name !== "" && !topLevelNames.has(name) && name.length <= quotedSizeMax;
  if (!good || quoteRoleName(name).length > quotedSizeMax) {
    throw new FormatError("tuf.role-name", "Cannot read delegation: a bad role name", at);
  }
  return name;
};

/** `a/b` → `a%2Fb`. */
export function quoteRoleName(name: string): string {
  // encodeURIComponent leaves five characters more than RFC 3986 calls unreserved.
  return encodeURIComponent(name).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** `VERSION.ROLE.json`, or `ROLE.json` without a version (timestamp, and repositories without consistent snapshots). */
export function roleFileName(name: string, version?: number): string {
  const file = `${quoteRoleName(name)}.json`;
  return version === undefined ? file : `${version}.${file}`;
}
