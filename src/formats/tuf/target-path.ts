/** Where a target's bytes lie below the targets address (specification 5.7.3). */

/** `a/b` with a hash → `a/HASH.b`: the prefix goes on the last part only. */
export function hashedTargetPath(path: string, hash: string): string {
  const slash = path.lastIndexOf("/");
  return `${path.slice(0, slash + 1)}${hash}.${path.slice(slash + 1)}`;
}
