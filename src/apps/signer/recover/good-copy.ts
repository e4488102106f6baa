/** The good copy and everything it is compared with, opened. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { FormatError } from "#formats/format-error.ts";
import type { RecoveryPlan } from "#formats/recovery/recovery-plan.ts";
import { RefusedError, TrustError, invariant } from "#core/errors.ts";
import { openIfVerified } from "#core/recovery/compare-trees.ts";
import type { ComparedPorts } from "#core/recovery/compare-trees.ts";
import { openCopiedTree } from "#core/recovery/copied-tree.ts";
import type { CopiedTree } from "#core/recovery/copied-tree.ts";
import type { TreeFault } from "#core/recovery/tree-reader.ts";
import { findCopiedTree, openCopiedFolder } from "#stores/folder/copied-tree.ts";
import { openFileBringer, openFileCopies } from "#stores/folder/file-copies.ts";
import type { FileBringer } from "#core/recovery/file-copies.ts";
import type { PlanOptions } from "./options.ts";
import type { RecoveryWorld } from "./recovery-world.ts";

export type GoodCopy = {
  readonly ports: ComparedPorts;
  /** Why the public tree of now is not compared. */
  readonly publicFault?: TreeFault;
  /** undefined: the copy holds no files. */
  readonly bringer?: FileBringer;
  /** Our own files. */
  readonly plan: NonNullable<RecoveryPlan["good"]>;
};

const rootSizeMax = 512_000;

/** The anchor: what the operator names, else what this index began with. */
export async function readGoodRoot(
  { store }: Pick<RecoveryWorld, "store">,
  { goodRoot }: Pick<PlanOptions, "goodRoot">,
): Promise<Uint8Array> {
  if (goodRoot === undefined) {
    const first = await store.readRoleFile("root", 1);
    invariant(first !== undefined, "the store holds the first root");
    return first;
  }
  try {
    const bytes = new Uint8Array(await readFile(goodRoot));
    if (bytes.byteLength <= rootSizeMax) return bytes;
    throw new RefusedError("recovery.copy", `Cannot use ${goodRoot}: it is too large for a root`);
  } catch (error) {
    if (error instanceof RefusedError || !(error instanceof Error && "code" in error)) throw error;
    throw new RefusedError("recovery.copy", `Cannot use ${goodRoot}: ${error.message}`);
  }
}

/** Throws RefusedError `recovery.copy` for a copy that does not verify, with the client's own reason. */
export async function openGoodCopy(
  { data, publicTree, store }: RecoveryWorld,
  plan: NonNullable<RecoveryPlan["good"]>,
  checkFiles: boolean,
): Promise<GoodCopy> {
  const root = findCopiedTree(plan.copy);
  const copyReader = openCopiedFolder(root);
  const copy = await openVerified(plan.copy, () =>
    openCopiedTree(copyReader, plan.root, { olderRoots: true }),
  );
  const shown = await openIfVerified(() =>
    openCopiedTree(publicTree, plan.root, { olderRoots: false }),
  );
  // Beside tuf/, or beside public/ as in a data folder.
  const files = [join(root, "files"), join(plan.copy, "files")].find((path) => existsSync(path));
  return {
    ports: {
      store,
      copy,
      copyReader,
      publishedReader: publicTree,
      published: shown.tree,
      ...(checkFiles && {
        ownFiles: openFileCopies(data.files),
        ...(files !== undefined && { copyFiles: openFileCopies(files) }),
      }),
    },
    ...(shown.fault && { publicFault: shown.fault }),
    ...(files !== undefined && { bringer: openFileBringer(files, data.files) }),
    plan,
  };
}

async function openVerified(folder: string, open: () => Promise<CopiedTree>): Promise<CopiedTree> {
  try {
    return await open();
  } catch (error) {
    if (!(error instanceof TrustError || error instanceof FormatError)) throw error;
    throw new RefusedError(
      "recovery.copy",
      `Cannot use ${folder} as a good copy: ${error.message} [${error.code}]. Name the root it was made under with --good-root, or another copy`,
    );
  }
}
