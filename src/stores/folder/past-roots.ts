/** The roots before the one in force, as the public tree keeps them, for a ceremony file. */
import { ceremonyLimits } from "#formats/ceremony/limits.ts";
import { publicRolePath } from "#core/tuf/layout.ts";
import { clientLimits } from "#core/tuf/limits.ts";
import { openFolderPublicTree } from "./public-tree.ts";

/** For holders who have missed some ceremonies: with these, the root in force follows from the one they saw. */
export async function rootsBefore(
  version: number,
  publicTree: string,
): Promise<readonly Uint8Array[]> {
  const tree = openFolderPublicTree(publicTree);
  const roots: Uint8Array[] = [];
  for (
    let before = version - 1;
    before >= Math.max(1, version - ceremonyLimits.rootsMax);
    before--
  ) {
    const bytes = await tree.read(publicRolePath("root", before), clientLimits.rootSizeMax);
    if (bytes === undefined) break;
    roots.unshift(bytes);
  }
  return roots;
}
