/** File names for text that comes from signed files and is still not a path: role names, target paths. */
import { sha256Hex } from "#crypto/hash.ts";
import { formatUtf8 } from "#formats/bytes/utf8.ts";
import { quoteRoleName } from "#formats/tuf/role-file.ts";

/** Of 255, with room for an ending and for what stands behind a name while its file is written. */
const nameSizeMax = 200;

/** `a/b` → `a%2Fb`, or the hash of what no file system would take; no two texts have one name. */
export function quotedName(text: string): string {
  // A dot at the beginning hides a file, and two alone would be the folder above.
  const name = quoteRoleName(text).replace(/^\./, "%2E");
  if (name !== "" && name.length <= nameSizeMax) return name;
  // Quoting leaves no "=", so nobody can choose a text that is called like this.
  return `sha256=${sha256Hex(formatUtf8(text))}`;
}
