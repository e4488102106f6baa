/** Files of a tree that another machine made: read no further than a client would, and what is wrong is a fault. */
import { FormatError } from "#formats/format-error.ts";
import { TrustError } from "#core/errors.ts";
import type { PublicTree } from "#core/publication/public-tree.ts";

/** Where the copy lies. */
export type TreeReader = Pick<PublicTree, "read" | "readSize">;

/** Something of the tree that does not verify, or is not there. */
export type TreeFault = {
  /** A role's or a page's name. */
  readonly what: string;
  readonly code: string;
  readonly reason: string;
};

/** The copy is another machine's: no file of it is read further than a client would. Throws TrustError. */
export async function readBounded(
  tree: TreeReader,
  path: string,
  sizeMax: number,
): Promise<Uint8Array> {
  const size = await tree.readSize(path);
  if (size !== undefined && size > sizeMax) {
    const sentence = `Cannot use ${path}: it has ${size} bytes, more than ${sizeMax}`;
    throw new TrustError("tuf.length", sentence, { file: path, sizeMax, size });
  }
  const bytes = size === undefined ? undefined : await tree.read(path, sizeMax);
  if (bytes !== undefined) return bytes;
  throw new TrustError("tuf.missing", `Cannot use ${path}: it is not there`, { file: path });
}

export function faultOf(what: string, error: unknown): TreeFault {
  if (error instanceof TrustError || error instanceof FormatError) {
    return { what, code: error.code, reason: error.message };
  }
  throw error;
}

export function isRefusal(error: unknown): boolean {
  return error instanceof TrustError || error instanceof FormatError;
}
